// An entity epoch in workerd: leases wait for writes, over incarnations too, and over the change of its class's name.

import { abortAllDurableObjects, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { testEnv } from "../host.worker.ts";

const entityEpoch = () => testEnv().EPOCH.getByName("name:ns");

afterEach(() => reset());

test("an update is used by the next call: the write waits for others' leases and raises the epoch", async () => {
  const { epoch, ttl } = await entityEpoch().lease("other");
  const asked = Date.now();
  expect(ttl).toBe(1_000);
  await entityEpoch().beginWrite("me");
  expect(Date.now() - asked).toBeGreaterThanOrEqual(900);
  expect((await entityEpoch().lease("other")).ttl).toBe(0);
  await entityEpoch().endWrite("me");
  expect((await entityEpoch().lease("other")).epoch).toBeGreaterThan(epoch);
});

test("a write that goes on when the object dies still keeps leases short", async () => {
  await entityEpoch().beginWrite("me");
  await abortAllDurableObjects();
  expect((await entityEpoch().lease("other")).ttl).toBe(0);
  await entityEpoch().endWrite("me");
  expect((await entityEpoch().lease("other")).ttl).toBe(1_000);
});

test("what a Gate stored under this name goes on; what it counted, and what is lost, begins anew above every old epoch", async () => {
  const stored = { epoch: 41, leasedUntil: 0, writes: [{ holder: "other", until: Date.now() + 20_000 }] };
  await runInDurableObject(entityEpoch(), (_object, state) => state.storage.kv.put("leases", stored));
  await abortAllDurableObjects();
  expect(await entityEpoch().lease("me")).toEqual({ epoch: 41, ttl: 0 });
  await entityEpoch().endWrite("other");
  expect(await entityEpoch().lease("me")).toEqual({ epoch: 42, ttl: 1_000 });
  await runInDurableObject(entityEpoch(), (_object, state) => state.storage.deleteAll());
  await abortAllDurableObjects();
  const { epoch } = await entityEpoch().lease("me");
  expect(epoch).toBeGreaterThan(1_700_000_000_000);
  expect(epoch).toBeLessThanOrEqual(Date.now());
});

test("who watches is told as soon as a write begins and ends, and after a while in any case", async () => {
  const { epoch } = await entityEpoch().lease("b");
  expect(await entityEpoch().watch(epoch - 1, 60_000)).toBe(epoch);
  expect(await entityEpoch().watch(epoch, 10)).toBe(epoch);
  const begun = entityEpoch().watch(epoch, 60_000);
  await entityEpoch().beginWrite("b");
  expect(await begun).toBe(epoch + 1);
  const ended = entityEpoch().watch(epoch + 1, 60_000);
  await entityEpoch().endWrite("b");
  expect(await ended).toBe(epoch + 2);
});
