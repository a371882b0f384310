// Administrators with names of their own. Tokens are kept as digests.

import type { AdminRole } from "../entities/administrator.ts";
import type { PageWish, RegistryPage } from "./registry-store.ts";

/** `created` and `ends` are epoch ms; from `ends` on the token opens nothing, null: no end. */
export interface NamedAdministrator {
  name: string;
  role: AdminRole;
  created: number;
  ends: number | null;
}

/** "last": nobody would be left who may let others in. */
export type AdministratorChanged = "changed" | "missing" | "last";

/** Each change is one statement: of two who change the same, one comes after the other. */
export interface AdministratorStore {
  byDigest(digest: string): Promise<NamedAdministrator | null>;
  byName(name: string): Promise<NamedAdministrator | null>;
  list(wish: PageWish): Promise<RegistryPage<NamedAdministrator>>;
  /** False: the name is taken. */
  create(administrator: NamedAdministrator, digest: string): Promise<boolean>;
  /** `keepOne`: not the last admin without an end, who would be one no more. What is absent stays. */
  change(
    name: string,
    change: { role?: AdminRole | undefined; ends?: number | null | undefined },
    options: { keepOne: boolean },
  ): Promise<AdministratorChanged>;
  remove(name: string, options: { keepOne: boolean }): Promise<AdministratorChanged>;
  /** Another token in place of the one before. False: there is none of this name. */
  renew(name: string, digest: string): Promise<boolean>;
}
