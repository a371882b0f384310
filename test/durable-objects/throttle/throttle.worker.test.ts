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
  expect(await throttle().enter(request("1"))).toEqual({ ok: true });
  expect(await throttle().enter(request("2"))).toEqual({ ok: false, reason: "concurrency", count: 1, allowed: 1 });
  await throttle().leave(["1"]);
  expect(await throttle().enter(request("3"))).toEqual({ ok: true });
});

test("it may be lost: nothing is stored, and the next one begins anew", async () => {
  expect(await throttle().enter(request("1"))).toEqual({ ok: true });
  const stored = await runInDurableObject(throttle(), async (_object, state) => [
    ...(await state.storage.list()).keys(),
  ]);
  expect(stored).toEqual([]);
  await abortAllDurableObjects();
  expect(await throttle().enter(request("2"))).toEqual({ ok: true });
});
