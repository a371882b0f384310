// The stores over the test's own bindings.

import { env } from "cloudflare:workers";
import type { Identity } from "../../src/entities/identity.ts";
import type { MasterSecret } from "../../src/entities/sealing.ts";
import { masterSecretOf } from "../../src/env.ts";
import type { IdentityStore, NewIdentity } from "../../src/storage/identity-store.ts";
import { openStores, type Stores } from "../../src/storage/open.ts";

export interface TestEnv {
  DB: D1Database;
  RECORDS_0: D1Database;
  [more: `RECORDS_${number}`]: D1Database | undefined;
  BLOBS: R2Bucket;
  MASTER_SECRET: string;
}

export function testEnv(): TestEnv {
  return env as unknown as TestEnv;
}

export function testSecret(): MasterSecret {
  return masterSecretOf(testEnv());
}

export function testStores(): Stores {
  return openStores(testEnv(), testSecret());
}

/** An identity that must come to be. */
export async function made(store: IdentityStore, identity: NewIdentity): Promise<Identity> {
  const reply = await store.create(identity);
  if (reply.kind !== "made") throw new Error(`${identity.subject} was not made: ${reply.kind}`);
  return reply.identity;
}
