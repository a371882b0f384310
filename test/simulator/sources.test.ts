// Seeds over one Sources object, and the mutations its world must find. SOURCE_SEEDS=n: how many.

import { describe, expect, it } from "vitest";
import { loadWorld, type Patch } from "./load.ts";

const ENTRY = "test/simulator/world/sourced.ts";
const CORE = "durable-objects/sources/core.ts";
const SEEDS = Number(process.env.SOURCE_SEEDS ?? "10");
const MAX_SEEDS = 30;

type World = typeof import("./world/sourced.ts");

it("each row, version of an object and message fires once, whatever is lost or dies between reading and firing", {
  timeout: 600_000,
}, async () => {
  const { runSourcedSeed } = await loadWorld<World>(ENTRY);
  const totals = { fires: 0, deaths: 0, lostAlarms: 0, lostAnswers: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations, ...counts } = await runSourcedSeed(seed);
    expect(violations, `seed ${seed}`).toEqual([]);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += counts[key];
  }
  process.stdout.write(`sources: ${SEEDS} seeds, ${JSON.stringify(totals)}\n`);
  expect(Math.min(totals.deaths, totals.lostAlarms, totals.lostAnswers)).toBeGreaterThanOrEqual(SEEDS);
  expect(totals.fires).toBeGreaterThan(SEEDS * 100);
});

const MUTATIONS: { name: string; patches: Patch[] }[] = [
  {
    name: "a fire has an id of its own each time",
    patches: [
      {
        file: CORE,
        find: /hexOf\(sha256\(`\$\{id\}\\0\$\{key\}\\0\$\{at\}`\), ID_WORDS\)/,
        replace: "crypto.randomUUID().replaceAll('-', '').slice(0, 18)",
      },
    ],
  },
  {
    name: "an event is forgotten before it is known whether it fired",
    patches: [{ file: CORE, find: /batch\.filter\(\(_, at\) => done\[at\]\)/, replace: "batch" }],
  },
  {
    name: "how far was read is noted before what was read",
    patches: [
      {
        file: CORE,
        find: /this\.#rows\.advance\(\{ \.\.\.source, state: \{ \.\.\.rejectedOf\(next, made\.faults, now\), cursor \} \}, [^;]*;/,
        replace: `const moved = { ...source, state: { ...next, cursor, nextPoll: now + 10_000 } };
          this.#rows.settle(moved, []);
          this.#ports.after(500, () => this.#rows.advance(moved, { ...made, at: now }));`,
      },
    ],
  },
  {
    name: "what was refused for now never fires",
    patches: [
      {
        file: "src/events/source-state.ts",
        find: /statusCode >= 500 \|\| LATER\.has\(statusCode\)/,
        replace: "statusCode >= 500",
      },
    ],
  },
  {
    name: "the sweep wakes nothing, and neither does the next incarnation",
    patches: [{ file: CORE, find: /wake\(\): void \{\s*this\.#round\(\);/, replace: "wake(): void {" }],
  },
  {
    name: "what lies behind a page of a list counts as deleted",
    patches: [
      {
        file: CORE,
        find: /const known = this\.#rows\.known\(id, state\.after, last\);/,
        replace: "const known = this.#rows.known(id, state.after, null);",
      },
    ],
  },
  {
    name: "a message that is told of again is another one",
    patches: [
      {
        file: "src/events/source-events.ts",
        find: /key: `\$\{queue\}\\0\$\{id\}`, payload: objectOf/,
        replace: "key: queue + Math.random(), payload: objectOf",
      },
    ],
  },
];

describe("the world of sources finds", () => {
  it.each(MUTATIONS)("$name", { timeout: 600_000 }, async ({ patches }) => {
    const { runSourcedSeed } = await loadWorld<World>(ENTRY, patches);
    const found: string[] = [];
    for (let seed = 1; seed <= MAX_SEEDS && found.length === 0; seed++) {
      found.push(...(await runSourcedSeed(seed)).violations);
    }
    expect(found).not.toEqual([]);
  });
});
