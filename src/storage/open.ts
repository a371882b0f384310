// The stores behind their interfaces; the only file that names what they are made of.

import type { Env } from "../env.ts";
import type { BlobStore } from "./blob-store.ts";
import { D1EntityStore } from "./d1/entity-store.ts";
import { D1IdentityStore } from "./d1/identity-store.ts";
import type { EntityStore } from "./entity-store.ts";
import type { IdentityStore } from "./identity-store.ts";
import { R2BlobStore } from "./r2/blob-store.ts";

export interface Stores {
  identities: IdentityStore;
  entities: EntityStore;
  blobs: BlobStore;
}

/** Cheap; the stores keep no state of their own. */
export function openStores(env: Pick<Env, "DB" | "BLOBS" | "MASTER_SECRET">): Stores {
  const blobs = new R2BlobStore(env.BLOBS);
  return {
    identities: new D1IdentityStore(env.DB, env.MASTER_SECRET),
    entities: new D1EntityStore(env.DB, blobs),
    blobs,
  };
}
