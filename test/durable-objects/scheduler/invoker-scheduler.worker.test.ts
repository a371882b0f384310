// The scheduler object in workerd, with a host at the other end of a real socket.

import { abortAllDurableObjects, evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import type { ActivationMeta } from "../../../src/entities/activation.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import { storeNameOf } from "../../../src/protocol/names.ts";
import { aboutDigest, Proofs } from "../../../src/protocol/proofs.ts";
import { migrateRecords } from "../../support/migrate.worker.ts";
import { completion, dropHosts, freshName, invocation, TestHost, testEnv } from "../host.worker.ts";

afterEach(async () => {
  await dropHosts();
  await reset();
  await migrateRecords();
});

function schedulerOf(host: TestHost) {
  return testEnv().SCHEDULER.getByName(`${host.name}/0`);
}

function leaseOf(host: TestHost, run: { id: string; attempt: number; about: ActivationMeta }) {
  const grant = { host: host.name, id: run.id, attempt: run.attempt, about: aboutDigest(run.about) };
  return new Proofs({ current: testEnv().MASTER_SECRET, previous: null }).lease(grant, { epoch: 1, turn: 0 });
}

function storeOf(call: { id: string; about: { namespaceId: string } }) {
  return testEnv().ACTIVATIONS.getByName(storeNameOf(call));
}

test("a call to a scheduler without a host is not ready, and nothing is written", async () => {
  const scheduler = testEnv().SCHEDULER.getByName(`${freshName()}/0`);
  expect(await scheduler.invoke(invocation(), { waitMs: 100 })).toMatchObject({ kind: "not-ready" });
  await runInDurableObject(scheduler, (_, state) => {
    expect(state.storage.kv.get("epoch")).toBeUndefined();
  });
});

test("a blocking call runs on the host, is answered, recorded and confirmed to the host", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const call = invocation();
  const reply = await schedulerOf(host).invoke(call, { waitMs: 5_000 });
  expect(reply).toMatchObject({ kind: "done", completion: { statusCode: 0, result: { inline: '{"ok":true}' } } });
  await host.until(() => host.stored().includes(call.id));
  const { record } = await storeOf(call).get(call.id);
  expect(record).toMatchObject({ activationId: call.id, statusCode: 0, namespace: "guest" });
  expect(await schedulerOf(host).status()).toMatchObject({ running: 0, used: 0, ready: true, epoch: 1 });
});

test("a call that lasts longer than its wait is answered 'waiting' and goes on", async () => {
  const host = new TestHost(freshName());
  host.onRun = () => {};
  await host.join();
  const call = invocation();
  expect(await schedulerOf(host).invoke(call, { waitMs: 20 })).toEqual({ kind: "waiting" });
  expect(await schedulerOf(host).holds([call.id, "0".repeat(32)])).toMatchObject({ held: [call.id] });
  host.record(host.runs[0]!);
  expect((await storeOf(call).await(call.id, { ms: 2_000 })).record).toMatchObject({ statusCode: 0 });
});

test("a result releases caller and memory before the record comes", async () => {
  const host = new TestHost(freshName(), { memory: 256 });
  host.onRun = (run) =>
    host.send({ t: "result", id: run.invocation.id, attempt: 1, lease: run.lease, completion: completion() });
  await host.join();
  const scheduler = schedulerOf(host);
  const call = invocation();
  expect(await scheduler.invoke(call, { waitMs: 1_000 })).toMatchObject({ kind: "done" });
  expect((await scheduler.status()).used).toBe(0);
  expect((await scheduler.holds([call.id])).held).toEqual([call.id]);
  host.record(host.runs[0]!);
  await host.until(() => host.stored().includes(call.id));
});

test("a full host is busy, and says so at once", async () => {
  const host = new TestHost(freshName(), { memory: 512 });
  host.onRun = () => {};
  await host.join();
  const scheduler = schedulerOf(host);
  const first = [scheduler.invoke(invocation(), { waitMs: 300 }), scheduler.invoke(invocation(), { waitMs: 300 })];
  await host.until(() => host.runs.length === 2);
  expect(await scheduler.invoke(invocation(), { waitMs: 300 })).toEqual({ kind: "busy" });
  for (const run of host.runs) host.record(run);
  for (const reply of await Promise.all(first)) expect(reply.kind).toBe("done");
});

test("actions of a kind the host lacks are not admitted", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const call = invocation();
  call.exec.kind = "python:3.10";
  expect(await schedulerOf(host).invoke(call, { waitMs: 100 })).toMatchObject({
    kind: "not-ready",
    reason: expect.stringContaining("python:3.10"),
  });
});

test("an activation credential is minted for the run", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const call = invocation({ credential: "activation" });
  await schedulerOf(host).invoke(call, { waitMs: 2_000 });
  expect(host.runs[0]?.key).toMatch(new RegExp(`^${call.about.namespaceId}:.{64}$`));
});

test("a sealed key that cannot be opened is not handed on: the action gets a credential", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const call = { ...invocation({ credential: "owner" }), sealedKey: "v1.nonsense" };
  const reply = await schedulerOf(host).invoke(call, { waitMs: 2_000 });
  expect(reply).toMatchObject({ kind: "done", completion: { statusCode: 0 } });
  expect(host.runs[0]?.key).toMatch(new RegExp(`^${call.about.namespaceId}:ac2\\.`));
});

test("a refused run is busy for its caller", async () => {
  const host = new TestHost(freshName());
  host.onRun = (run) =>
    host.send({ t: "refused", id: run.invocation.id, attempt: 1, lease: run.lease, reason: "busy" });
  await host.join();
  expect(await schedulerOf(host).invoke(invocation(), { waitMs: 1_000 })).toEqual({ kind: "busy" });
});

test("a restarted host loses what ran: the caller hears it and the record says so", async () => {
  const name = freshName();
  const host = new TestHost(name);
  host.onRun = () => {};
  await host.join();
  const call = invocation();
  const reply = schedulerOf(host).invoke(call, { waitMs: 10_000 });
  await host.until(() => host.runs.length === 1);
  host.drop();
  const reborn = new TestHost(name);
  await reborn.join();
  expect(await reply).toMatchObject({ kind: "lost" });
  const { record } = await storeOf(call).await(call.id, { ms: 2_000 });
  expect(record).toMatchObject({ statusCode: 3, result: { inline: expect.stringContaining("may have started") } });
  expect(await schedulerOf(host).status()).toMatchObject({ used: 0, epoch: 2 });
});

test("a record the restarted host had kept is the outcome", async () => {
  const name = freshName();
  const host = new TestHost(name);
  host.onRun = () => {};
  await host.join();
  const call = invocation();
  const reply = schedulerOf(host).invoke(call, { waitMs: 10_000 });
  await host.until(() => host.runs.length === 1);
  host.drop();
  const reborn = new TestHost(name);
  reborn.kept = [{ id: call.id, attempt: 1 }];
  await reborn.join();
  reborn.record(host.runs[0]!, '{"kept":1}');
  expect(await reply).toMatchObject({ kind: "done", completion: { result: { inline: '{"kept":1}' } } });
});

test("a run whose frame went down with the socket is sent again to the same boot", async () => {
  const host = new TestHost(freshName());
  host.onRun = () => {};
  await host.join();
  const reply = schedulerOf(host).invoke(invocation(), { waitMs: 10_000 });
  await host.until(() => host.runs.length === 1);
  host.drop();
  host.onRun = (run) => host.record(run);
  await host.join();
  expect(await reply).toMatchObject({ kind: "done" });
  expect(host.runs.map((run) => run.lease)).toEqual([host.runs[0]?.lease, host.runs[0]?.lease]);
});

test("after an eviction the host is welcomed under a higher epoch and its runs are found again", async () => {
  const host = new TestHost(freshName(), { memory: 256 });
  await host.join();
  const scheduler = schedulerOf(host);
  // A run only the host knows: the object would not sleep while it expects something itself.
  const call = invocation();
  const lease = leaseOf(host, { ...call, attempt: 1 });
  host.running = [{ id: call.id, attempt: 1, lease, memory: 256, about: call.about }];
  let instance: unknown;
  await runInDurableObject(scheduler, (object) => {
    instance = object;
  });
  await evictDurableObject(scheduler);
  expect(await scheduler.invoke(invocation(), { waitMs: 1_000 })).toEqual({ kind: "busy" });
  await runInDurableObject(scheduler, (object) => expect(object).not.toBe(instance));
  expect(await scheduler.status()).toMatchObject({ epoch: 2, used: 256, running: 1, ready: true });
  host.send({ t: "record", id: call.id, attempt: 1, lease, about: call.about, completion: completion() });
  await host.until(() => host.stored().includes(call.id));
  expect(await scheduler.status()).toMatchObject({ used: 0 });
});

test("a scheduler that is aborted while it runs something finds it at its host, and the record comes through", async () => {
  const host = new TestHost(freshName());
  host.onRun = () => {};
  await host.join();
  const scheduler = schedulerOf(host);
  const call = invocation();
  const reply = scheduler.invoke(call, { waitMs: 10_000 }).then(
    (value) => value,
    (error: unknown) => error,
  );
  await host.until(() => host.runs.length === 1);
  const [run] = host.runs;
  await abortAllDurableObjects();
  expect(await reply).toBeInstanceOf(Error);
  host.running = [{ id: call.id, attempt: 1, lease: run!.lease, memory: 256, about: call.about }];
  await host.join();
  expect(await schedulerOf(host).status()).toMatchObject({ epoch: 2, used: 256, running: 1 });
  host.record(run!);
  expect((await storeOf(call).await(call.id, { ms: 5_000 })).record).toMatchObject({ statusCode: 0 });
});

test("a newer socket of the same host replaces the older one", async () => {
  const name = freshName();
  const host = new TestHost(name, { boot: "b" });
  await host.join();
  const second = new TestHost(name, { boot: "b" });
  await second.join();
  await host.until(() => host.closed !== undefined);
  expect(await schedulerOf(host).invoke(invocation(), { waitMs: 1_000 })).toMatchObject({ kind: "done" });
  expect(second.runs.length).toBe(1);
});

test("a frame that is no frame closes the socket with the reason, a message that is none is left out", async () => {
  const host = new TestHost(freshName());
  await host.join();
  host.raw(JSON.stringify([{ t: "record", id: "short" }, { t: "nonsense" }]));
  expect(await schedulerOf(host).invoke(invocation(), { waitMs: 1_000 })).toMatchObject({ kind: "done" });
  host.raw("{");
  await host.until(() => host.closed !== undefined);
  expect(host.closed).toEqual({ code: 1008, reason: "frame is not JSON" });
});

test("a socket of another host is turned away", async () => {
  const scheduler = testEnv().SCHEDULER.getByName("one/0");
  const headers = { upgrade: "websocket", "x-edgewhisk-host": "two" };
  expect((await scheduler.fetch("http://s/connect?shard=0", { headers })).status).toBe(403);
  expect((await scheduler.fetch("http://s/connect?shard=0")).status).toBe(426);
});

test("a drained scheduler admits nothing, also after an eviction", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const scheduler = schedulerOf(host);
  await scheduler.drain(true);
  await evictDurableObject(scheduler);
  const reply = await scheduler.invoke(invocation(), { waitMs: 500 });
  expect(reply).toEqual({ kind: "not-ready", reason: "the host is draining" });
  expect(await scheduler.status()).toMatchObject({ draining: true });
  await scheduler.drain(false);
  expect(await scheduler.invoke(invocation(), { waitMs: 500 })).toMatchObject({ kind: "done" });
});

test("a record for an id nobody knows is adopted if its lease is this host's", async () => {
  const host = new TestHost(freshName());
  await host.join();
  const { id, about } = invocation();
  const stranger = invocation();
  const lease = leaseOf(host, { id, about, attempt: 3 });
  const word = { t: "record" as const, lease, about, completion: completion() };
  host.send({ ...word, id: stranger.id, attempt: 3 });
  host.send({ ...word, id, attempt: 3 });
  await host.until(() => host.stored().includes(id));
  expect((await storeOf({ id, about }).get(id)).record).toMatchObject({ statusCode: 0 });
  expect(host.stored()).not.toContain(stranger.id);
  expect(await storeOf(stranger).get(stranger.id)).toEqual({ record: null, known: false });
  expect(await schedulerOf(host).status()).toMatchObject({ strangers: 1 });
});

test("what an earlier version granted is taken where a row is out to its host, with what the row says", async () => {
  const host = new TestHost(freshName());
  host.onRun = () => {};
  const scheduler = schedulerOf(host);
  await runInDurableObject(scheduler, (_, state) => state.storage.kv.put("epoch", 3));
  await host.join();
  const name = `${host.name}/0`;
  const early = { ...invocation(), id: newActivationId(Date.now() - 60_000, 1) };
  await storeOf(early).accept([early], { candidates: [name] });
  await host.until(() => host.runs.length === 1);
  const run = host.runs[0]!;
  // As an incarnation before proofs would have granted it.
  const lease = { epoch: 3, counter: 1 };
  const about = { ...early.about, name: "another" };
  host.send({ t: "record", id: early.id, attempt: run.attempt, lease, about, completion: completion() });
  await host.until(() => host.stored().includes(early.id));
  const { record } = await storeOf(early).get(early.id);
  expect(record).toMatchObject({ statusCode: 0, name: early.about.name });
  const alone = newActivationId(Date.now() - 60_000, 1);
  host.send({ t: "record", id: alone, attempt: 1, lease, about, completion: completion() });
  await host.until(() => host.stored().includes(alone));
  expect(await storeOf({ id: alone, about }).get(alone)).toEqual({ record: null, known: false });
});
