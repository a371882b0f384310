// One namespace, several keys: its activations are the namespace's, whoever called; what lies under other ids from
// before is read, too.

import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { newActivationId } from "../../src/entities/activation-id.ts";
import type { Env } from "../../src/env.ts";
import { about } from "../durable-objects/host.worker.ts";
import { FakeHost } from "../support/fake-host.worker.ts";
import { withinOneMinute } from "../support/minutes.ts";
import { admin, type Client, clientOf } from "./platform.worker.ts";

const own = env as unknown as Env;
const EXEC = { kind: "nodejs:default", code: "function main() {}" };

let alice: Client;
let bobby: Client;

beforeAll(async () => {
  await FakeHost.dial();
  alice = await member("alice", "team");
  bobby = await member("bobby", "team");
  await alice.call("PUT", "/actions/act", { exec: EXEC });
});

async function member(subject: string, namespace: string, limits?: object): Promise<Client> {
  const body = { subject, namespace, ...(limits === undefined ? {} : { limits }) };
  const { json } = await admin("POST", "/identities", body);
  return clientOf(namespace, json.key);
}

async function idOf(client: Client): Promise<string> {
  const { json } = await client.call("POST", "/actions/act?blocking=true", {});
  return json.activationId;
}

test("all members see all activations, also with a new key", async () => {
  const ids = [await idOf(alice), await idOf(bobby)];
  const { json: rotated } = await admin("POST", "/identities/alice/rotate", { namespace: "team" });
  for (const client of [clientOf("team", rotated.key), bobby]) {
    const { json: list } = await client.call("GET", "/activations");
    expect(list.map((each: { activationId: string }) => each.activationId).sort()).toEqual(ids.toSorted());
    for (const id of ids) expect((await client.call("GET", `/activations/${id}`)).json.activationId).toBe(id);
  }
  alice = clientOf("team", rotated.key);
});

test("activations that lie under a former id are listed, counted and read", async () => {
  const id = newActivationId(Date.now() - 60_000, 1);
  const old = own.ACTIVATIONS.getByName("a-former-id:01");
  await old.fail(id, { about: about({ namespace: "team", namespaceId: "a-former-id", name: "then" }), reason: "test" });
  await own.DB.prepare("UPDATE namespaces SET former = '[\"a-former-id\"]' WHERE name = 'team'").run();
  // As any write to the namespace: what is remembered of it is read again.
  const fresh = await idOf(alice);
  await alice.call("PUT", "/actions/act?overwrite=true", { exec: EXEC });
  const { json: list } = await bobby.call("GET", "/activations");
  expect(list.map((each: { activationId: string }) => each.activationId)).toEqual(expect.arrayContaining([id, fresh]));
  const { json: counted } = await bobby.call("GET", "/activations?count=true");
  expect(counted.activations).toBe(list.length);
  expect((await bobby.call("GET", "/activations?name=then")).json).toHaveLength(1);
  expect((await bobby.call("GET", `/activations/${id}`)).json.name).toBe("then");
  expect((await bobby.call("GET", `/activations/${id}/logs?follow=true`)).text).toContain(`"activationId":"${id}"`);
  expect((await bobby.call("GET", `/activations/${fresh}`)).json.name).toBe("act");
  expect((await bobby.call("GET", `/activations/${newActivationId(Date.now() - 60_000, 1)}`)).status).toBe(404);
});

test("limits count for the namespace, whatever the key", async () => {
  const clients: Client[] = [];
  for (const subject of ["alice", "bobby", "carol"]) {
    clients.push(await member(subject, "bounded", { invocationsPerMinute: 2, concurrentInvocations: 10 }));
  }
  await clients[0]?.call("PUT", "/actions/act", { exec: EXEC });
  const path = "/actions/act?blocking=true";
  const statuses = await withinOneMinute(async () => {
    const heard: number[] = [];
    for (const client of clients) heard.push((await client.call("POST", path, {})).status);
    return heard;
  });
  expect(statuses).toEqual([200, 200, 429]);
});
