// What limits tell waits in the isolate and costs a call nothing; it is brought in one batch,
// and not where nobody wants it.

import { describe, expect, it } from "vitest";
import type { LimitEvent } from "../../src/entities/limit-event.ts";
import { LimitEvents } from "../../src/services/limit-events.ts";

const CALLER = { namespace: { name: "guest", uuid: "ns" }, subject: "alice" };
const METRIC = { metricName: "TimedRateLimit", metricValue: 1 } as const;

function world() {
  const brought: { events: LimitEvent[]; lost: number }[] = [];
  const warnings: string[] = [];
  const works: Promise<unknown>[] = [];
  const state = { now: 1_000_000, wanted: true, fails: false };
  const events = new LimitEvents(
    () => ({
      limitEvents: async (told, lost) => {
        if (state.fails) throw new Error("gone");
        brought.push({ events: told, lost });
        return state.wanted;
      },
    }),
    { now: () => state.now, sleep: async () => {}, warn: (text) => void warnings.push(text) },
  );
  const note = (times = 1) => {
    for (let n = 0; n < times; n++) events.note(CALLER, METRIC, (work) => void works.push(work));
  };
  const settled = async () => void (await Promise.all(works.splice(0)));
  return { brought, warnings, works, state, note, settled };
}

describe("events of limits", () => {
  it("are brought together, by one piece of work", async () => {
    const own = world();
    own.note(3);
    expect([own.works.length, own.brought]).toEqual([1, []]);
    await own.settled();
    expect(own.brought).toEqual([
      { events: Array(3).fill({ ...METRIC, subject: "alice", namespace: "guest", at: 1_000_000 }), lost: 0 },
    ]);
    own.note();
    await own.settled();
    expect(own.brought).toHaveLength(2);
  });

  it("are left out for a while where nobody wants them", async () => {
    const own = world();
    own.state.wanted = false;
    own.note();
    await own.settled();
    own.note(5);
    expect(own.works).toEqual([]);
    own.state.now += 31_000;
    own.state.wanted = true;
    own.note();
    await own.settled();
    expect(own.brought.map(({ events }) => events.length)).toEqual([1, 1]);
  });

  it("wait, bounded, while the store does not answer, and those beyond are counted", async () => {
    const own = world();
    own.state.fails = true;
    own.note(800);
    await own.settled();
    expect(own.warnings).toHaveLength(1);
    own.note(800);
    await own.settled();
    own.state.fails = false;
    own.note();
    await own.settled();
    expect(own.brought.map(({ events, lost }) => [events.length, lost])).toEqual([[1_000, 601]]);
  });

  it("are brought by the next call if the timer went with its request", async () => {
    const own = world();
    own.note();
    own.works.length = 0;
    own.state.now += 11_000;
    own.note();
    expect(own.works).toHaveLength(1);
  });
});
