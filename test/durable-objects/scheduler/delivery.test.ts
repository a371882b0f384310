// Outcomes on their way to their stores, and records of runs that this incarnation has not granted.

import { expect, test } from "vitest";
import { Delivery } from "../../../durable-objects/scheduler/delivery.ts";
import { Grants } from "../../../durable-objects/scheduler/grants.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import type { SchedulerMessage } from "../../../src/protocol/messages.ts";
import type { Placing } from "../../../src/protocol/placing.ts";
import { aboutDigest, Proofs } from "../../../src/protocol/proofs.ts";
import type { Finished } from "../../../src/protocol/rpc.ts";
import { callOf, completed, metaOf, START } from "../calls.ts";
import { Clock } from "../clock.ts";

const PROOFS = new Proofs({ current: "a secret of the tests", previous: null });
const LEASE = { epoch: 1, counter: 1 };
const DAY_MS = 24 * 3_600_000;

function open(provenSince = 0) {
  const clock = new Clock();
  const stored: { store: string; finished: Finished }[] = [];
  const posted: SchedulerMessage[] = [];
  const warnings: string[] = [];
  const state = { down: false, welcomes: 0, full: false, silent: false };
  const accepted: { ids: string[]; place: Placing }[] = [];
  const grants = new Grants("h", { proofs: () => PROOFS, provenSince: () => provenSince });
  const delivery = new Delivery({
    session: { name: "h/0", epoch: 7, post: (message) => posted.push(message), welcome: () => state.welcomes++ },
    grants,
    ports: {
      now: clock.now,
      after: clock.after,
      store: (store) => ({
        complete: async (list) => {
          if (state.down) throw new Error("away");
          stored.push(...list.map((finished) => ({ store, finished })));
        },
        accept: async (calls, place) => {
          if (state.silent) return new Promise(() => undefined);
          if (state.down) throw new Error("away");
          accepted.push({ ids: calls.map((each) => each.id), place });
          return state.full ? { kind: "full" } : { kind: "accepted" };
        },
        pull: async () => [],
        declined: async () => {
          if (state.down) throw new Error("away");
        },
      }),
      warn: (text) => warnings.push(text),
    },
  });
  return { clock, delivery, grants, stored, posted, warnings, state, accepted };
}

function recordAt(at: number, lease = LEASE) {
  const id = newActivationId(at, 1);
  return { t: "record", id, attempt: 1, lease, about: metaOf(), completion: completed() } as const;
}

/** With the lease that an earlier incarnation granted. */
function provenAt(at: number) {
  const record = recordAt(at);
  const { id, attempt } = record;
  const grant = { host: "h", id, attempt, about: aboutDigest(record.about) };
  return { ...record, lease: PROOFS.lease(grant, { epoch: 2, turn: 1 }) };
}

test.each([
  ["is adopted", START - 1_000],
  ["is passed on though it is old: its store knows what to do with it", START - DAY_MS - 1_000],
])("a record that was granted to this host %s", async (_, at) => {
  const { clock, delivery, stored, posted, grants } = open();
  const record = provenAt(at);
  delivery.unknown(record);
  await clock.advance(20);
  const { id, about } = record;
  expect(stored).toMatchObject([
    { finished: { id, spent: `args/${about.namespaceId}/${id}`, completion: { host: "h" } } },
  ]);
  expect(posted).toEqual([{ t: "stored", epoch: 7, items: [{ id, attempt: 1 }] }]);
  expect(grants.strangers).toBe(0);
});

test("one from before leases were proofs is passed on as the host's word", async () => {
  const { clock, delivery, stored } = open(START + 1);
  delivery.unknown(recordAt(START - 1_000));
  await clock.advance(20);
  expect(stored).toMatchObject([{ finished: { unproven: true } }]);
  expect(stored[0]?.finished).not.toHaveProperty("spent");
});

test("one that nobody granted is left with the host while somebody might still want it, and forgotten after a day", async () => {
  const { clock, delivery, stored, posted, grants, warnings } = open();
  delivery.unknown(recordAt(START - 1_000));
  expect(posted).toEqual([]);
  const old = recordAt(START - DAY_MS - 1_000);
  delivery.unknown(old);
  expect(posted).toEqual([{ t: "stored", epoch: 7, items: [{ id: old.id, attempt: 1 }] }]);
  await clock.advance(1_000);
  expect([stored.length, grants.strangers, warnings.length]).toEqual([0, 2, 2]);
});

function finishedOf(options: { id?: string; bytes?: number } = {}): Finished {
  const { id = callOf().id, bytes = 10 } = options;
  return { id, attempt: 1, lease: LEASE, about: metaOf(), completion: completed("x".repeat(bytes)) };
}

test("what stores owe us is bounded: past it records stay with the host, which is asked for them when stores have caught up", async () => {
  const { clock, delivery, stored, state } = open();
  state.down = true;
  const ids = Array.from({ length: 40 }, () => callOf().id);
  for (const id of ids) delivery.deliver("ns:01", finishedOf({ id, bytes: 1024 * 1024 }));
  const left = ids.filter((id) => delivery.isKept(id));
  expect(left.length).toBeGreaterThan(5);
  expect(ids.every((id) => delivery.has(id))).toBe(true);
  // Our own word is never left out.
  const own = finishedOf();
  delivery.conclude("ns:01", own);
  await clock.advance(1_000);
  expect([stored.length, state.welcomes]).toEqual([0, 0]);
  state.down = false;
  await clock.advance(10_000);
  expect([stored.length, state.welcomes]).toEqual([41 - left.length, 1]);
  expect(stored.map(({ finished }) => finished.id)).toContain(own.id);
  expect(ids.filter((id) => delivery.has(id))).toEqual(left);
  delivery.deliver("ns:01", finishedOf({ id: left[0] as string }));
  expect(delivery.isKept(left[0] as string)).toBe(false);
});

test("what the host says it keeps is held here until it is named anew", () => {
  const { delivery } = open();
  delivery.keep([{ id: "a" }, { id: "b" }]);
  expect([delivery.isKept("a"), delivery.has("b"), delivery.has("c")]).toEqual([true, true, false]);
  delivery.forgetKept();
  expect(delivery.has("a")).toBe(false);
});

test("a store that cannot be told of declined work costs a line, no more", async () => {
  const { clock, delivery, state, warnings } = open();
  state.down = true;
  delivery.decline("ns:01", [{ id: callOf().id, attempt: 1 }]);
  await clock.advance(0);
  expect(warnings).toEqual(["a store could not be told of declined work: Error: away"]);
});

test("a run that nobody waits for goes back to its store; until that has it, it is held here", async () => {
  const { clock, delivery, stored, accepted } = open();
  const call = callOf();
  delivery.giveUp("ns:01", finishedOf({ id: call.id }), call);
  expect(delivery.has(call.id)).toBe(true);
  await clock.advance(1_000);
  expect(accepted).toEqual([{ ids: [call.id], place: { candidates: [], refusedBy: "h/0" } }]);
  expect([stored, delivery.has(call.id)]).toEqual([[], false]);
});

test.each(["full", "down", "silent"] as const)("it ends with its error where the store is %s", async (how) => {
  const { clock, delivery, stored, state } = open();
  const call = callOf();
  state[how] = true;
  delivery.giveUp("ns:01", finishedOf({ id: call.id }), call);
  await clock.advance(11_000);
  state[how] = false;
  await clock.advance(10_000);
  expect(stored.map(({ finished }) => finished.id)).toEqual([call.id]);
  expect(delivery.has(call.id)).toBe(false);
});

test("of an adopted run only the outcome is known: it ends with that", async () => {
  const { clock, delivery, stored, accepted } = open();
  const finished = finishedOf();
  delivery.giveUp("ns:01", finished, undefined);
  await clock.advance(10_000);
  expect([stored.map((each) => each.finished.id), accepted]).toEqual([[finished.id], []]);
});
