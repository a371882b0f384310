// Containers made ahead of calls, over an engine in this process.

import { afterEach, expect, test } from "vitest";
import type { Containers } from "../../../runtime-host/container/contract.ts";
import type { PoolLimits } from "../../../runtime-host/pool/pool-state.ts";
import { runOn } from "../engine/actions.ts";
import { FakeEngine, job, poolOf } from "./fake-engine.ts";

const open: Containers[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop({ fast: true });
});

const ahead = (path: string, limits: { memory?: number; concurrency?: number } = {}) =>
  job({ path, limits: { memory: 128, ...limits } });

function world(options: Partial<ConstructorParameters<typeof FakeEngine>[0]> = {}, limits: Partial<PoolLimits> = {}) {
  const inits: string[] = [];
  const engine = new FakeEngine({
    run: (_body, to) => ({ number: to.spec.number }),
    init: (body) => {
      inits.push(String(body.value.name));
      return {};
    },
    ...options,
  });
  const pool = poolOf(engine, limits);
  open.push(pool);
  return { engine, pool, inits };
}

test("its first run needs no init, and is the container's owner's", async () => {
  const { engine, pool, inits } = world();
  expect(await pool.prepare(ahead("guest/it"), { waitMs: 0 })).toEqual({ there: true });
  expect([inits, engine.made.length, engine.made[0]?.spec.owner?.action]).toEqual([["it"], 1, "guest_it"]);
  // Once more changes nothing.
  expect(await pool.prepare(ahead("guest/it"), { waitMs: 0 })).toEqual({ there: true });
  const ran = await runOn(pool, ahead("guest/it"));
  expect(ran.answer).toMatchObject({ ran: true, outcome: { statusCode: 0, result: '{"number":1}' } });
  expect(ran.answer.initTime).toBeUndefined();
  expect([inits, engine.made.length]).toEqual([["it"], 1]);
});

test("a call that comes meanwhile waits for it, and no second one is made", async () => {
  let load = () => {};
  const loaded = new Promise<object>((resolve) => {
    load = () => resolve({});
  });
  const { engine, pool } = world({ init: () => loaded });
  const preparing = pool.prepare(ahead("guest/it"), { waitMs: 0 });
  const run = runOn(pool, ahead("guest/it"));
  await expect.poll(() => engine.made.length).toBe(1);
  load();
  expect(await preparing).toEqual({ there: true });
  expect((await run).answer.initTime).toBeUndefined();
  expect(engine.made.length).toBe(1);
});

test("it goes on counting for its namespace until it has run, and nothing warm is given up for it", async () => {
  const { engine, pool } = world();
  await runOn(pool, ahead("guest/warm"));
  expect(await pool.prepare(ahead("guest/a"), { waitMs: 0 })).toEqual({ there: true });
  const second = await pool.prepare(ahead("guest/b"), { waitMs: 0 });
  expect(second).toMatchObject({ there: false, have: 76, reason: expect.stringContaining("204 MB") });
  await runOn(pool, ahead("guest/a"));
  expect(await pool.prepare(ahead("guest/b"), { waitMs: 0 })).toEqual({ there: true });
  expect(engine.made.map((each) => each.removed)).toEqual([false, false, false]);
});

test("one that cannot be made, or not be given its action, is no more, and the next call makes its own", async () => {
  let fails = true;
  const broken = world({ init: (_body, to) => (fails ? to.reply(502, '{"error":"no parse"}') : {}) });
  const reply = await broken.pool.prepare(ahead("guest/it"), { waitMs: 0 });
  expect(reply).toEqual({ there: false, have: 0, reason: "its action could not be loaded" });
  await expect.poll(() => broken.engine.made[0]?.removed).toBe(true);
  fails = false;
  expect((await runOn(broken.pool, ahead("guest/it"))).answer.initTime).toBeGreaterThanOrEqual(0);
  let refuses = true;
  const bare = world({ create: async () => (refuses ? { ok: false, why: "provision", detail: "no" } : null) });
  expect(await bare.pool.prepare(ahead("guest/it"), { waitMs: 0 })).toMatchObject({
    reason: "its container could not be made",
  });
  refuses = false;
  expect((await runOn(bare.pool, ahead("guest/it"))).answer.outcome.statusCode).toBe(0);
});

test("it waits so long for others that are being made, and no longer; what stops makes none", async () => {
  const creations: (() => void)[] = [];
  const create = () => new Promise<null>((resolve) => creations.push(() => resolve(null)));
  const { engine, pool } = world({ create }, { creations: 1 });
  const first = runOn(pool, ahead("guest/other"));
  await expect.poll(() => creations.length).toBe(1);
  const none = await pool.prepare(ahead("guest/it"), { waitMs: 0 });
  expect(none).toMatchObject({ there: false, reason: "calls wait for the host's containers" });
  const patient = pool.prepare(ahead("guest/it"), { waitMs: 60_000 });
  creations[0]?.();
  await first;
  await expect.poll(() => creations.length).toBe(2);
  creations[1]?.();
  expect(await patient).toEqual({ there: true });
  expect(engine.made.length).toBe(2);
  await pool.stop({ fast: true });
  expect(await pool.prepare(ahead("guest/late"), { waitMs: 0 })).toMatchObject({ reason: "the host is being stopped" });
});

test("an image is fetched before; what the host has not is not made", async () => {
  const { pool } = world({
    fetch: async (image) => (image === "good" ? { ok: true } : { ok: false, why: "pull", detail: "gone" }),
  });
  const blackbox = (image: string) => ({ ...ahead(`guest/${image}`), kind: "blackbox", image });
  expect(await pool.prepare(blackbox("bad"), { waitMs: 0 })).toMatchObject({ reason: "its image cannot be had" });
  expect(await pool.prepare(blackbox("good"), { waitMs: 0 })).toEqual({ there: true });
  expect(await pool.prepare({ ...ahead("guest/x"), kind: "cobol" }, { waitMs: 0 })).toMatchObject({ there: false });
});

test("where runs may overlap, they do from the first on", async () => {
  const both: (() => void)[] = [];
  const { engine, pool } = world({
    hello: '{"concurrent":true}',
    run: (_body, to) => new Promise((resolve) => both.push(() => resolve({ number: to.spec.number }))),
  });
  const shared = ahead("guest/it", { concurrency: 5 });
  await pool.prepare(shared, { waitMs: 0 });
  const runs = [runOn(pool, shared), runOn(pool, shared)];
  await expect.poll(() => both.length).toBe(2);
  for (const answer of both) answer();
  await Promise.all(runs);
  expect(engine.made.length).toBe(1);
});
