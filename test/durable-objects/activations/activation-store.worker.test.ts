// The activation store in workerd, with schedulers and hosts at work behind it.

import { abortAllDurableObjects, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { ROSTER_NAME, storeNameOf } from "../../../src/protocol/names.ts";
import type { ActivationStoreRpc } from "../../../src/protocol/rpc.ts";
import { openRecordTable } from "../../../src/storage/open.ts";
import { migrateRecords } from "../../support/migrate.worker.ts";
import { waitFor } from "../../support/wait-for.ts";
import { completion, dropHosts, freshName, invocation, TestHost, testEnv } from "../host.worker.ts";

afterEach(async () => {
  await dropHosts();
  await reset();
});

const namespaceOf = () => crypto.randomUUID();

function storeOf(call: { id: string; about: { namespaceId: string } }) {
  return testEnv().ACTIVATIONS.getByName(storeNameOf(call));
}

/** Calls in one namespace of their own, all in one store. */
function calls(count: number, options: { memory?: number; store?: boolean } = {}) {
  const namespaceId = namespaceOf();
  return Array.from({ length: count }, () => {
    const limits = { timeout: 60_000, memory: options.memory ?? 256, logs: 10, concurrency: 1 };
    const store = options.store === undefined ? {} : { store: options.store };
    return { ...invocation({ about: { namespaceId, limits, ...store } }), blocking: false };
  });
}

async function ended(store: ActivationStoreRpc, ids: string[]) {
  const found = await Promise.all(ids.map((id) => store.await(id, { ms: 8_000 })));
  return found.map((each) => each.record?.statusCode);
}

test("accepted work is offered, run and recorded", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const [call] = calls(1);
  const store = storeOf(call!);
  expect(await store.accept([call!], { candidates: [`${host.name}/0`] })).toEqual({ kind: "accepted" });
  expect(await store.await(call!.id, { ms: 5_000 })).toMatchObject({ known: true, record: { statusCode: 0 } });
  expect(await store.backlog()).toMatchObject({ waiting: 0, running: 0 });
});

test("accepting the same call twice runs it once", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const [call, next] = calls(2);
  const store = storeOf(call!);
  const candidates = [`${host.name}/0`];
  await store.accept([call!], { candidates });
  await store.await(call!.id, { ms: 5_000 });
  await store.accept([call!], { candidates });
  // What was offered before it has been started when this one ends.
  await store.accept([next!], { candidates });
  await store.await(next!.id, { ms: 5_000 });
  expect(host.runs.map((run) => run.invocation.id)).toEqual([call!.id, next!.id]);
  expect(await store.backlog()).toMatchObject({ waiting: 0, running: 0 });
});

test("what the home declines goes to the next candidate", async () => {
  const full = new TestHost(freshName(), { memory: 128 });
  const free = new TestHost(freshName());
  await Promise.all([full.join(), free.join()]);
  const [call] = calls(1);
  const store = storeOf(call!);
  await store.accept([call!], { candidates: [`${full.name}/0`, `${free.name}/0`] });
  expect(await ended(store, [call!.id])).toEqual([0]);
  expect([full.runs.length, free.runs.length]).toEqual([0, 1]);
});

test("more work than fits waits in the store and is pulled as memory frees", async () => {
  const host = new TestHost(freshName(), { memory: 512 });
  let most = 0;
  let running = 0;
  host.onRun = (run) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running--;
      host.record(run);
    }, 5);
  };
  await host.join();
  const list = calls(40);
  const store = storeOf(list[0]!);
  await store.accept(list, { candidates: [`${host.name}/0`] });
  expect(
    await ended(
      store,
      list.map((call) => call.id),
    ),
  ).toEqual(list.map(() => 0));
  expect(most).toBe(2);
  expect(host.runs.length).toBe(40);
});

test("work without any host waits with the reason, and a host that joins gets it", async () => {
  const name = freshName();
  const [call] = calls(1);
  const store = storeOf(call!);
  await store.accept([call!], { candidates: [], obstacle: "nobody is there" });
  expect(await store.backlog()).toMatchObject({ waiting: 1, reason: "nobody is there" });
  await runDurableObjectAlarm(store);
  expect(await store.backlog()).toMatchObject({ waiting: 1, reason: "no runtime host is connected" });
  const host = new TestHost(name);
  await host.join();
  expect(await ended(store, [call!.id])).toEqual([0]);
});

test("a store that is aborted with work out and waiting loses nothing and starts nothing twice", async () => {
  const name = freshName();
  const host = new TestHost(name, { memory: 512 });
  host.onRun = () => {};
  await host.join();
  const list = calls(5);
  const store = storeOf(list[0]!);
  await store.accept(list, { candidates: [`${name}/0`] });
  await host.until(() => host.runs.length === 2);
  await waitFor(async () => expect(await store.backlog()).toMatchObject({ running: 2, waiting: 3 }));
  await abortAllDurableObjects();
  const again = storeOf(list[0]!);
  expect(await again.backlog()).toMatchObject({ running: 2, waiting: 3 });
  host.running = host.runs.map((run) => ({
    id: run.invocation.id,
    attempt: 1,
    lease: run.lease,
    memory: 256,
    about: run.invocation.about,
  }));
  const before = [...host.runs];
  host.onRun = (run) => host.record(run);
  await host.join();
  for (const run of before) host.record(run);
  await runDurableObjectAlarm(again);
  expect(
    await ended(
      again,
      list.map((call) => call.id),
    ),
  ).toEqual([0, 0, 0, 0, 0]);
  expect(new Set(host.runs.map((run) => run.invocation.id)).size).toBe(host.runs.length);
});

test("the first record wins, a stale attempt changes nothing, an unknown id is adopted", async () => {
  const [call, other] = calls(2);
  const store = storeOf(call!);
  const from = { scheduler: "nobody/0", epoch: 1 };
  const finished = (attempt: number, result: string) => ({
    id: call!.id,
    attempt,
    lease: { epoch: 1, counter: 1 },
    about: call!.about,
    completion: completion(result),
  });
  await store.accept([call!], { candidates: [] });
  const [pulled] = await store.pull("nobody/0", { epoch: 1, boot: "b", memory: 512, max: 10 });
  expect(pulled).toMatchObject({ attempt: 1, invocation: { id: call!.id } });
  await store.declined([{ id: call!.id, attempt: 1 }], { scheduler: "nobody/0" });
  await store.complete([finished(1, '{"late":1}')], from);
  expect(await store.get(call!.id)).toMatchObject({
    ...{ record: null, known: true },
    // What looks for another host may have looked by now.
    waiting: { reason: expect.stringMatching(/^(the host declined|no runtime host is connected)$/) },
  });
  await store.pull("nobody/0", { epoch: 1, boot: "b", memory: 512, max: 10 });
  await store.complete([finished(2, '{"first":1}'), finished(2, '{"second":1}')], from);
  expect((await store.get(call!.id)).record?.result).toEqual({ inline: '{"first":1}' });
  expect((await store.fail(call!.id, { about: call!.about, reason: "x" })).statusCode).toBe(0);
  await store.complete([{ ...finished(4, '{"adopted":1}'), id: other!.id }], from);
  expect((await store.get(other!.id)).record?.result).toEqual({ inline: '{"adopted":1}' });
});

test("a call whose storing is off is answered to who waits, and is neither got nor listed", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const [call] = calls(1, { store: false });
  const store = storeOf(call!);
  await store.accept([call!], { candidates: [`${host.name}/0`] });
  expect((await store.await(call!.id, { ms: 5_000 })).record).toMatchObject({ statusCode: 0 });
  expect(await store.get(call!.id)).toEqual({ record: null, known: false });
  expect((await store.page({}, 10)).records).toEqual([]);
});

test("the roster hears of waiting work, and again when there is none", async () => {
  const [call] = calls(1);
  const store = storeOf(call!);
  const roster = testEnv().ROSTER.getByName(ROSTER_NAME);
  const entry = {
    ...{ scheduler: "x/0", host: "x", epoch: 1, connected: true, draining: false },
    ...{ memory: 1, engine: "test", build: "test", blackbox: false, runtimes: [], since: 0 },
  };
  await roster.createHost("x", { rotate: false });
  await store.accept([call!], { candidates: [] });
  await runDurableObjectAlarm(store);
  expect(await roster.report(entry)).toContain(storeNameOf(call!));
  await store.fail(call!.id, { about: call!.about, reason: "test" });
  await runDurableObjectAlarm(store);
  expect(await roster.report({ ...entry, connected: false })).toEqual([]);
  expect(await roster.report(entry)).not.toContain(storeNameOf(call!));
});

test("an object with nothing open hands its records over and sets no alarm but for their tombstones", async () => {
  await migrateRecords();
  const [call] = calls(1);
  const store = storeOf(call!);
  await store.open({ id: call!.id, about: call!.about, scheduler: "nobody/0", deadline: Date.now() + 1_000 });
  await store.fail(call!.id, { about: call!.about, reason: "test" });
  await runDurableObjectAlarm(store);
  // The record is in the object's own keeping for a moment, and then in the table alone.
  const soon = await runInDurableObject(store, (_, state) => state.storage.getAlarm());
  expect(soon).toBeGreaterThan(Date.now());
  expect(soon).toBeLessThan(Date.now() + 60_000);
  await runInDurableObject(
    store,
    (_, { storage }) => void storage.sql.exec("UPDATE records SET stored = stored - 30000"),
  );
  await abortAllDurableObjects();
  const again = storeOf(call!);
  await again.get(call!.id);
  await runDurableObjectAlarm(again);
  const table = openRecordTable(testEnv());
  await waitFor(async () => expect(await table.get(call!.about.namespaceId, call!.id)).not.toBeNull());
  expect((await again.page({}, 10)).records).toEqual([]);
  expect((await again.get(call!.id)).record).toMatchObject({ activationId: call!.id, statusCode: 3, meta: { v: 1 } });
  await waitFor(async () => {
    await runDurableObjectAlarm(again);
    const alarm = await runInDurableObject(again, (_, state) => state.storage.getAlarm());
    expect(alarm).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  });
});

test("who accepts and waits is told the record, or that it is accepted when his time is over", async () => {
  const host = new TestHost(freshName());
  host.onRun = () => {};
  await host.join();
  const [call] = calls(1);
  const store = storeOf(call!);
  const candidates = [`${host.name}/0`];
  expect(await store.accept([call!], { candidates, waitMs: 20 })).toEqual({ kind: "accepted" });
  const again = store.accept([call!], { candidates, waitMs: 10_000 });
  await host.until(() => host.runs.length === 1);
  host.record(host.runs[0]!);
  expect(await again).toMatchObject({ kind: "accepted", record: { activationId: call!.id, statusCode: 0 } });
});
