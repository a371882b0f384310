// The stores over the test's own bindings.

import { env } from "cloudflare:workers";
import type { MasterSecret } from "../../src/entities/sealing.ts";
import { masterSecretOf } from "../../src/env.ts";
import { openStores, type Stores } from "../../src/storage/open.ts";

export interface TestEnv {
  DB: D1Database;
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
