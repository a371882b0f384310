// Seeds over one Schedule object, and the mutations its world must find. SCHEDULE_SEEDS=n: how many.

import { describe, expect, it } from "vitest";
import { loadWorld, type Patch } from "./load.ts";

const ENTRY = "test/simulator/world/scheduled.ts";
const CORE = "durable-objects/schedule/core.ts";
const MACHINE = "src/schedules/machine.ts";
const SEEDS = Number(process.env.SCHEDULE_SEEDS ?? "15");
const MAX_SEEDS = 30;

type World = typeof import("./world/scheduled.ts");

it("fires each slot once under one id, whatever is lost, dies or jumps", { timeout: 600_000 }, async () => {
  const { runScheduleSeed } = await loadWorld<World>(ENTRY);
  const totals = { fires: 0, deaths: 0, lostAlarms: 0, lostAnswers: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations, ...counts } = await runScheduleSeed(seed);
    expect(violations, `seed ${seed}`).toEqual([]);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += counts[key];
  }
  process.stdout.write(`schedules: ${SEEDS} seeds, ${JSON.stringify(totals)}\n`);
  expect(Math.min(totals.deaths, totals.lostAlarms, totals.lostAnswers)).toBeGreaterThanOrEqual(SEEDS);
  expect(totals.fires).toBeGreaterThan(SEEDS * 30);
});

const MUTATIONS: { name: string; patches: Patch[] }[] = [
  {
    name: "a fire has an id of its own each time",
    patches: [{ file: CORE, find: /id: await slotActivationId\([^;]*?\),/, replace: "id: crypto.randomUUID()," }],
  },
  {
    name: "the sweep wakes nothing",
    patches: [{ file: CORE, find: /this\.#round\(\);\n {4}return true;/, replace: "return true;" }],
  },
  {
    name: "a fire whose outcome nobody knows counts as done",
    patches: [
      {
        file: MACHINE,
        find: /case "unknown":\s*return again\([^;]*;/,
        replace: 'case "unknown": return { state: passed(plan, state, { slot, now }), notes: [] };',
      },
    ],
  },
  {
    name: "of missed slots only the last is made up for",
    patches: [{ file: MACHINE, find: /all: MAX_CAUGHT_UP/, replace: "all: 1" }],
  },
  {
    name: "what is paused goes on",
    patches: [
      {
        file: MACHINE,
        find: /return \{ \.\.\.rest, active: false, changed: now, reason: \{ kind: "USER"/,
        replace: 'return { ...rest, active: true, changed: now, reason: { kind: "USER"',
      },
    ],
  },
];

describe("a mutation of schedules is found by some seed", () => {
  it.each(MUTATIONS)("$name", { timeout: 600_000 }, async ({ patches }) => {
    const { runScheduleSeed } = await loadWorld<World>(ENTRY, patches);
    let found = "";
    for (let seed = 1; seed <= MAX_SEEDS && found === ""; seed++) {
      found = (await runScheduleSeed(seed)).violations[0] ?? "";
    }
    expect(found).not.toBe("");
  });
});
