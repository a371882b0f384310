// Who is given which subscription: one host at a time, another when it dies, nobody when it was stopped; and what a
// packet of QoS 2 is known by.

import { beforeEach, describe, expect, it } from "vitest";
import { SubscriptionsCore } from "../../../durable-objects/subscriptions/core.ts";
import { NO_COUNTS } from "../../../src/entities/subscription.ts";
import {
  type Definition,
  type HeldReport,
  IDLE_TURN_MS,
  LEASE_MS,
  type SubscriptionLease,
  TURN_MS,
} from "../../../src/protocol/subscriptions.ts";
import { openDatabase } from "../clock.ts";

const START = 1_800_000_000_000;
let now: number;
let turns = 0;
let definitions: Definition[];
let database: ReturnType<typeof openDatabase>;
let core: SubscriptionsCore;

function incarnation(): SubscriptionsCore {
  return new SubscriptionsCore({ database, ports: { now: () => now, definitions: async () => definitions } });
}

beforeEach(() => {
  now = START;
  definitions = [{ id: "s", revision: "r1", kind: "mqtt", paused: false }];
  database = openDatabase();
  core = incarnation();
});

function reportOf({ id, counter }: SubscriptionLease, more: Partial<HeldReport> = {}): HeldReport {
  return { id, counter, state: "receiving", lag: null, unacknowledged: 0, counts: NO_COUNTS, ...more };
}

function turn(
  host: string,
  held: HeldReport[] = [],
  more: { leaving?: boolean; room?: number; number?: number; boot?: string } = {},
) {
  return core.turn(host, { boot: `boot-${host}`, number: turns++, room: 500, leaving: false, held, ...more });
}

async function given(host: string): Promise<SubscriptionLease & { revision: string }> {
  const { granted } = await turn(host);
  const [grant] = granted;
  if (grant === undefined) throw new Error(`${host} was given nothing`);
  return grant;
}

const admit = (host: string, { id, counter }: SubscriptionLease, more: object = {}) =>
  core.admit(host, { boot: `boot-${host}`, id, counter, line: 0, packets: [], released: [], ...more });

describe("a subscription", () => {
  it("is one host's, and stays so while that asks", async () => {
    const grant = await given("one");
    expect(grant).toEqual({ id: "s", counter: 1, revision: "r1" });
    for (let times = 0; times < 10; times++) {
      now += TURN_MS;
      expect((await turn("one", [reportOf(grant)])).held).toEqual([{ id: "s", counter: 1 }]);
      expect((await turn("two")).granted).toEqual([]);
    }
    expect(await admit("one", grant)).toEqual([]);
    expect(await admit("two", grant)).toBeNull();
    expect(await admit("one", grant, { boot: "another" })).toBeNull();
  });

  it("moves within 15 s when its host dies, and the former one fires nothing more", async () => {
    const grant = await given("one");
    let moved: SubscriptionLease | null = null;
    const died = now;
    while (moved === null) {
      now += TURN_MS;
      moved = (await turn("two")).granted[0] ?? null;
    }
    expect(now - died).toBeLessThanOrEqual(LEASE_MS + TURN_MS);
    expect(now - died).toBeLessThan(15_000);
    expect(moved).toMatchObject({ id: "s", counter: 2 });
    expect(await admit("one", grant)).toBeNull();
    expect(await admit("two", moved)).toEqual([]);
    expect((await turn("one", [reportOf(grant)])).held).toEqual([]);
  });

  it("is given to nobody else by a new incarnation before a lease would have ended", async () => {
    const grant = await given("one");
    now += 5_000;
    core = incarnation();
    expect((await turn("two")).granted).toEqual([]);
    expect((await turn("one", [reportOf(grant)])).held).toEqual([{ id: "s", counter: 1 }]);
    core = incarnation();
    now += LEASE_MS;
    expect((await turn("two")).granted).toMatchObject([{ id: "s", counter: 2 }]);
  });

  it("is its host's again at once when that was started anew, and the former boot has nothing more", async () => {
    const grant = await given("one");
    const { granted } = await turn("one", [], { boot: "next" });
    expect(granted).toMatchObject([{ id: "s", counter: 2 }]);
    expect(await admit("one", grant)).toBeNull();
    expect(await turn("one", [reportOf(grant)])).toMatchObject({ held: [], granted: [] });
    const held = granted.map((each) => reportOf(each));
    expect((await turn("one", held, { boot: "next" })).held).toEqual([{ id: "s", counter: 2 }]);
  });

  it("moves at once when its host leaves, and is given back by one that may not dial its broker", async () => {
    const grant = await given("one");
    await turn("one", [reportOf(grant)], { leaving: true });
    const second = await given("two");
    expect(second.counter).toBe(2);
    const error = { text: "may not dial", ago: 0 };
    expect(await turn("two", [reportOf(second, { state: "refused", error })])).toMatchObject({ held: [], granted: [] });
    expect(await core.view("s")).toMatchObject({ state: "waiting", lastError: { text: "may not dial" } });
    now += TURN_MS;
    expect((await turn("two")).granted).toEqual([]);
    expect((await given("one")).counter).toBe(3);
  });

  it("is given again where the answer that gave it was lost", async () => {
    await given("one");
    expect(await given("one")).toMatchObject({ counter: 2 });
  });

  it("that was changed is given anew, one that is gone is said to be gone", async () => {
    const grant = await given("one");
    definitions = [{ id: "s", revision: "r2", kind: "mqtt", paused: false }];
    await core.changed();
    expect(await admit("one", grant)).toBeNull();
    const answer = await turn("one", [reportOf(grant)]);
    expect(answer).toMatchObject({ held: [], granted: [{ counter: 2, revision: "r2" }], gone: [] });
    definitions = [];
    await core.changed();
    expect(await turn("one", [reportOf({ id: "s", counter: 2 })])).toEqual({
      ...{ againMs: IDLE_TURN_MS, held: [], granted: [], gone: ["s"] },
    });
    expect(await core.view("s")).toBeNull();
  });

  it("is nobody's while it is paused or stopped, and says why", async () => {
    const grant = await given("one");
    core.stop("s", "r1", "the trigger is gone");
    expect(await admit("one", grant)).toBeNull();
    expect(await turn("one", [reportOf(grant)])).toMatchObject({ held: [], granted: [] });
    expect(await core.view("s")).toMatchObject({ state: "stopped", reason: "the trigger is gone" });
    core = incarnation();
    expect((await turn("one")).granted).toEqual([]);
    definitions = [{ id: "s", revision: "r2", kind: "mqtt", paused: true }];
    await core.changed();
    expect((await turn("one")).granted).toEqual([]);
    expect(await core.view("s")).toMatchObject({ state: "paused" });
    definitions = [{ id: "s", revision: "r3", kind: "mqtt", paused: false }];
    await core.changed();
    expect((await turn("one")).granted).toMatchObject([{ id: "s", revision: "r3" }]);
  });

  it("tells what came, over leases", async () => {
    expect(await core.view("s")).toMatchObject({
      state: "waiting",
      reason: "no host with connectors asks for subscriptions",
    });
    const grant = await given("one");
    expect(await core.view("s")).toMatchObject({ state: "connecting", since: now });
    const counts = { ...NO_COUNTS, received: 3, fired: 2, rejected: 1 };
    await turn("one", [reportOf(grant, { counts, lag: 7, unacknowledged: 2 })]);
    expect(await core.view("s")).toMatchObject({ state: "receiving", counts, lag: 7, unacknowledged: 2 });
    now += LEASE_MS;
    const second = await given("two");
    await turn("two", [reportOf(second, { state: "retrying", counts, error: { text: "broken", ago: 1_000 } })]);
    expect(await core.view("s")).toMatchObject({
      ...{ state: "retrying", reason: "broken", lastError: { at: now - 1_000 } },
      counts: { received: 6, fired: 4, rejected: 2 },
    });
  });
});

it("a question that comes after a later one is not heard: neither what it gives back, nor which packets it speaks of", async () => {
  const number = turns++;
  const grant = await given("one");
  await turn("one", [], { number });
  expect((await turn("one", [reportOf(grant)])).held).toEqual([{ id: "s", counter: 1 }]);
  const packet = (key: string, line: number) => ({
    line,
    packets: [{ number: 7, again: false, digest: "d", key, at: 1 }],
  });
  expect(await admit("one", grant, packet("a", 2))).toEqual([{ key: "a", at: 1 }]);
  core = incarnation();
  await turn("one", [reportOf(grant)]);
  expect(await admit("one", grant, packet("b", 1))).toBeNull();
  expect(await admit("one", grant, packet("b", 2))).toEqual([{ key: "b", at: 1 }]);
  await turn("one", [], { leaving: true });
  expect(await admit("two", await given("two"), packet("c", 1))).toEqual([{ key: "c", at: 1 }]);
});

it("subscriptions are spread over the hosts that ask, and what nobody takes is nobody's share", async () => {
  definitions = Array.from({ length: 10 }, (_, at) => ({
    ...{ id: `s${at}`, revision: "r", kind: "nats" as const, paused: false },
  }));
  await core.changed();
  await turn("two", [], { room: 0 });
  const first = await turn("one");
  expect(first.granted).toHaveLength(5);
  now += TURN_MS;
  await turn("two", [], { room: 0 });
  const held = first.granted.map((grant) => reportOf(grant));
  expect((await turn("one", held)).granted).toHaveLength(0);
  now += 2 * TURN_MS;
  await turn("two", [], { room: 0 });
  expect((await turn("one", held)).granted).toHaveLength(5);
});

describe("a packet of QoS 2", () => {
  const packet = (key: string, more: object = {}) => ({
    packets: [{ number: 7, again: false, digest: "d", key, at: 1, ...more }],
  });

  it("that comes again is known by what it was known by, by whichever host", async () => {
    const grant = await given("one");
    expect(await admit("one", grant, packet("a"))).toEqual([{ key: "a", at: 1 }]);
    now += LEASE_MS;
    core = incarnation();
    now += LEASE_MS;
    const second = await given("two");
    expect(await admit("two", second, packet("b", { again: true, at: 2 }))).toEqual([{ key: "a", at: 1 }]);
    // Asked again, as its answer was lost.
    expect(await admit("two", second, packet("b", { again: true, at: 2 }))).toEqual([{ key: "a", at: 1 }]);
  });

  it("is another message where its number was released, its content is another, or the broker says it is new", async () => {
    const grant = await given("one");
    await admit("one", grant, packet("a"));
    expect(await admit("one", grant, packet("b", { again: true, digest: "other" }))).toEqual([{ key: "b", at: 1 }]);
    expect(await admit("one", grant, packet("c"))).toEqual([{ key: "c", at: 1 }]);
    await admit("one", grant, { released: [7] });
    expect(await admit("one", grant, packet("d", { again: true }))).toEqual([{ key: "d", at: 1 }]);
  });
});
