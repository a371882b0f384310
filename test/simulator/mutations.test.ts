// Shows that the simulator can fail: each mutation of the product is found within a bounded number of seeds.

import { describe, expect, it } from "vitest";
import { loadWorld } from "./load.ts";
import type { Mutation } from "./mutations/mutation.ts";
import { MUTATIONS } from "./mutations.ts";

/** Seeds until a mutation must have been found; most need a handful. */
const MAX_SEEDS = 150;

async function find(mutation: Mutation): Promise<string> {
  const world = await loadWorld<typeof import("./world/run.ts")>("test/simulator/world/run.ts", mutation.patches);
  const seeds = Array.from({ length: MAX_SEEDS }, (_, index) => index + 1);
  for (const seed of mutation.seed === undefined ? seeds : [mutation.seed, ...seeds]) {
    const { violations } = await world.runSeed(seed, mutation.only === undefined ? {} : { only: mutation.only });
    if (violations.length > 0) return `seed ${seed}: ${violations[0]}`;
  }
  return "not found";
}

describe("a mutation is found by some seed", () => {
  it.each(MUTATIONS)("$name", { timeout: 600_000 }, async (mutation) => {
    expect(await find(mutation)).not.toBe("not found");
  });
});

describe("the loader", () => {
  it("refuses a patch that does not apply, so that no mutation is silently none", async () => {
    const patch = { file: "src/invocation/submit.ts", find: /this text is not there/, replace: "" };
    await expect(loadWorld("test/simulator/world/run.ts", [patch])).rejects.toThrow("does not apply");
  });

  it("refuses a patch of a module no simulated world uses", async () => {
    const patch = { file: "src/http/app.ts", find: /./, replace: "" };
    await expect(loadWorld("test/simulator/world/run.ts", [patch])).rejects.toThrow("no simulated module");
  });
});
