// A step of a composition: what runs, on whose behalf, and that asking again starts nothing anew.

import { beforeEach, describe, expect, it } from "vitest";
import { MAX_INLINE } from "../../src/entities/limits.ts";
import { open, seal } from "../../src/entities/sealing.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import { step } from "../../src/invocation/step.ts";
import type { StepReply, StepRequest } from "../../src/protocol/composition.ts";
import type { HoldRequest, Permit } from "../../src/protocol/throttle.ts";
import { CALLER, MemoryContext } from "./context.ts";

const ID = "0123456789ab07000000000000000001";
const CAUSE = "0123456789ab07000000000000000000";
const value = (key: string, raw: string) => ({ key, value: raw });

let context: MemoryContext;
let sealedKey: string;
let epoch: number;

beforeEach(async () => {
  context = new MemoryContext();
  sealedKey = await seal(context.masterSecret, "handed-on-key", CALLER.key);
  epoch = 0;
});

/** Each time as after a write, so that nothing is remembered. */
async function ask(full: string, changes: Partial<StepRequest> = {}): Promise<StepReply> {
  const { key: _, ...identity } = CALLER;
  const at = full.lastIndexOf("/");
  const request: StepRequest = {
    id: ID,
    cause: CAUSE,
    onBehalf: { identity, sealedKey, apiHost: "https://here" },
    transactionId: "tid",
    action: { path: full.slice(0, at), name: full.slice(at + 1) },
    role: "component",
    payload: { inline: '{"n":1.0}' },
    waitMs: 10,
    ...changes,
  };
  return step(context, { actions: new ActionResolver(), epoch: ++epoch }, request);
}

const invocation = () => context.accepted.get(ID);

describe("a step that is an action", () => {
  it("is accepted durably under its id, as part of its cause, with its parameters under what came", async () => {
    context.entities.bundle("a/p", { parameters: [value("n", "7"), value("m", "2.00")] });
    context.entities.action("a/p/act", { parameters: [value("k", "3")] });
    expect(await ask("a/p/act")).toMatchObject({ kind: "accepted", limits: { timeout: 60_000 } });
    expect(invocation()).toMatchObject({
      id: ID,
      about: {
        namespace: "a",
        namespaceId: "uuid-a",
        subject: "someone",
        path: "a/p/act",
        cause: CAUSE,
        causedBy: "sequence",
        transactionId: "tid",
      },
      args: { inline: '{"n":1.0,"m":2.00,"k":3}' },
      blocking: true,
    });
    expect(context.entered).toEqual([]);
  });

  it("answers with the record of a run that ended, without what it printed", async () => {
    context.entities.action("a/act");
    await ask("a/act");
    context.end(ID, '{"r":1e400}');
    const reply = await ask("a/act", { payload: { inline: '{"other":1}' } });
    expect(reply).toMatchObject({
      kind: "done",
      record: { activationId: ID, result: { inline: '{"r":1e400}' }, logs: { inline: "[]" }, cause: CAUSE },
    });
    expect(invocation()?.args).toEqual({ inline: '{"n":1.0}' });
  });

  it("hands an array on as it is, its own parameters in the environment only", async () => {
    context.entities.action("a/act", { parameters: [value("k", "3"), { key: "e", value: '"env"', init: true }] });
    await ask("a/act", { payload: { inline: "[1.0, 2]" } });
    expect(invocation()).toMatchObject({ args: { inline: "[1.0, 2]" }, initEnv: { e: "env" } });
  });

  it("may get what its parameters keep for themselves: nobody sent it", async () => {
    const annotations = [value("final", "true")];
    context.entities.action("a/act", { annotations, parameters: [value("n", "7")] });
    expect(await ask("a/act")).toMatchObject({ kind: "accepted" });
    expect(invocation()?.args).toEqual({ inline: '{"n":1.0}' });
  });

  it("reads what is large from the blob store and leaves its own copy there", async () => {
    context.entities.action("a/act");
    const text = `{"x":"${"y".repeat(MAX_INLINE)}"}`;
    context.texts.set("results/r", text);
    await ask("a/act", { payload: { blob: "results/r", size: text.length } });
    expect(invocation()?.args).toEqual({ blob: `args/uuid-a/${ID}`, size: text.length });
    expect(context.texts.get(`args/uuid-a/${ID}`)).toBe(text);
    const lost = await ask("a/act", { payload: { blob: "results/gone", size: 9 } });
    expect(lost).toMatchObject({ kind: "refused", failure: { code: "corrupted" } });
  });

  it("gets the caller's sealed key only where it asks for the owner's", async () => {
    context.entities.action("a/act", { annotations: [value("provide-api-key", '"owner"')] });
    await ask("a/act");
    expect(invocation()).toMatchObject({ credential: "owner", sealedKey });
    expect(await open(context.masterSecret, "handed-on-key", invocation()?.sealedKey ?? "")).toBe(CALLER.key);
  });
});

describe("a step of a namespace, or of an action, with bounds on what is held", () => {
  const held: HoldRequest[] = [];
  let room: Permit;
  const { key: _, ...whose } = CALLER;
  const onBehalf = () => ({
    identity: { ...whose, limits: { concurrentMemory: 512 } },
    ...{ sealedKey, apiHost: "https://here" },
  });

  beforeEach(() => {
    held.length = 0;
    room = { ok: true };
    const permits = context.permits();
    const hold = async (request: HoldRequest) => {
      held.push(request);
      return room;
    };
    context.permits = () => ({ ...permits, hold });
  });

  it("holds memory and an instance under its id, and its row says so, that its store gives them back", async () => {
    context.entities.action("a/act", {
      limits: { timeout: 60_000, memory: 128, logs: 10, concurrency: 2, instances: 3 },
    });
    expect(await ask("a/act", { onBehalf: onBehalf() })).toMatchObject({ kind: "accepted" });
    expect(held).toMatchObject([
      { id: ID, memory: { wanted: 128, allowed: 512 }, action: { path: "a/act", allowed: 6 } },
    ]);
    expect(invocation()?.about.permitMs).toBe(0);
    expect(context.entered).toEqual([]);
    // Asked again it is started already, and holds nothing twice.
    expect(await ask("a/act", { onBehalf: onBehalf() })).toMatchObject({ kind: "accepted" });
    expect([held.length, context.left]).toEqual([1, []]);
  });

  it("is refused for now where there is no room, and asked again later", async () => {
    context.entities.action("a/act");
    room = { ok: false, reason: "memory", count: 768, allowed: 512 };
    const refused = await ask("a/act", { onBehalf: onBehalf() });
    expect(refused).toMatchObject({ kind: "refused", failure: { code: "too-much-memory", retryable: true } });
    expect(context.accepted.size).toBe(0);
    room = { ok: true };
    expect(await ask("a/act", { onBehalf: onBehalf() })).toMatchObject({ kind: "accepted" });
  });

  it("gives back what it held where its store takes no more", async () => {
    context.entities.action("a/act");
    context.accepting = ["full"];
    expect(await ask("a/act", { onBehalf: onBehalf() })).toMatchObject({ failure: { code: "backlog-full" } });
    expect(context.left).toEqual([ID]);
  });

  it("asks nobody where nothing is bounded, and for what needs no container", async () => {
    context.entities.action("a/act");
    await ask("a/act");
    expect(held).toEqual([]);
    expect(invocation()?.about.permitMs).toBeUndefined();
    await ask("whisk.system/utils/echo", { onBehalf: onBehalf() });
    expect(held).toEqual([]);
  });
});

describe("a step that cannot run", () => {
  it("is refused with the reason where nothing was started", async () => {
    context.entities.bundle("b/closed");
    context.entities.action("b/closed/act");
    expect(await ask("a/gone")).toMatchObject({ kind: "refused", failure: { code: "not-found" } });
    expect(await ask("b/closed/act")).toMatchObject({ kind: "refused", failure: { code: "not-authorized" } });
    context.entities.action("a/act");
    context.accepting = ["full"];
    expect(await ask("a/act")).toMatchObject({ kind: "refused", failure: { code: "backlog-full", retryable: true } });
    expect(context.accepted.size).toBe(0);
  });

  it("throws where nobody knows whether it was started", async () => {
    context.entities.action("a/act");
    context.accepting = Array.from({ length: 4 }, () => new Error("store is gone"));
    await expect(ask("a/act")).rejects.toThrow("its store could not be reached");
  });

  it("is what it was when it is asked for again after its action has gone or changed", async () => {
    context.entities.action("a/act");
    await ask("a/act");
    context.entities.drop("a/act");
    expect(await ask("a/act")).toMatchObject({ kind: "accepted", limits: { timeout: 300_000 } });
    context.entities.action("a/act", { exec: { kind: "sequence", components: ["/a/x"] } });
    expect(await ask("a/act")).toMatchObject({ kind: "accepted" });
    context.end(ID, "{}");
    expect(await ask("a/act")).toMatchObject({ kind: "done" });
    context.entities.drop("a/act");
    expect(await ask("a/act")).toMatchObject({ kind: "done" });
  });

  it("is what it was also where records are not kept", async () => {
    context.entities.action("a/act");
    await ask("a/act");
    context.end(ID, "{}");
    context.hidden.add(ID);
    context.entities.drop("a/act");
    expect(await ask("a/act")).toMatchObject({ kind: "refused" });
    const { key: _, ...rest } = CALLER;
    const onBehalf = { identity: { ...rest, limits: { storeActivations: false } }, sealedKey, apiHost: "" };
    expect(await ask("a/act", { onBehalf })).toMatchObject({ kind: "done", record: { activationId: ID } });
  });

  it("is asked for again where the reply was lost, and answers what came of it meanwhile", async () => {
    context.entities.action("a/act");
    await ask("a/act");
    context.end(ID, "{}");
    context.accepting = [new Error("connection lost")];
    expect(await ask("a/act")).toMatchObject({ kind: "done", record: { activationId: ID } });
  });
});

describe("a step that is a composition itself", () => {
  it("is told by its plan, nothing started, its arguments untouched", async () => {
    context.entities.action("a/s", { exec: { kind: "sequence", components: ["/a/x", "/b/p/y"] } });
    const payload = { blob: "results/r", size: 9 };
    expect(await ask("a/s", { payload })).toMatchObject({
      kind: "nested",
      about: { kind: "sequence", path: "a/s", cause: CAUSE, causedBy: "sequence" },
      plan: {
        kind: "sequence",
        components: [
          { path: "a", name: "x" },
          { path: "b/p", name: "y" },
        ],
      },
      args: payload,
    });
    expect(context.accepted.size).toBe(0);
  });

  it("through a binding is asked for by that name again", async () => {
    context.entities.bundle("b/open", { publish: true });
    context.entities.bundle("a/bound", { to: "b/open" });
    context.entities.action("b/open/c", { annotations: [value("conductor", "1")] });
    expect(await ask("a/bound/c")).toMatchObject({
      kind: "nested",
      about: { kind: "sequence", path: "b/open/c", binding: "a/bound" },
      plan: { kind: "conductor", action: { path: "a/bound", name: "c" } },
    });
  });

  it("runs as an action where it is the conductor", async () => {
    context.entities.action("a/c", { annotations: [value("conductor", "true")], parameters: [value("k", "3")] });
    expect(await ask("a/c", { role: "conductor" })).toMatchObject({ kind: "accepted" });
    expect(invocation()).toMatchObject({
      about: { kind: "nodejs:20", causedBy: "sequence" },
      args: { inline: '{"k":3,"n":1.0}' },
    });
  });

  it("is no composition by an annotation that is false, or on a sequence", async () => {
    context.entities.action("a/c", { annotations: [value("conductor", "false")] });
    expect(await ask("a/c")).toMatchObject({ kind: "accepted" });
    const exec = { kind: "sequence" as const, components: ["/a/x"] };
    context.entities.action("a/s", { annotations: [value("conductor", "true")], exec });
    expect(await ask("a/s", { id: CAUSE })).toMatchObject({ kind: "nested", plan: { kind: "sequence" } });
  });
});

describe("a step that is built in", () => {
  it("is served once: asked again it is what it was", async () => {
    context.entities.bundle("whisk.system/utils", { publish: true });
    context.entities.action("whisk.system/utils/echo", { exec: { kind: "builtin", binary: false } });
    const first = await ask("whisk.system/utils/echo");
    expect(first).toMatchObject({ kind: "done", record: { result: { inline: '{"n":1.0}' }, cause: CAUSE } });
    const again = await ask("whisk.system/utils/echo", { payload: { inline: '{"other":1}' } });
    expect(again).toMatchObject({ kind: "done", record: { result: { inline: '{"n":1.0}' } } });
  });
});
