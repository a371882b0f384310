// The gate in workerd: leases wait for writes, over incarnations too.

import { abortAllDurableObjects, reset } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { testEnv } from "../host.worker.ts";

const gate = () => testEnv().GATE.getByName("ns");

afterEach(() => reset());

test("an update is used by the next call: the write waits for others' leases and raises the epoch", async () => {
  const { epoch, ttl } = await gate().lease("other");
  const asked = Date.now();
  expect(ttl).toBe(1_000);
  await gate().beginWrite("me");
  expect(Date.now() - asked).toBeGreaterThanOrEqual(900);
  expect((await gate().lease("other")).ttl).toBe(0);
  await gate().endWrite("me");
  expect((await gate().lease("other")).epoch).toBeGreaterThan(epoch);
});

test("a write that goes on when the object dies still keeps leases short", async () => {
  await gate().beginWrite("me");
  await abortAllDurableObjects();
  expect((await gate().lease("other")).ttl).toBe(0);
  await gate().endWrite("me");
  expect((await gate().lease("other")).ttl).toBe(1_000);
});

test("a permit is no lease: no write waits for it; a refusal has the counts", async () => {
  const request = { kind: "invoke" as const, limits: { concurrentInvocations: 1 }, expiresAt: Date.now() + 60_000 };
  expect(await gate().enter("me", { ...request, id: "1" })).toEqual({ ok: true });
  // A lease would hold up each of these for 900 ms at least; so would a machine that is busy, now and then.
  const waits: number[] = [];
  for (let round = 0; round < 4; round++) {
    const fresh = testEnv().GATE.getByName(`ns ${round}`);
    expect(await fresh.enter("me", { ...request, id: "1" })).toEqual({ ok: true });
    const asked = Date.now();
    await fresh.beginWrite("other");
    waits.push(Date.now() - asked);
  }
  expect(Math.min(...waits)).toBeLessThan(900);
  expect(await gate().enter("me", { ...request, id: "2" })).toEqual({
    ok: false,
    ...{ reason: "concurrency", count: 1, allowed: 1 },
  });
  await gate().leave(["1"]);
  expect(await gate().enter("me", { ...request, id: "3" })).toMatchObject({ ok: true });
});

test("who watches is told as soon as a write begins and ends, and after a while in any case", async () => {
  const { epoch } = await gate().lease("b");
  expect(await gate().watch(epoch - 1, 60_000)).toBe(epoch);
  expect(await gate().watch(epoch, 10)).toBe(epoch);
  const begun = gate().watch(epoch, 60_000);
  await gate().beginWrite("b");
  expect(await begun).toBe(epoch + 1);
  const ended = gate().watch(epoch + 1, 60_000);
  await gate().endWrite("b");
  expect(await ended).toBe(epoch + 2);
});
