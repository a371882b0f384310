// Blobs that nobody names go, once they are old, and no others: shown on worlds drawn at random, in which each rule
// that keeps one is missed when it is taken away.

import { describe, expect, it } from "vitest";
import { MAX_FAILURES, type SweepPorts, sweepBlobs, sweptBlobs } from "../../src/records/unowned-blobs.ts";
import { NEVER_SWEPT, type SweepState } from "../../src/storage/sweep-book.ts";
import { loadWorld, type Patch } from "../simulator/load.ts";
import { live } from "./blob-world.ts";

const ARCHIVE = "durable-objects/activations/archive.ts";
const SWEEP = "src/records/unowned-blobs.ts";
const MUTATIONS: [string, Patch][] = [
  [
    "what has not ended is not asked for",
    { file: ARCHIVE, find: /if \(this\.#isOpen\(id\)\) return keys;/, replace: "" },
  ],
  ["compositions are not asked", { file: SWEEP, find: /!involved\.has\(id\)/, replace: "true" }],
  ["young ones go as well", { file: SWEEP, find: /blob\.stored < before/, replace: "true" }],
  [
    "other places are not looked into",
    {
      file: ARCHIVE,
      find: /const kept = await this\.#read\(id\);\n {4}if \(kept !== null\) return/,
      replace: "const kept = null; if (kept !== null) return",
    },
  ],
  [
    "a damaged record names nothing",
    { file: ARCHIVE, find: /kept\.text !== "" && isWhole\(kept\) \? /, replace: "true ? " },
  ],
  [
    "the object's own record names nothing",
    { file: ARCHIVE, find: /\? null : this\.#records\.named\(id, keys\)/, replace: "? null : []" },
  ],
];
const SEEDS = Number(process.env.BLOB_SEEDS ?? 0) || 6;

describe("blobs that nobody names", () => {
  it("go, and no others, whatever happened", async () => {
    let swept = 0;
    let left = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const life = await live(seed);
      expect(life.violations, `seed ${seed}`).toEqual([]);
      swept += life.swept;
      left += life.left;
    }
    expect(swept).toBeGreaterThan(SEEDS);
    expect(left).toBeGreaterThan(SEEDS);
  });

  it.each(MUTATIONS)("are missed where %s", async (_, patch) => {
    // The databases are looked into once more: that guard stands behind the others.
    const guard = { file: SWEEP, find: /if \(found !== null && \(!isWhole/, replace: "if (false && (!isWhole" };
    const world = await loadWorld<typeof import("./blob-world.ts")>("test/records/blob-world.ts", [patch, guard]);
    const found: string[] = [];
    for (let seed = 1; seed <= 100 && found.length === 0; seed++) found.push(...(await world.live(seed)).violations);
    expect(found).not.toEqual([]);
  });
});

it("one page that always fails holds up no other: what of it can be told goes, the rest is told and looked at again", async () => {
  const id = (at: number) => `0194f0a1b2c301${at.toString(16).padStart(18, "0")}`;
  const keys = new Set([...Array(150).keys()].map((at) => `args/${at === 7 ? "bad" : "good"}/${id(at)}`));
  let state: SweepState = NEVER_SWEPT;
  let isDown = true;
  let now = 1e13;
  const ports: SweepPorts = {
    list: {
      page: async ({ prefix, after, max }) => {
        const found = [...keys].filter((key) => key.startsWith(prefix) && key > after).sort();
        const blobs = found.slice(0, max).map((key) => ({ key, bytes: 1, stored: 0, namespaceId: null }));
        return { blobs, more: found.length > max };
      },
    },
    book: {
      state: async () => state,
      note: async (next) => {
        state = next;
      },
      deletionOf: async () => "none",
    },
    ...{ namespaces: { byId: async () => null }, wellKnown: [], tables: [] },
    store: (namespaceId) => ({
      unowned: async (asked) => {
        if (namespaceId === "bad" && isDown) throw new Error("the object does not answer");
        return asked.flatMap((each) => each.keys);
      },
    }),
    composition: () => ({ involved: async () => [] }),
    discard: async (gone) => {
      for (const key of gone) keys.delete(key);
    },
    ...{ backupRuns: async () => false, now: () => now },
  };
  const pass = async () => {
    const { passes } = state;
    let turns = 0;
    for (; state.passes === passes; turns++) {
      now = Math.max(now, state.due);
      await sweepBlobs(ports);
      if (turns > 20) throw new Error("the pass does not end");
    }
    return turns;
  };
  expect(await pass()).toBe(MAX_FAILURES + 2);
  expect([...keys]).toEqual([`args/bad/${id(7)}`]);
  expect(await sweptBlobs(ports)).toMatchObject({
    ...{ passes: 1, swept: 149, passed: 1, passedWhy: "Error: the object does not answer", fault: null },
  });
  isDown = false;
  expect(await pass()).toBe(2);
  expect(keys.size).toBe(0);
  expect(await sweptBlobs(ports)).toMatchObject({ passes: 2, swept: 150 });
  expect(await sweptBlobs(ports)).not.toHaveProperty("passed");
});
