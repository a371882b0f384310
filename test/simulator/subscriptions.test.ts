// Seeds over the Subscriptions object, hosts and brokers, and the mutations their world must find.
// SUBSCRIPTION_SEEDS=n: how many.

import { describe, expect, it } from "vitest";
import { loadWorld, type Patch } from "./load.ts";

const ENTRY = "test/simulator/world/subscribed.ts";
const CORE = "durable-objects/subscriptions/core.ts";
const ROWS = "durable-objects/subscriptions/lease-rows.ts";
const INTAKE = "runtime-host/connectors/intake.ts";
const CONNECTORS = "runtime-host/connectors/connectors.ts";
const SEEDS = Number(process.env.SUBSCRIPTION_SEEDS ?? "6");
const MAX_SEEDS = 30;

type World = typeof import("./world/subscribed.ts");

it("each message is as many activations as is promised, whatever dies, freezes or is lost", {
  timeout: 600_000,
}, async () => {
  const { runSubscribedSeed } = await loadWorld<World>(ENTRY);
  const totals = { messages: 0, activations: 0, deaths: 0, freezes: 0, moves: 0, lostAnswers: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations, ...counts } = await runSubscribedSeed(seed);
    expect(violations, `seed ${seed}`).toEqual([]);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += counts[key];
  }
  process.stdout.write(`subscriptions: ${SEEDS} seeds, ${JSON.stringify(totals)}\n`);
  expect(Math.min(totals.deaths, totals.freezes, totals.moves, totals.lostAnswers)).toBeGreaterThanOrEqual(SEEDS);
  expect(totals.messages).toBeGreaterThan(SEEDS * 300);
});

/** `seed`: one that finds it, asked first. */
const MUTATIONS: { name: string; seed?: number; patches: Patch[] }[] = [
  {
    name: "a message is acknowledged before its fire is stored",
    patches: [
      {
        file: INTAKE,
        find: /this\.#waiting\.push\(message\);/,
        replace: "message.done(); this.#waiting.push(message);",
      },
    ],
  },
  {
    name: "whose lease it is is not asked when it fires",
    patches: [{ file: CORE, find: /!isHolder\(row, host, asked\) \|\| /, replace: "" }],
  },
  {
    name: "a new incarnation gives away what another let somebody keep",
    patches: [{ file: CORE, find: /\?\? this\.#born;/, replace: "?? 0;" }],
  },
  {
    name: "a host goes on when nobody answers it",
    patches: [{ file: CONNECTORS, find: /if \(this\.#held\.size === 0\) return;/, replace: "return;" }],
  },
  {
    name: "what a packet was known by is forgotten",
    patches: [{ file: ROWS, find: /again \? this\.#packet\(subscription, number\) : \[\]/, replace: "[]" }],
  },
  {
    name: "a message that could not be fired counts as fired",
    patches: [
      { file: INTAKE, find: /if \(outcome === undefined \|\| outcome\.kind === "again"\) return false;/, replace: "" },
    ],
  },
  {
    name: "a question that is late speaks of packets all the same",
    patches: [{ file: ROWS, find: /if \(line < row\.line\) return null;/, replace: "" }],
  },
  {
    name: "a question that is late, or of a former boot, gives back what its host has",
    patches: [{ file: CORE, find: /if \(last\.over\.includes[^;]*;/, replace: "" }],
  },
  {
    name: "what a host is given while it lets go is dropped with the rest",
    seed: 38,
    patches: [
      {
        file: CONNECTORS,
        find: /for \(const each of \[\.\.\.this\.#held\.values\(\)\]\) this\.#end\(each, \{ forget: false \}\);/,
        replace:
          "void Promise.all([...this.#held.values()].map((each) => each.stop({ forget: false }))).then(() => this.#held.clear());",
      },
    ],
  },
  {
    name: "a lease never ends",
    patches: [{ file: "durable-objects/subscriptions/assignment.ts", find: /now - asked < LEASE_MS/, replace: "true" }],
  },
];

describe("a mutation of subscriptions is found by some seed", () => {
  it.each(MUTATIONS)("$name", { timeout: 600_000 }, async ({ patches, seed: first = 1 }) => {
    const { runSubscribedSeed } = await loadWorld<World>(ENTRY, patches);
    let found = "";
    for (let tries = 0; tries < MAX_SEEDS && found === ""; tries++) {
      found = (await runSubscribedSeed(first + tries)).violations[0] ?? "";
    }
    expect(found).not.toBe("");
  });
});
