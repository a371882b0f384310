// Fires whose Worker is gone, in workerd: the store alone knows of them,
// and asks the Worker's entrypoint for what is left.

import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeAll, expect, test } from "vitest";
import { derivedActivationId, newActivationId } from "../../../src/entities/activation-id.ts";
import type { Fire } from "../../../src/protocol/fire.ts";
import { storeNameOf } from "../../../src/protocol/names.ts";
import { putAction } from "../../support/client.worker.ts";
import { FakeHost } from "../../support/fake-host.worker.ts";
import { testEnv } from "../host.worker.ts";

const NAMESPACE = { name: "guest", uuid: "23bc46b1-71f6-4ed5-8c54-816aa4f8c502" };
/** One after the other. */
const hosts: FakeHost[] = [];

beforeAll(async () => {
  for (const name of ["one", "two"]) await putAction(name);
  hosts.push(await FakeHost.dial());
});

function storeOf(fire: Fire) {
  return testEnv().ACTIVATIONS.getByName(storeNameOf(fire));
}

async function fireOf(shard: number): Promise<Fire> {
  const id = newActivationId(Date.now(), shard);
  const { name: namespace, uuid: namespaceId } = NAMESPACE;
  const rule = async (name: string, action: string, active = true) => ({
    rule: `guest/${name}`,
    action: { path: "guest", name: action },
    active,
    id: await derivedActivationId(id, [`guest/${name}`]),
  });
  return {
    id,
    about: {
      ...{ namespace, namespaceId, subject: "guest", name: "hook", version: "0.0.1" },
      ...{ acceptedAt: Date.now(), transactionId: "tid" },
    },
    payload: { inline: '{"n":1.0}' },
    args: { inline: '{"n":1.0}' },
    onBehalf: {
      identity: { subject: "guest", namespace: NAMESPACE, limits: {}, derived: true },
      sealedKey: "",
      apiHost: "http://here",
    },
    rules: [await rule("r", "one"), await rule("s", "two"), await rule("t", "gone"), await rule("u", "one", false)],
  };
}

/** As if its time had come. */
async function resume(fire: Fire): Promise<void> {
  const store = storeOf(fire);
  await runInDurableObject(store, (_, state) => {
    state.storage.sql.exec("UPDATE fires SET due = 0");
  });
  await runDurableObjectAlarm(store);
}

async function judge(fire: Fire): Promise<void> {
  const { record } = await storeOf(fire).await(fire.id, { ms: 5_000 });
  if (record === null || !("inline" in record.logs)) throw new Error("the fire has no record");
  const lines = (JSON.parse(record.logs.inline) as string[]).map((each) => JSON.parse(each));
  expect(lines).toEqual([
    { rule: "guest/r", action: "guest/one", statusCode: 0, success: true, activationId: fire.rules[0]?.id },
    { rule: "guest/s", action: "guest/two", statusCode: 0, success: true, activationId: fire.rules[1]?.id },
    expect.objectContaining({ rule: "guest/t", error: "The requested resource does not exist." }),
    expect.objectContaining({ rule: "guest/u", error: expect.stringContaining("is inactive") }),
  ]);
  for (const { id } of fire.rules.slice(0, 2)) {
    expect((await storeOf(fire).await(id, { ms: 5_000 })).record).toMatchObject({ result: { inline: '{"n":1.0}' } });
    expect(hosts.flatMap((host) => host.runs).filter((run) => run.invocation.id === id)).toHaveLength(1);
  }
  for (const { id } of fire.rules.slice(2)) expect((await storeOf(fire).get(id)).known).toBe(false);
  expect(await storeOf(fire).backlog()).toMatchObject({ fires: 0, waiting: 0, running: 0 });
}

test("an object that is aborted between the fact and the fan-out serves every rule once", async () => {
  const fire = await fireOf(1);
  expect(await storeOf(fire).fire(fire)).toEqual({ kind: "accepted" });
  await abortAllDurableObjects();
  expect(await storeOf(fire).backlog()).toMatchObject({ fires: 1 });
  expect(await storeOf(fire).get(fire.id)).toEqual({ record: null, known: true });
  hosts.push(await FakeHost.dial());
  await resume(fire);
  await judge(fire);
});

test("without a word the alarm rings by itself", async () => {
  const fire = await fireOf(2);
  await storeOf(fire).fire(fire);
  for (let waited = 0; waited < 12_000; waited += 200) {
    if ((await storeOf(fire).backlog()).fires === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await judge(fire);
});

test("a fan-out done by halves is finished, and done twice changes nothing", async () => {
  const fire = await fireOf(3);
  await storeOf(fire).fire(fire);
  await storeOf(fire).accept([await invocationOf(fire)], { candidates: ["fake/0"] });
  await Promise.all([resume(fire), resume(fire)]);
  await judge(fire);
  await storeOf(fire).fire(fire);
  await judge(fire);
});

/** What the first rule makes. */
async function invocationOf(fire: Fire) {
  const { namespace, namespaceId, subject, acceptedAt, transactionId } = fire.about;
  const about = { namespace, namespaceId, subject, acceptedAt, transactionId, name: "one", version: "0.0.1" };
  return {
    id: fire.rules[0]!.id,
    about: {
      ...about,
      ...{ path: "guest/one", kind: "nodejs:20", limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 } },
    },
    revision: "1",
    exec: { kind: "nodejs:20", binary: false },
    args: fire.args,
    credential: "none" as const,
    blocking: false,
  };
}
