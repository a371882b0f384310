// Shares of limits in many isolates over one throttle, under a clock of its own: what is granted, what is refused, what
// is given back.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Permits } from "../../durable-objects/throttle/permits.ts";
import { PermitLeases } from "../../src/invocation/permit-leases.ts";
import type { Permit, PermitRequest, ThrottleRpc } from "../../src/protocol/throttle.ts";

const MINUTE = 60_000;
/** A place whose end was not heard of is free after this (ms). */
const SLOT = 660_000;

class Clock {
  now: number;
  readonly #due: { at: number; run: () => void }[] = [];

  constructor(now: number) {
    this.now = now;
  }

  sleep(ms: number): Promise<undefined> {
    return new Promise((resolve) => this.#due.push({ at: this.now + ms, run: () => resolve(undefined) }));
  }

  /** Until nothing is due before `until`. */
  async run(until: number): Promise<void> {
    for (;;) {
      // All that follows from what was due happens before the clock goes on.
      for (let n = 0; n < 30; n++) await Promise.resolve();
      const next = this.#due.toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > until) break;
      this.#due.splice(this.#due.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = until;
  }
}

/** The object, some ms away. */
class Throttle {
  permits = new Permits();
  asked = 0;
  readonly #clock: Clock;
  readonly #far: () => number;
  #written: ReturnType<Permits["unwritten"]> = null;

  constructor(clock: Clock, far: () => number) {
    this.#clock = clock;
    this.#far = far;
  }

  lose(): void {
    this.permits = new Permits(this.#written ?? undefined);
  }

  rpc(): Pick<ThrottleRpc, "enter" | "hold" | "leave" | "lease" | "settle" | "usage"> {
    const clock = this.#clock;
    return {
      enter: (request) =>
        this.#call(async () => {
          const { permits } = this;
          permits.settle(request.settled ?? [], clock.now);
          const until = clock.now + 2_000;
          while (clock.now < until && permits.undecided(request, clock.now) > 0) await clock.sleep(10);
          return permits.enter(request, clock.now);
        }),
      lease: (request) => this.#call(async () => this.permits.lease(request, clock.now)),
      settle: (reports) => this.#call(async () => this.permits.settle(reports, clock.now)),
      usage: () => this.#call(async () => this.permits.usage(clock.now)),
      hold: (request) => this.#call(async () => this.permits.hold(request, clock.now)),
      leave: (ids) => this.#call(async () => this.permits.leave(ids, clock.now)),
    };
  }

  async #call<T>(run: () => Promise<T>): Promise<T> {
    this.asked++;
    await this.#clock.sleep(this.#far());
    const asked = this.permits;
    const answer = await run();
    // What is lost answers nobody.
    if (this.permits !== asked) throw new Error("the throttle was lost");
    this.#written = this.permits.unwritten() ?? this.#written;
    await this.#clock.sleep(this.#far());
    return answer;
  }
}

interface Plan {
  isolates: number;
  perMinute: number;
  atATime: number;
  calls: { at: number; isolate: number; runMs: number; mayLease: boolean; held: boolean }[];
  lost: { at: number; isolate: number | null }[];
  far: number;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  isolates: fc.integer({ min: 1, max: 5 }),
  perMinute: fc.integer({ min: 5, max: 150 }),
  atATime: fc.integer({ min: 1, max: 30 }),
  calls: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 4_000 }),
      isolate: fc.nat(4),
      runMs: fc.integer({ min: 1, max: 800 }),
      mayLease: fc.integer({ min: 0, max: 9 }).map((each) => each > 0),
      held: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
    }),
    { minLength: 50, maxLength: 250 },
  ),
  lost: fc.array(fc.record({ at: fc.integer({ min: 0, max: 4_000 }), isolate: fc.option(fc.nat(4)) }), {
    maxLength: 2,
  }),
  far: fc.integer({ min: 0, max: 20 }),
});

function portsOf(clock: Clock) {
  return { now: () => clock.now, sleep: (ms: number) => clock.sleep(ms), warn: () => undefined };
}

function silent<T extends object>(rpc: T): T {
  return new Proxy(rpc, { get: () => () => new Promise(() => undefined) });
}

interface Told {
  at: number;
  permit: Permit;
}

async function played({ isolates, perMinute, atATime, calls, lost, far }: Plan) {
  const began = 10 * MINUTE - 2_000;
  const clock = new Clock(began);
  const throttle = new Throttle(clock, () => far);
  const limits = { invocationsPerMinute: perMinute, concurrentInvocations: atATime };
  const dead = new Set<PermitLeases>();
  const leasesOf = (name: string): PermitLeases => {
    // Of one that is lost nothing is heard any more.
    const handle = () => (dead.has(leases) ? silent(throttle.rpc()) : throttle.rpc());
    const leases = new PermitLeases({ ...portsOf(clock), throttle: handle }, name);
    return leases;
  };
  const serving = Array.from({ length: isolates }, (_, at) => leasesOf(`isolate${at}`));
  const told: Told[] = [];
  let running = 0;
  let most = 0;
  const call = async (id: string, { at, isolate, runMs, mayLease, held }: Plan["calls"][number]) => {
    await clock.sleep(at);
    const leases = serving[isolate % isolates]!;
    const permits = leases.of("ns", () => undefined);
    const request: PermitRequest = { id, kind: "invoke", limits, expiresAt: clock.now + SLOT };
    const permit = await Promise.resolve(permits.enter(request, { mayLease })).catch(() => null);
    if (permit === null || dead.has(leases)) return;
    told.push({ at: clock.now, permit });
    if (!permit.ok) return;
    running++;
    most = Math.max(most, running);
    if (held) {
      await permits
        .hold({ id, memory: { wanted: 1 }, action: { path: "a" }, expiresAt: clock.now + SLOT })
        .catch(() => undefined);
    }
    await clock.sleep(runMs);
    running--;
    // Its store says so as well, sooner or later.
    if (!dead.has(leases)) void permits.leave([id])?.catch(() => undefined);
    void clock.sleep(5).then(() =>
      throttle
        .rpc()
        .leave([id])
        .catch(() => undefined),
    );
  };
  const over = calls.map((each, at) => call(`c${at}`, each));
  const losses = lost.map(async ({ at, isolate }) => {
    await clock.sleep(at);
    if (isolate === null) throttle.lose();
    else {
      dead.add(serving[isolate % isolates]!);
      serving[isolate % isolates] = leasesOf(`isolate${isolate}-${at}`);
    }
  });
  await clock.run(began + 9_000);
  await Promise.all([...over, ...losses]);
  return { clock, throttle, told, most, limits };
}

/** Of an id by its own, asked by nobody who has a share. */
async function free(world: Awaited<ReturnType<typeof played>>, most: number): Promise<number> {
  const { clock, throttle, limits } = world;
  let granted = 0;
  for (let n = 0; n <= most; n++) {
    const request: PermitRequest = {
      id: `after${n}`,
      kind: "invoke",
      limits: { ...limits, invocationsPerMinute: 1e6 },
      expiresAt: clock.now + SLOT,
    };
    if (throttle.permits.undecided(request, clock.now) === 0 && throttle.permits.enter(request, clock.now).ok)
      granted++;
  }
  return granted;
}

test("no more calls are granted in a minute than the limit, whatever is lost, by whatever many isolates", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { told } = await played(plan);
      const granted = told.filter(({ permit }) => permit.ok).length;
      // Half of them are of the next minute.
      expect(granted).toBeLessThanOrEqual(2 * plan.perMinute);
      const before = told.filter(({ at, permit }) => permit.ok && at < 10 * MINUTE).length;
      expect(before).toBeLessThanOrEqual(plan.perMinute);
    }),
    { numRuns: 40, seed: 17 },
  );
});

test("nothing lost, no more run at a time than may, nobody is refused for what is not used, and all of it is back", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (drawn) => {
      const plan = { ...drawn, lost: [] };
      const world = await played(plan);
      expect(world.most).toBeLessThanOrEqual(plan.atATime);
      expect(world.told).toHaveLength(plan.calls.length);
      for (const [at, { permit }] of world.told.entries()) {
        if (permit.ok || permit.reason !== "rate") continue;
        // Refused calls count as well.
        expect(at + 1).toBeGreaterThan(plan.perMinute);
        expect(permit.count).toBeGreaterThan(plan.perMinute);
      }
      expect(await free(world, plan.atATime)).toBe(plan.atATime);
    }),
    { numRuns: 40, seed: 17 },
  );
});

test("two seconds after an isolate was lost its places are free again, but those of calls that are known to run", async () => {
  const calls = Array.from({ length: 40 }, (_, at) => ({
    at: 10 * at,
    isolate: 0,
    runMs: 5,
    mayLease: true,
    held: false,
  }));
  const plan = { isolates: 1, perMinute: 100_000, atATime: 40, calls, lost: [{ at: 205, isolate: 0 }], far: 1 };
  const world = await played({ ...plan, calls: calls.filter(({ at }) => at < 200) });
  expect(await free(world, 40)).toBe(40);
});

test("a busy namespace asks a few times a second, one that calls now and then each time", async () => {
  const often = Array.from({ length: 3_000 }, (_, at) => ({ at, isolate: 0, runMs: 1, mayLease: true, held: false }));
  const plan = { isolates: 1, perMinute: 1_000_000, atATime: 100, calls: often, lost: [], far: 0 };
  const busy = await played(plan);
  expect(busy.told.every(({ permit }) => permit.ok)).toBe(true);
  const tellings = 3_000; // Of its stores.
  expect(busy.throttle.asked - tellings).toBeLessThan(40);
  const seldom = [0, 1_500, 3_000].map((at) => ({ at, isolate: 0, runMs: 1, mayLease: true, held: false }));
  const quiet = await played({ ...plan, calls: seldom });
  expect(quiet.throttle.asked).toBe(9);
});

test("who has other limits, or must be known by name, uses nobody's share", async () => {
  const clock = new Clock(MINUTE);
  const throttle = new Throttle(clock, () => 0);
  const permits = new PermitLeases({ ...portsOf(clock), throttle: () => throttle.rpc() }, "isolate").of(
    "ns",
    () => undefined,
  );
  let made = 0;
  const enter = async (perMinute: number, mayLease = true): Promise<number> => {
    const before = throttle.asked;
    const limits = { invocationsPerMinute: perMinute, concurrentInvocations: 100 };
    const asked = permits.enter(
      { id: `c${made++}`, kind: "invoke", limits, expiresAt: clock.now + SLOT },
      { mayLease },
    );
    await clock.run(clock.now + 1);
    expect(await asked).toMatchObject({ ok: true });
    return throttle.asked - before;
  };
  expect([await enter(1_000), await enter(1_000), await enter(1_000)]).toEqual([1, 1, 0]);
  expect(await enter(1_000, false)).toBe(1);
  expect(await enter(1_000)).toBe(0);
  expect(await enter(900)).toBe(1);
});

test("a share is used no longer than it was given for, and asked for anew by who comes later", async () => {
  const clock = new Clock(MINUTE);
  const throttle = new Throttle(clock, () => 0);
  const later: Promise<unknown>[] = [];
  const leases = new PermitLeases({ ...portsOf(clock), throttle: () => throttle.rpc() }, "isolate");
  // Its requests go without a word, and what they would have told with them.
  const permits = leases.of("ns", (work) => void later.push(work.catch(() => undefined)));
  const limits = { invocationsPerMinute: 1_000, concurrentInvocations: 100 };
  const enter = async (id: string): Promise<number> => {
    const before = throttle.asked;
    const asked = permits.enter({ id, kind: "invoke", limits, expiresAt: clock.now + SLOT }, { mayLease: true });
    await clock.run(clock.now + 1);
    await asked;
    return throttle.asked - before;
  };
  expect([await enter("1"), await enter("2"), await enter("3")]).toEqual([1, 1, 0]);
  clock.now += 999;
  expect(await enter("4")).toBeGreaterThan(0);
});

test("a call by a share gives back its place without a word to anybody, one that was asked for by name with one", async () => {
  const clock = new Clock(MINUTE);
  const throttle = new Throttle(clock, () => 0);
  const leases = new PermitLeases({ ...portsOf(clock), throttle: () => throttle.rpc() }, "isolate");
  const permits = leases.of("ns", () => undefined);
  const limits = { invocationsPerMinute: 1_000, concurrentInvocations: 100 };
  for (const id of ["1", "2", "3"]) {
    const asked = permits.enter({ id, kind: "invoke", limits, expiresAt: clock.now + SLOT }, { mayLease: true });
    await clock.run(clock.now + 1);
    expect(await asked).toMatchObject({ ok: true });
  }
  const before = throttle.asked;
  expect(permits.leave(["3"])).toBeNull();
  expect(throttle.asked).toBe(before);
  const told = permits.leave(["1"]);
  await clock.run(clock.now + 1);
  expect(await told).toBeUndefined();
  expect(throttle.asked).toBe(before + 1);
});
