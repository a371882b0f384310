// What the roster was told last may be that the host is ill: a word it did not take is said until it does.

import { expect, test } from "vitest";
import { StatusReporter } from "../../../durable-objects/scheduler/status-reporter.ts";
import type { RosterEntry } from "../../../src/protocol/rpc.ts";
import { Clock } from "../clock.ts";

/** ms a call to the roster takes. */
const TRIP = 20;

function open() {
  const clock = new Clock();
  const state = {
    down: true,
    mute: false,
    known: true,
    expelled: 0,
    asked: 0,
    open: 0,
    most: 0,
    told: [] as RosterEntry[],
    warnings: [] as string[],
  };
  const announcer = new StatusReporter(
    {
      ...({} as ConstructorParameters<typeof StatusReporter>[0]),
      now: clock.now,
      after: clock.after,
      report: async (entry) => {
        state.asked++;
        state.most = Math.max(state.most, ++state.open);
        try {
          if (state.mute) await new Promise(() => undefined);
          await new Promise<void>((resolve) => clock.after(TRIP, resolve));
          if (state.down) throw new Error("disk full");
          state.told.push(entry);
          return state.known ? [] : null;
        } finally {
          state.open--;
        }
      },
      warn: (text) => state.warnings.push(text),
    },
    { hear: () => undefined, unknown: () => state.expelled++ },
  );
  return { clock, state, announcer };
}

const entry = (unhealthy?: string, connected = true) =>
  ({
    scheduler: "h/0",
    connected,
    draining: false,
    ...(unhealthy === undefined ? {} : { unhealthy }),
  }) as unknown as RosterEntry;

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

test("a host that says a thousand things a second costs one call a second, and the last one holds", async () => {
  const { clock, state, announcer } = open();
  state.down = false;
  for (let word = 1; word <= 5_000; word++) {
    announcer.announce(entry(word % 2 === 0 ? undefined : `ill ${word}`));
    await clock.advance(1);
  }
  announcer.announce(entry("the last word"));
  await clock.advance(2_000);
  expect(state.asked).toBe(7);
  expect(state.most).toBe(1);
  expect(state.told.at(-1)).toEqual(entry("the last word"));
  expect(clock.timers).toBe(0);
});

test("it costs no more while the roster fails", async () => {
  const { clock, state, announcer } = open();
  for (let word = 1; word <= 20_000; word++) {
    announcer.announce(entry(`ill ${word}`));
    await clock.advance(1);
  }
  expect(state.asked).toBeLessThanOrEqual(8);
  state.down = false;
  await clock.advance(10_000);
  expect(state.told).toEqual([entry("ill 20000")]);
});

test("the first word after a quiet while, and that the host has gone, are said at once", async () => {
  const { clock, state, announcer } = open();
  state.down = false;
  announcer.announce(entry());
  await clock.advance(TRIP);
  announcer.announce(entry("full", false));
  await clock.advance(TRIP);
  expect(state.told).toEqual([entry(), entry("full", false)]);
  await clock.advance(5_000);
  announcer.announce(entry("full", true));
  await clock.advance(5_000);
  announcer.announce(entry("ill", true));
  await clock.advance(TRIP);
  expect(state.told).toHaveLength(4);
});

test("a roster that never answers holds the next word up for ten seconds, not for ever", async () => {
  const { clock, state, announcer } = open();
  state.down = false;
  state.mute = true;
  announcer.announce(entry());
  await clock.advance(1_000);
  state.mute = false;
  announcer.announce(entry("full", false));
  await clock.advance(10_000);
  expect(state.told).toEqual([entry("full", false)]);
  expect(clock.timers).toBe(0);
});

test("a host that was let in while its token was revoked is sent away; one that is gone is not", async () => {
  const { clock, state, announcer } = open();
  Object.assign(state, { down: false, known: false });
  announcer.announce(entry(undefined, false));
  await clock.advance(5_000);
  expect(state.expelled).toBe(0);
  announcer.announce(entry());
  await clock.advance(5_000);
  expect(state).toMatchObject({ expelled: 1, warnings: [] });
});
