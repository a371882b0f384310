// Keys for actions: minted ones are shared for half a minute, and only by those who may share them.

import { expect, test } from "vitest";
import { Credentials } from "../../../durable-objects/scheduler/credentials.ts";
import { callOf, START } from "../calls.ts";

function open() {
  const made: number[] = [];
  const credentials = new Credentials(async (_invocation, expiresAt) => `key ${made.push(expiresAt)}`);
  return { credentials, made };
}

test("who wants none costs nothing", () => {
  const { credentials, made } = open();
  expect([credentials.for(callOf({ credential: "none" }), START), made]).toEqual([undefined, []]);
});

test("a minted key outlives its run by a minute, and serves runs that end within the next half minute at once", async () => {
  const { credentials, made } = open();
  const keyFor = (deadline: number) => credentials.for(callOf({ credential: "activation" }), deadline);
  expect(await keyFor(START)).toBe("key 1");
  expect(made).toEqual([START + 90_000]);
  expect([keyFor(START), keyFor(START + 30_000)]).toEqual(["key 1", "key 1"]);
  expect(await keyFor(START + 30_001)).toBe("key 2");
});

test.each([
  ["namespaces", { about: { namespaceId: "two" } }],
  ["keys", { about: { keyId: "other" } }],
  ["rights", { rights: "deploy" as const }],
  ["timeouts", { about: { limits: { timeout: 1_000, memory: 256, logs: 10, concurrency: 1 } } }],
])("runs of different %s do not share one", async (_, changes) => {
  const { credentials } = open();
  expect(await credentials.for(callOf({ credential: "activation" }), START)).toBe("key 1");
  expect(await credentials.for(callOf({ credential: "activation", ...changes }), START)).toBe("key 2");
});

test("an owner's key is made for each run", async () => {
  const { credentials, made } = open();
  for (const number of [1, 2]) {
    expect(await credentials.for(callOf({ credential: "owner" }), START)).toBe(`key ${number}`);
  }
  expect(made).toEqual([START + 60_000, START + 60_000]);
});
