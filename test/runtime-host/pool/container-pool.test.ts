// The pool over an engine whose containers are HTTP servers in this process: every turn a container can take,
// without a wait.

import { afterEach, describe, expect, it } from "vitest";
import type { Containers } from "../../../runtime-host/container/contract.ts";
import type { Engine } from "../../../runtime-host/engine/engine.ts";
import type { ContainerPool } from "../../../runtime-host/pool/container-pool.ts";
import type { PoolLimits } from "../../../runtime-host/pool/pool-state.ts";
import { waitFor } from "../../support/wait-for.ts";
import { errorOf, type Ran, runOn } from "../engine/actions.ts";
import { FakeEngine, job, poolOf as makePool } from "./fake-engine.ts";

const open: Containers[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop({ fast: true });
});

function poolOf(engine: Engine, limits: Partial<PoolLimits> = {}): ContainerPool {
  const pool = makePool(engine, limits);
  open.push(pool);
  return pool;
}

describe("a job", () => {
  it("whose container answers 503 runs in another one, and the busy one is never used again", async () => {
    const engine = new FakeEngine({
      run: (_body, to) => (to.spec.number === 1 ? to.reply(503, '{"error":"busy"}') : { number: to.spec.number }),
    });
    const pool = poolOf(engine);
    const ran = await runOn(pool, job());
    expect(ran.answer.outcome).toEqual({ statusCode: 0, result: '{"number":2}' });
    await expect.poll(() => engine.made[0]?.removed).toBe(true);
  });

  it("that every container turns away ends as an internal error, after a few", async () => {
    const engine = new FakeEngine({ run: (_body, to) => to.reply(503, "{}") });
    const ran = await runOn(poolOf(engine), job());
    expect(ran.answer.outcome.statusCode).toBe(3);
    expect(engine.made.length).toBe(5);
  });

  it("is sent byte for byte, with its context and a deadline", async () => {
    let seen: unknown;
    let init: unknown;
    const engine = new FakeEngine({
      init: (body) => {
        init = body.value;
        return {};
      },
      run: (body) => {
        seen = body;
        return {};
      },
    });
    await runOn(poolOf(engine), job({ args: '{"a":[1,2]}', main: "other", initEnv: { X: "1" } }));
    expect(seen).toMatchObject({
      value: { a: [1, 2] },
      namespace: "guest",
      deadline: expect.stringMatching(/^\d{13}$/),
    });
    expect(init).toMatchObject({
      name: "it",
      main: "other",
      code: "code",
      binary: false,
      env: { X: "1", __OW_NAMESPACE: "guest" },
    });
  });

  it.each([
    ["exit", "The action did not produce a valid response and exited unexpectedly.", 2],
    ["memory", "The action exhausted its memory and was aborted.", 2],
    ["engine", "The container engine went away during the run.", 3],
  ] as const)("whose connection breaks says why: %s", async (death, text, statusCode) => {
    const engine = new FakeEngine({ run: () => "hang up", death });
    const ran = await runOn(poolOf(engine), job());
    expect(ran.answer.outcome.statusCode).toBe(statusCode);
    expect(errorOf(ran)).toBe(text);
    await expect.poll(() => engine.made[0]?.removed).toBe(true);
  });

  it.each([
    [200, '{"error":{"code":1.0}}', 1, '{"error":{"code":1.0}}'],
    [200, "[1,2.0]", 0, "[1,2.0]"],
    [502, '{"error":"x"}', 2, '{"error":"x"}'],
    [200, "nonsense", 2, '{"error":"The action did not produce a valid JSON or JSON Array response: nonsense"}'],
  ])("answered with %s %s counts as %s", async (status, body, statusCode, result) => {
    const engine = new FakeEngine({ run: (_body, to) => to.reply(status, body) });
    const { answer } = await runOn(poolOf(engine), job());
    expect(answer.outcome).toEqual({ statusCode, result });
  });

  it("that fails init gets that error, and its container goes", async () => {
    const engine = new FakeEngine({ run: () => ({}), init: (_body, to) => to.reply(502, '{"error":"no parse"}') });
    const ran = await runOn(poolOf(engine), job({ limits: { logs: 0 } }));
    expect(ran.answer.outcome).toEqual({ statusCode: 2, result: '{"error":"no parse"}' });
    expect(ran.logs).toEqual({ lines: "[]" });
    await expect.poll(() => engine.made[0]?.removed).toBe(true);
  });
});

describe("creation", () => {
  it.each([
    ["pull", 2, "Failed to pull container image 'nodejs:20'."],
    ["command", 2, "executable file not found in image nodejs:20"],
    ["provision", 3, "Failed to provision resources to run the action."],
  ] as const)("that fails (%s) ends the call that waited for it, which never ran", async (why, statusCode, text) => {
    const engine = new FakeEngine({ run: () => ({}), create: async () => ({ ok: false, why, detail: "" }) });
    const ran: Ran = await runOn(poolOf(engine), job());
    expect(ran.answer).toMatchObject({ ran: false, outcome: { statusCode } });
    expect(errorOf(ran)).toBe(text);
  });

  it("that finds no engine gives the call back", async () => {
    const engine = new FakeEngine({ run: () => ({}), create: async () => ({ ok: false, why: "engine", detail: "" }) });
    await expect(runOn(poolOf(engine), job())).rejects.toThrow("busy");
  });

  it("does not wait for an image that somebody else's call waits for; those go back when the pool stops", async () => {
    let arrived = () => {};
    const engine = new FakeEngine({
      run: () => ({}),
      fetch: (image) =>
        image === "gone"
          ? Promise.resolve({ ok: false, why: "engine", detail: "no answer" })
          : new Promise((resolve) => {
              arrived = () => resolve({ ok: true });
            }),
    });
    const pool = poolOf(engine, { creations: 1 });
    const blackbox = (image: string) => runOn(pool, { ...job({ path: `guest/${image}` }), kind: "blackbox", image });
    const slow = blackbox("slow");
    await expect(blackbox("gone")).rejects.toThrow("refused: busy");
    expect((await runOn(pool, job())).answer.outcome.statusCode).toBe(0);
    expect(engine.made).toHaveLength(1);
    arrived();
    expect((await slow).answer.outcome.statusCode).toBe(0);
    const never = expect(blackbox("never")).rejects.toThrow("refused: draining");
    await pool.stop({ fast: true });
    await never;
  });

  it("is bounded, and calls for many actions at once are served in order", async () => {
    const order: string[] = [];
    const engine = new FakeEngine({
      create: () => new Promise((resolve) => setTimeout(() => resolve(null), 10)),
      run: (body) => {
        order.push(String(body.value.n));
        return {};
      },
    });
    const pool = poolOf(engine);
    const jobs = Array.from({ length: 8 }, (_, n) =>
      job({ path: `guest/a${n}`, args: `{"n":${n}}`, limits: { memory: 128 } }),
    );
    await Promise.all(jobs.map((each) => runOn(pool, each)));
    expect(engine.most).toBe(2);
    expect(order).toEqual(order.toSorted());
  });

  it("is not waited for where a warm container becomes free first", async () => {
    const creations: (() => void)[] = [];
    const engine = new FakeEngine({
      create: () => new Promise((resolve) => creations.push(() => resolve(null))),
      run: async (_body, to) => {
        // The second of two is not done before a container for it is being made.
        while (to.runs === 2 && creations.length < 2) await new Promise((resolve) => setImmediate(resolve));
        return { number: to.spec.number };
      },
    });
    const pool = poolOf(engine);
    const first = runOn(pool, job());
    await waitFor(() => expect(creations).toHaveLength(1));
    creations[0]?.();
    await first;
    const both = await Promise.all([runOn(pool, job()), runOn(pool, job())]);
    expect(both.map((each) => each.answer.outcome.result)).toEqual(['{"number":1}', '{"number":1}']);
    expect([creations.length, engine.made.length]).toEqual([2, 1]);
    creations[1]?.();
  });
});

describe("containers", () => {
  it("make room for another action, oldest first, and memory stays within its bound", async () => {
    const engine = new FakeEngine({ run: () => ({}) });
    const pool = poolOf(engine, { memoryMb: 512 });
    for (const name of ["a", "b", "c", "d", "e"]) {
      await runOn(pool, job({ path: `guest/${name}` }));
      expect(pool.stats().memoryUsed).toBeLessThanOrEqual(512);
    }
    expect(engine.made[0]?.removed).toBe(true);
    expect(engine.made[4]?.removed).toBe(false);
  });

  it("that cannot be removed at first are removed later, and count until then", async () => {
    let refusals = 0;
    let willing = false;
    const engine = new FakeEngine({
      run: (_body, to) => to.reply(500, "{}"),
      remove: async () => {
        if (willing) return;
        refusals++;
        throw new Error("not now");
      },
    });
    const pool = poolOf(engine);
    await runOn(pool, job());
    await waitFor(() => expect(refusals).toBeGreaterThan(0));
    expect(pool.stats().memoryUsed).toBe(128);
    willing = true;
    await expect.poll(() => pool.stats().memoryUsed).toBe(0);
  });

  it("take overlapping runs where action and runtime allow it; one that fails lets the others finish", async () => {
    const finish: (() => void)[] = [];
    const engine = new FakeEngine({
      hello: '{"edgewhisk":1,"concurrent":true}',
      run: async (body, to) => {
        if (body.value.bad === true) return to.reply(502, '{"error":"bad"}');
        if (body.value.wait === true) await new Promise<void>((resolve) => finish.push(resolve));
        return { number: to.spec.number };
      },
    });
    const pool = poolOf(engine);
    const shared = (args: string) => job({ args, limits: { concurrency: 3 } });
    await runOn(pool, shared("{}"));
    const waiting = [runOn(pool, shared('{"wait":true}')), runOn(pool, shared('{"wait":true}'))];
    await waitFor(() => expect(finish).toHaveLength(2));
    const bad = await runOn(pool, shared('{"bad":true}'));
    expect(bad.answer.outcome.statusCode).toBe(2);
    for (const each of finish) each();
    for (const each of await Promise.all(waiting)) {
      expect(each.answer.outcome).toEqual({ statusCode: 0, result: '{"number":1}' });
    }
    await expect.poll(() => engine.made[0]?.removed).toBe(true);
    expect((await runOn(pool, shared("{}"))).answer.outcome.result).toBe('{"number":2}');
  });

  it("take one run at a time where the runtime does not say that it can take more", async () => {
    const busy = new Map<number, number>();
    let most = 0;
    const engine = new FakeEngine({
      run: async (_body, to) => {
        const { number } = to.spec;
        busy.set(number, (busy.get(number) ?? 0) + 1);
        most = Math.max(most, busy.get(number) ?? 0);
        // Long enough for the other one to arrive here, were it sent here.
        for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
        busy.set(number, (busy.get(number) ?? 0) - 1);
        return {};
      },
    });
    const pool = poolOf(engine);
    const shared = () => job({ limits: { concurrency: 3 } });
    await runOn(pool, shared());
    const two = await Promise.all([runOn(pool, shared()), runOn(pool, shared())]);
    expect(two.every((each) => each.answer.outcome.statusCode === 0)).toBe(true);
    expect(most).toBe(1);
  });
});
