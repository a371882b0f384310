import { expect, test } from "vitest";
import { invoke } from "../../src/invocation/invoke.ts";
import { enter, giveBack, hold } from "../../src/invocation/permit.ts";
import type { Permitting } from "../../src/invocation/permit-leases.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import type { HoldRequest, Permit, PermitRequest } from "../../src/protocol/throttle.ts";
import { CALLER, MemoryContext } from "./context.ts";

const CALL = { id: "1", kind: "invoke" as const };
const LIMITED = { ...CALLER, limits: { concurrentInvocations: 3 } };

class Throttled extends MemoryContext {
  readonly asked: PermitRequest[] = [];
  reply: Permit = { ok: true };

  readonly held: HoldRequest[] = [];

  override permits(): Permitting {
    return {
      hold: async (request: HoldRequest) => {
        this.held.push(request);
        return this.reply;
      },
      enter: async (request: PermitRequest) => {
        this.asked.push(request);
        return this.reply;
      },
      leave: async () => undefined,
    };
  }
}

test("a namespace without limits asks nobody, and has taken nothing", async () => {
  const context = new Throttled();
  expect(await enter(context, CALLER, CALL)).toEqual({ ok: true, value: false });
  expect(context.asked).toEqual([]);
});

test("where no records are taken a call that would make one is refused before it counts; one without goes on", async () => {
  const context = new Throttled();
  context.full = "5 wait";
  const actions = new ActionResolver();
  context.entities.action("a/act");
  const call = { epoch: 1, transactionId: "t", action: { path: "a", name: "act" }, waitMs: 0 };
  const refused = await invoke(context, actions, { ...call, identity: LIMITED });
  expect(refused).toMatchObject({ ok: false, code: "records-full", text: expect.stringContaining("(5 wait)") });
  expect(context.asked).toEqual([]);
  const silent = { ...LIMITED, limits: { ...LIMITED.limits, storeActivations: false } };
  expect(await invoke(context, actions, { ...call, identity: silent })).toMatchObject({ ok: true, kind: "accepted" });
});

test("one with limits asks with all of them, for eleven minutes at most; a call takes a place, a fire none", async () => {
  const context = new Throttled();
  expect(await enter(context, LIMITED, CALL)).toEqual({ ok: true, value: true });
  expect(context.asked).toMatchObject([{ id: "1", kind: "invoke", expiresAt: 1_000 + 660_000 }]);
  expect(context.asked[0]?.limits).toMatchObject({ concurrentInvocations: 3, firesPerMinute: expect.any(Number) });
  expect(await enter(context, LIMITED, { ...CALL, kind: "fire" })).toEqual({ ok: true, value: false });
});

test.each([
  ["rate", "too-many-requests"],
  ["concurrency", "too-many-concurrent"],
] as const)("a refusal for %s says what was counted", async (reason, code) => {
  const context = new Throttled();
  context.reply = { ok: false, reason, count: 4, allowed: 3 };
  const refused = await enter(context, LIMITED, CALL);
  expect(refused).toMatchObject({ ok: false, code, text: expect.stringContaining("count: 4, allowed: 3") });
});

test("a refusal names the count, its window and when it begins anew", async () => {
  const context = new Throttled();
  context.reply = { ok: false, reason: "rate", count: 61, allowed: 60, reset: 12_001 };
  const quota = { allowed: 60, window: 60, reset: 13 };
  expect(await enter(context, LIMITED, CALL)).toMatchObject({ quota: { name: "invocations", ...quota } });
  expect(await enter(context, LIMITED, { ...CALL, kind: "fire" })).toMatchObject({
    quota: { name: "fires", ...quota },
  });
  context.reply = { ok: false, reason: "memory", count: 768, allowed: 512 };
  context.entities.action("a/act");
  const action = { path: "a", name: "act" };
  const resolved = await new ActionResolver().find(context, action, { namespace: "a", epoch: 1 });
  if (!resolved.ok) throw new Error(resolved.text);
  const bounded = { ...LIMITED, limits: { concurrentMemory: 512 } };
  expect(await hold(context, bounded, { id: "1", callable: resolved.value })).toMatchObject({
    code: "too-much-memory",
    text: "Too much memory in use by requests in flight (count: 768 MB, allowed: 512 MB).",
    quota: { name: "memory", allowed: 512 },
  });
});

test("nobody is asked what a call may hold where neither its namespace's memory nor its action's instances are bounded", async () => {
  const context = new Throttled();
  context.entities.action("a/act");
  const action = { path: "a", name: "act" };
  const found = await new ActionResolver().find(context, action, { namespace: "a", epoch: 1 });
  if (!found.ok) throw new Error(found.text);
  const callable = found.value;
  expect(await hold(context, LIMITED, { id: "1", callable })).toEqual({ ok: true, value: false });
  expect(context.held).toEqual([]);
  const limits = { ...callable.limits, instances: 2, concurrency: 5 };
  expect(await hold(context, CALLER, { id: "2", callable: { ...callable, limits } })).toEqual({
    ok: true,
    value: true,
  });
  expect(context.held).toMatchObject([
    { id: "2", memory: { wanted: limits.memory }, action: { path: "a/act", allowed: 10 } },
  ]);
});

test("what was taken is given back behind the answer, and nothing is kept for where nobody has to be told", () => {
  for (const told of [null, Promise.resolve()]) {
    const behind: unknown[] = [];
    const left: string[] = [];
    const permits = () => ({
      ...new Throttled().permits(),
      leave: (ids: string[]) => {
        left.push(...ids);
        return told;
      },
    });
    giveBack({ permits, later: (work) => behind.push(work) }, CALLER, "1");
    expect(left).toEqual(["1"]);
    expect(behind).toEqual(told === null ? [] : [told]);
  }
});
