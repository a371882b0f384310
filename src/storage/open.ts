// The stores behind their interfaces; the only file that names what they are made of.

import type { MasterSecret } from "../entities/sealing.ts";
import type { Env } from "../env.ts";
import type { BlobStore } from "./blob-store.ts";
import { D1EntityStore } from "./d1/entity-store.ts";
import { D1IdentityStore } from "./d1/identity-store.ts";
import { lackingMigration } from "./d1/migrated.ts";
import { D1SecretBook } from "./d1/secret-book.ts";
import type { EntityStore } from "./entity-store.ts";
import type { IdentityStore } from "./identity-store.ts";
import { MachineClient } from "./machine.ts";
import { R2BlobStore } from "./r2/blob-store.ts";
import type { SecretBook } from "./secret-book.ts";

export interface Stores {
  identities: IdentityStore;
  entities: EntityStore;
  blobs: BlobStore;
  secrets: SecretBook;
  machine: MachineClient;
  /** Name of the migration the database lacks, or null if it has all. */
  lackingMigration(): Promise<string | null>;
}

export function openMachine(env: Pick<Env, "MACHINE">): MachineClient {
  return new MachineClient(env.MACHINE);
}

/** For who needs no other store. */
export function openBlobs(env: Pick<Env, "BLOBS" | "MACHINE">): BlobStore {
  return new R2BlobStore(env.BLOBS, new MachineClient(env.MACHINE));
}

/** Cheap; the stores keep no state of their own. */
export function openStores(env: Pick<Env, "DB" | "BLOBS" | "MACHINE">, masterSecret: MasterSecret): Stores {
  const blobs = openBlobs(env);
  return {
    identities: new D1IdentityStore(env.DB, masterSecret),
    entities: new D1EntityStore(env.DB, blobs),
    blobs,
    secrets: new D1SecretBook(env.DB, masterSecret),
    machine: new MachineClient(env.MACHINE),
    lackingMigration: () => lackingMigration(env.DB),
  };
}
