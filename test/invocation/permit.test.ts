import { expect, test } from "vitest";
import { invoke } from "../../src/invocation/invoke.ts";
import { enter } from "../../src/invocation/permit.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import type { Permit, PermitRequest, ThrottleRpc } from "../../src/protocol/rpc.ts";
import { CALLER, MemoryContext } from "./context.ts";

const CALL = { id: "1", kind: "invoke" as const };
const LIMITED = { ...CALLER, limits: { concurrentInvocations: 3 } };

class Throttled extends MemoryContext {
  readonly asked: PermitRequest[] = [];
  reply: Permit = { ok: true };

  override permits(): Pick<ThrottleRpc, "enter" | "leave"> {
    return {
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
