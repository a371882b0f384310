// The same over D1: each write first, and each second. What the store itself promises is shown for both alike.

import { testEnv, testStores } from "../storage/stores.worker.ts";
import { rulePlansSuite } from "./rule-plans-suite.ts";

async function empty() {
  await testEnv().DB.prepare("DELETE FROM entities").run();
  return testStores().entities;
}

// Of eight writes, every seventh pair: another second one for each first one.
rulePlansSuite({ empty, every: 7 });
