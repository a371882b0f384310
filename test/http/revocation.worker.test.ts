// Keys that are taken away while a request goes on: slow bodies, live logs, calls that wait and calls that run.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAX_STREAMS } from "../../src/http/live/follow.ts";
import { putAction } from "../support/client.worker.ts";
import { FakeHost, ran } from "../support/fake-host.worker.ts";
import { admin, answer, type Client, clientOf, send } from "./platform.worker.ts";

const EXEC = { kind: "nodejs:default", code: "function main() {}" };
const BARRED = { error: "The action was not invoked due to a blacklisted namespace." };
let host: FakeHost;
let made = 0;

// A host of its own for each: none pings, so that none is there for long.
beforeEach(async () => {
  host = await FakeHost.dial({ name: `host-${made++}`, answer: () => "never" });
});
afterEach(() => host.close());

async function tenant(namespace = `tenant-${made++}`): Promise<{ client: Client; subject: string }> {
  const subject = `subject-${made++}`;
  const { json } = await admin("POST", "/identities", { subject, namespace });
  return { client: clientOf(namespace, json.key), subject };
}

const headers = (client: Client) => ({
  Authorization: `Basic ${btoa(client.key)}`,
  "Content-Type": "application/json",
});

/** A body whose second half comes when it is told. */
function halves(one: string, two: string) {
  const rest = Promise.withResolvers<void>();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(encoder.encode(one));
      await rest.promise;
      controller.enqueue(encoder.encode(two));
      controller.close();
    },
  });
  return { body, send: rest.resolve };
}

/** Resolves when the host has it. */
function runs(id: string): Promise<void> {
  const isThere = () => host.runs.some(({ invocation }) => invocation.id === id);
  return expect.poll(isThere).toBe(true);
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
/** So many tenths of a second, by a clock that is as slow as this machine. */
const inTicks = async (count: number) => {
  for (let tick = 0; tick < count; tick++) await pause(100);
};

describe("a body that was begun with a good key and ended with a bad one", () => {
  test.each([
    ["PUT", "actions/slow", '{"exec":{"kind":"nodejs:default",', '"code":"function main() {}"}}'],
    ["PUT", "packages/slow", "{", "}"],
    ["POST", "actions/there", "{", "}"],
    ["POST", "triggers/there", "{", "}"],
  ])("changes and starts nothing: %s %s", async (method, path, one, two) => {
    const { client, subject } = await tenant();
    await client.call("PUT", "/actions/there", { exec: EXEC });
    await client.call("PUT", "/triggers/there", {});
    const half = halves(one, two);
    const asked = send(`/api/v1/namespaces/_/${path}`, { method, headers: headers(client), body: half.body });
    await pause(100);
    await admin("POST", `/identities/${subject}/block`);
    await pause(1_000);
    half.send();
    expect((await answer(await asked)).status).toBe(401);
    await admin("POST", `/identities/${subject}/unblock`);
    if (method === "PUT") expect((await client.call("GET", `/${path}`)).status).toBe(404);
    expect((await client.call("GET", "/activations")).json).toEqual([]);
  });

  test("is taken where the key is good still", async () => {
    const { client } = await tenant();
    const half = halves("{", "}");
    const asked = send("/api/v1/namespaces/_/packages/slow", {
      ...{ method: "PUT", headers: headers(client) },
      body: half.body,
    });
    await pause(1_200);
    half.send();
    expect((await answer(await asked)).status).toBe(200);
  });

  test("reaches no page of a namespace that nobody has any more", async () => {
    const { client, subject } = await tenant();
    const annotations = [{ key: "web-export", value: true }];
    await client.call("PUT", "/actions/page", { exec: EXEC, annotations });
    const half = halves("some", "thing");
    const before = host.runs.length;
    const asked = send(`/api/v1/web/${client.namespace}/default/page`, { method: "POST", body: half.body });
    await pause(100);
    await admin("POST", `/identities/${subject}/block`);
    await pause(1_000);
    half.send();
    expect((await answer(await asked)).status).toBe(404);
    expect(host.runs.length).toBe(before);
  });
});

describe("live logs", () => {
  test.each(["block", "rotate", "delete"])("are cut within 1.5 s of a %s, without an end", async (how) => {
    const { client, subject } = await tenant();
    const other = await tenant(client.namespace);
    await client.call("PUT", "/actions/act", { exec: EXEC });
    const { json } = await client.call("POST", "/actions/act", {});
    await runs(json.activationId);
    const path = `/api/v1/namespaces/_/activations/${json.activationId}/logs?follow=true`;
    const follow = async (who: Client) => {
      const stream = await send(path, { headers: headers(who) });
      const reader = stream.body!.getReader();
      let text = "";
      const ended = (async () => {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return Date.now();
          text += new TextDecoder().decode(value);
        }
      })();
      return { ended, text: () => text, stop: () => reader.cancel() };
    };
    const [his, theirs] = [await follow(client), await follow(other.client)];
    await pause(300);
    const late = inTicks(15).then(() => "late");
    if (how === "block") await admin("POST", `/identities/${subject}/block`);
    else if (how === "rotate") await admin("POST", `/identities/${subject}/rotate`, { namespace: client.namespace });
    else await admin("DELETE", `/identities/${subject}`);
    expect(await Promise.race([his.ended, late])).not.toBe("late");
    expect(his.text()).not.toContain("event: end");
    // Who has a good key goes on hearing.
    expect(await Promise.race([theirs.ended, pause(500).then(() => "goes on")])).toBe("goes on");
    await theirs.stop();
  });
});

describe("followed logs", () => {
  test("are so many of one key at a time; one that is left makes room, other keys have their own", async () => {
    const { client } = await tenant();
    const other = await tenant();
    for (const { call } of [client, other.client]) await call("PUT", "/actions/act", { exec: EXEC });
    const follow = async (who: Client, id: string) =>
      send(`/api/v1/namespaces/_/activations/${id}/logs?follow=true`, { headers: headers(who) });
    const { json } = await client.call("POST", "/actions/act", {});
    await runs(json.activationId);
    // Who asks for nothing that is there holds no place.
    expect((await follow(client, `${"0".repeat(32)}`)).status).toBe(404);
    const streams = await Promise.all(Array.from({ length: MAX_STREAMS }, () => follow(client, json.activationId)));
    expect(streams.map(({ status }) => status)).toEqual(Array(MAX_STREAMS).fill(200));
    const refused = await follow(client, json.activationId);
    expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([
      429,
      `Too many logs are followed with this key already (${MAX_STREAMS}).`,
    ]);
    const { json: theirs } = await other.client.call("POST", "/actions/act", {});
    const their = await follow(other.client, theirs.activationId);
    expect(their.status).toBe(200);
    await their.body?.cancel();
    await streams[0]?.body?.cancel();
    const next = async () => (await follow(client, json.activationId)).status;
    await expect.poll(next).toBe(200);
    await Promise.all(streams.slice(1).map(({ body }) => body?.cancel()));
  });
});

describe("calls of a blocked subject", () => {
  test("end with a record that says so where they wait; what runs finishes", async () => {
    const { client, subject } = await tenant();
    await client.call("PUT", "/actions/runs", { exec: EXEC });
    // No host can run it: it waits.
    const code = { key: "code/x", hash: "x", size: 1 };
    await putAction("waits", { namespace: client.namespace, exec: { kind: "python:3.11", code, binary: false } });
    const { json: running } = await client.call("POST", "/actions/runs", {});
    const { json: waiting } = await client.call("POST", "/actions/waits", {});
    expect([running, waiting]).toEqual([{ activationId: expect.any(String) }, { activationId: expect.any(String) }]);
    await runs(running.activationId);
    await admin("POST", `/identities/${subject}/block`);
    const run = host.runs.find(({ invocation }) => invocation.id === running.activationId);
    if (run !== undefined) host.finish(run, ran("{}"));
    await admin("POST", `/identities/${subject}/unblock`);
    const ended = async (id: string) => (await client.call("GET", `/activations/${id}`)).json.response;
    expect(await ended(waiting.activationId)).toMatchObject({ status: "application error", result: BARRED });
    await expect.poll(() => ended(running.activationId)).toMatchObject({ status: "success" });
    const { json: again } = await client.call("POST", "/actions/waits", {});
    await pause(100);
    expect((await client.call("GET", `/activations/${again.activationId}`)).status).toBe(404);
  });
});
