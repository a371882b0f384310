// A throttle in workerd: its counts, and that nothing of them is stored.

import { abortAllDurableObjects, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test } from "vitest";
import { testEnv } from "../host.worker.ts";

const throttle = () => testEnv().THROTTLE.getByName("ns");
const request = (id: string) => ({
  ...{ id, kind: "invoke" as const, limits: { concurrentInvocations: 1 } },
  expiresAt: Date.now() + 60_000,
});

afterEach(() => reset());

test("a refusal has the counts, and who leaves makes room", async () => {
  expect(await throttle().enter(request("1"))).toMatchObject({ ok: true });
  expect(await throttle().enter(request("2"))).toEqual({ ok: false, reason: "concurrency", count: 1, allowed: 1 });
  await throttle().leave(["1"]);
  expect(await throttle().enter(request("3"))).toMatchObject({ ok: true });
});

test("it may be lost: of what runs nothing is stored, and the next one knows of none", async () => {
  expect(await throttle().enter(request("1"))).toMatchObject({ ok: true });
  const stored = await runInDurableObject(throttle(), async (_object, state) => [
    ...(await state.storage.list()).values(),
  ]);
  expect(stored).toEqual([{ invoke: { minute: expect.any(Number), count: 6 }, fire: { minute: -1, count: 0 } }]);
  await abortAllDurableObjects();
  expect(await throttle().enter(request("2"))).toMatchObject({ ok: true });
});

test("however often it is lost, it grants no more in a minute than the limit, and hardly less", async () => {
  // The minute may end meanwhile: in two minutes twice as many.
  const limits = { invocationsPerMinute: 40, concurrentInvocations: 1_000 };
  const enter = (id: string) => throttle().enter({ ...request(id), limits });
  const began = Math.floor(Date.now() / 60_000);
  let granted = 0;
  for (let n = 0; n < 60; n++) {
    if (n % 15 === 14) await abortAllDurableObjects();
    if ((await enter(String(n))).ok) granted++;
  }
  const minutes = Math.floor(Date.now() / 60_000) - began + 1;
  expect(granted).toBeLessThanOrEqual(40 * minutes);
  expect(granted).toBeGreaterThanOrEqual(40 - 4 * 4);
});

test("nobody is refused for what an isolate has leased: he waits until it is known what of it was used", async () => {
  const limits = { invocationsPerMinute: 1_000, concurrentInvocations: 8 };
  const lease = await throttle().lease({ kind: "invoke", limits, wish: "isolate:1" });
  expect(lease).toMatchObject({ id: "isolate:1", places: 2, running: 0 });
  for (let n = 0; n < 6; n++)
    expect(await throttle().enter({ ...request(`a${n}`), limits })).toMatchObject({ ok: true });
  const waiting = throttle().enter({ ...request("last"), limits });
  await throttle().settle([{ id: "isolate:1", used: 1, running: ["by-lease"], expiresAt: Date.now() + 60_000 }]);
  expect(await waiting).toEqual({ ok: true, running: 8 });
  const refused = { ok: false, reason: "concurrency", count: 8, allowed: 8 };
  expect(await throttle().enter({ ...request("more"), limits })).toEqual(refused);
});
