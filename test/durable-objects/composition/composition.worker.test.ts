// The Composition object in workerd, with the Worker's own step behind it, schedulers and a host.

import {
  abortAllDurableObjects,
  applyD1Migrations,
  type D1Migration,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import { seal } from "../../../src/entities/sealing.ts";
import { masterSecretOf } from "../../../src/env.ts";
import type { CompositionPlan, CompositionRun } from "../../../src/protocol/composition.ts";
import { storeNameOf } from "../../../src/protocol/names.ts";
import { putAction } from "../../support/client.worker.ts";

import { about, dropHosts, freshName, type Run as HostRun, pause, TestHost, testEnv } from "../host.worker.ts";

// Each test leaves an empty database behind.
beforeEach(async () => {
  const { DB, TEST_MIGRATIONS } = testEnv() as unknown as { DB: D1Database; TEST_MIGRATIONS: D1Migration[] };
  await applyD1Migrations(DB, TEST_MIGRATIONS);
});

afterEach(async () => {
  await dropHosts();
  await reset();
});

async function runOf(plan: CompositionPlan, args = "{}"): Promise<CompositionRun> {
  const uuid = crypto.randomUUID();
  return {
    id: newActivationId(Date.now(), 1),
    about: about({ name: "s", path: "guest/s", kind: "sequence", namespaceId: uuid }),
    plan,
    args: { inline: args },
    onBehalf: {
      identity: { subject: "guest", namespace: { name: "guest", uuid }, limits: {}, derived: false },
      sealedKey: await seal(masterSecretOf(testEnv()), "handed-on-key", "key"),
      apiHost: "http://here",
    },
  };
}

function sequence(...names: string[]): CompositionPlan {
  return { kind: "sequence", components: names.map((name) => ({ path: "guest", name })) };
}

const objectOf = (run: CompositionRun) => testEnv().COMPOSITION.getByName(storeNameOf(run));
const storeOf = (run: CompositionRun) => testEnv().ACTIVATIONS.getByName(storeNameOf(run));
const text = (record: ActivationRecord | null) =>
  record !== null && "inline" in record.result ? record.result.inline : null;

/** Answers with its arguments and its own name in them. */
function answer(host: TestHost, run: HostRun): void {
  const { args, about: made } = run.invocation;
  const given = JSON.parse("inline" in args ? args.inline : "{}") as Record<string, unknown>;
  host.record(run, JSON.stringify({ ...given, [made.name]: host.runs.length }));
}

test("runs a sequence step by step; steps say whose they are", async () => {
  await putAction("a");
  await putAction("b");
  const host = new TestHost(freshName());
  host.onRun = (run) => answer(host, run);
  await host.join();
  const run = await runOf(sequence("a", "b"), '{"x":1.0}');
  const reply = await objectOf(run).run(run, { waitMs: 10_000 });
  if (reply.kind !== "done") throw new Error(reply.kind);
  expect(text(reply.record)).toBe('{"x":1,"a":1,"b":2}');
  const [first] = host.runs.map((each) => each.invocation);
  expect(first?.args).toEqual({ inline: '{"x":1.0}' });
  expect(first?.about).toMatchObject({ cause: run.id, causedBy: "sequence", namespaceId: run.about.namespaceId });
  const stored = (await storeOf(run).get(run.id)).record;
  expect(stored).toEqual({ ...reply.record, meta: expect.objectContaining({ kind: "sequence", start: "none" }) });
  expect(await objectOf(run).backlog()).toEqual({ running: 0 });
});

test("a conductor names actions, an unknown one, and the end", async () => {
  await putAction("c", { annotations: [{ key: "conductor", value: "true" }] });
  await putAction("a");
  const host = new TestHost(freshName());
  const words = ['{"action":"a","state":{"n":1}}', '{"action":"nobody"}', '{"params":{"end":true}}'];
  host.onRun = (run) => host.record(run, run.invocation.about.name === "c" ? words.shift() : '{"a":1}');
  await host.join();
  const run = await runOf({ kind: "conductor", action: { path: "guest", name: "c" } });
  const reply = await objectOf(run).run(run, { waitMs: 10_000 });
  expect(reply).toMatchObject({ kind: "done", record: { statusCode: 0, result: { inline: '{"end":true}' } } });
  const given = host.runs.map(({ invocation: { args } }) => ("inline" in args ? args.inline : ""));
  expect(given).toEqual([
    "{}",
    "{}",
    '{"a":1,"n":1}',
    `{"error":"Failed to resolve action with name 'guest/nobody' during composition."}`,
  ]);
});

test("a caller who does not wait is answered once the run is written down; it ends all the same", async () => {
  await putAction("a");
  const run = await runOf(sequence("a"));
  expect(await objectOf(run).run(run, { waitMs: 0 })).toEqual({ kind: "accepted" });
  expect(await objectOf(run).backlog()).toEqual({ running: 1 });
  const host = new TestHost(freshName());
  await host.join();
  const { record } = await storeOf(run).await(run.id, { ms: 20_000 });
  expect(record?.statusCode).toBe(0);
  expect(host.runs.length).toBe(1);
});

test.each([0, 1, 2])("all objects aborted during step %i: each step runs once and the run ends well", async (at) => {
  for (const name of ["a", "b", "c"]) await putAction(name);
  const host = new TestHost(freshName());
  host.onRun = () => {};
  await host.join();
  const run = await runOf(sequence("a", "b", "c"));
  const call = objectOf(run).run(run, { waitMs: 60_000 });
  const heard = call.catch((error: unknown) => error);
  for (let step = 0; step < 3; step++) {
    await host.until(() => host.runs.length === step + 1);
    if (step === at) {
      await runInDurableObject(objectOf(run), (object) => Object.assign(object, { mark: true }));
      await abortAllDurableObjects();
      expect(await heard).toBeInstanceOf(Error);
      await runInDurableObject(objectOf(run), (object) => expect(object).not.toHaveProperty("mark"));
      host.running = [runningOf(host.runs[step]!)];
      await host.join();
      await runDurableObjectAlarm(objectOf(run));
      await pause(50);
    }
    answer(host, host.runs[step]!);
  }
  const { record } = await storeOf(run).await(run.id, { ms: 20_000 });
  expect(text(record)).toBe('{"a":1,"b":2,"c":3}');
  expect(host.runs.map((each) => each.invocation.about.name)).toEqual(["a", "b", "c"]);
  expect(await objectOf(run).run(run, { waitMs: 5_000 })).toMatchObject({
    kind: "done",
    record: { activationId: run.id },
  });
});

test("a lost host ends its step, and with it the sequence, with a whisk internal error", async () => {
  await putAction("a");
  await putAction("b");
  const host = new TestHost(freshName());
  host.onRun = () => {};
  await host.join();
  const run = await runOf(sequence("a", "b"));
  const call = objectOf(run).run(run, { waitMs: 30_000 });
  await host.until(() => host.runs.length === 1);
  const other = new TestHost(host.name, { boot: crypto.randomUUID() });
  host.drop();
  await other.join();
  const reply = await call;
  expect(reply).toMatchObject({ kind: "done", record: { statusCode: 3 } });
  expect(other.runs).toEqual([]);
});

test("an object whose runs are over sets no alarm but the one that drops their traces", async () => {
  await putAction("a");
  const host = new TestHost(freshName());
  await host.join();
  const run = await runOf(sequence("a"));
  await objectOf(run).run(run, { waitMs: 10_000 });
  await runDurableObjectAlarm(objectOf(run));
  await runInDurableObject(objectOf(run), async (_, state) => {
    expect(await state.storage.getAlarm()).toBeGreaterThan(Date.now() + 300_000);
    expect(state.storage.sql.exec("SELECT count(*) AS n FROM frames").one()).toEqual({ n: 0 });
  });
});

function runningOf({ invocation, lease, attempt }: HostRun) {
  return { id: invocation.id, attempt, lease, memory: 256, about: invocation.about };
}
