// What the roster was told last may be that the host is ill: a word it did not take is said until it does.

import { expect, test } from "vitest";
import { StatusReporter } from "../../../durable-objects/scheduler/status-reporter.ts";
import type { RosterEntry } from "../../../src/protocol/rpc.ts";
import { Clock } from "../clock.ts";

function open() {
  const clock = new Clock();
  const state = { down: true, told: [] as RosterEntry[], warnings: [] as string[] };
  const announcer = new StatusReporter(
    {
      ...({} as ConstructorParameters<typeof StatusReporter>[0]),
      now: clock.now,
      after: clock.after,
      report: async (entry) => {
        if (state.down) throw new Error("disk full");
        state.told.push(entry);
        return [];
      },
      warn: (text) => state.warnings.push(text),
    },
    () => undefined,
  );
  return { clock, state, announcer };
}

const entry = (unhealthy?: string) =>
  ({ scheduler: "h/0", ...(unhealthy === undefined ? {} : { unhealthy }) }) as unknown as RosterEntry;

test("after an hour of failures the roster hears it within 10 s of being back, and one line was written", async () => {
  const { clock, state, announcer } = open();
  announcer.announce(entry());
  await clock.advance(3_600_000);
  expect(state.told).toEqual([]);
  expect(state.warnings).toHaveLength(1);
  state.down = false;
  await clock.advance(10_000);
  expect(state.told).toEqual([entry()]);
  expect(clock.timers).toBe(0);
});

test("only the newest word is said", async () => {
  const { clock, state, announcer } = open();
  announcer.announce(entry("full"));
  await clock.advance(60_000);
  announcer.announce(entry());
  state.down = false;
  await clock.advance(60_000);
  expect(state.told).toEqual([entry()]);
});
