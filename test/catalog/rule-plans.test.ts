// Every pair of writes to a rule and its triggers, over every state of them.

import { MemoryEntities } from "./memory-entities.ts";
import { rulePlansSuite } from "./rule-plans-suite.ts";

rulePlansSuite({ empty: async () => new MemoryEntities(), every: 1 });
