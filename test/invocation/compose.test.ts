// Calling a sequence or conductor: what its object is given, what the caller hears, and what it counts for.

import { beforeEach, describe, expect, it } from "vitest";
import { completionOf, recordOf } from "../../src/entities/activation.ts";
import { MAX_INLINE } from "../../src/entities/limits.ts";
import { success } from "../../src/entities/outcome.ts";
import { open } from "../../src/entities/sealing.ts";
import { type Invoked, invoke, type Request } from "../../src/invocation/invoke.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import { CALLER, MemoryContext } from "./context.ts";
import { about, ID } from "./harness.ts";

const value = (key: string, raw: string) => ({ key, value: raw });
const completion = { ...completionOf(success('{"r":1.0}'), { ran: true }), logs: { inline: '["id"]' } };
const record = recordOf(ID, about, { completion, now: 10 });

let context: MemoryContext;

beforeEach(() => {
  context = new MemoryContext();
  context.entities.action("a/x");
  context.entities.action("a/s", { exec: { kind: "sequence", components: ["/a/x", "/a/x"] } });
});

function call(full: string, changes: Partial<Request> = {}): Promise<Invoked> {
  const at = full.lastIndexOf("/");
  return invoke(context, new ActionResolver(), {
    identity: CALLER,
    epoch: 1,
    transactionId: "tid",
    action: { path: full.slice(0, at), name: full.slice(at + 1) },
    waitMs: 0,
    apiHost: "https://here",
    ...changes,
  });
}

describe("a call of a sequence", () => {
  it("gives its object the plan, the plain payload and the caller, the key sealed", async () => {
    const invoked = await call("a/s", { payload: '{"n":1.0}', waitMs: 5_000, id: ID, cause: "c" });
    expect(invoked).toEqual({ ok: true, kind: "accepted", id: ID });
    const { run, waitMs } = context.runs[0]!;
    expect(waitMs).toBe(5_000);
    const component = { path: "a", name: "x" };
    const { key, ...identity } = CALLER;
    expect(run).toMatchObject({
      id: ID,
      about: { kind: "sequence", path: "a/s", subject: "someone", cause: "c" },
      plan: { kind: "sequence", components: [component, component] },
      args: { inline: '{"n":1.0}' },
      onBehalf: { identity, apiHost: "https://here" },
    });
    expect(JSON.stringify(run)).not.toContain(key);
    expect(await open(context.masterSecret, "handed-on-key", run.onBehalf.sealedKey)).toBe(key);
  });

  it("without a payload has an empty one, its own parameters are not its components'", async () => {
    const exec = { kind: "sequence" as const, components: ["/a/x"] };
    context.entities.action("a/s", { exec, parameters: [value("_actions", '["/a/x"]')] });
    await call("a/s");
    expect(context.runs[0]?.run.args).toEqual({ inline: "{}" });
  });

  it("leaves a large payload in the blob store first", async () => {
    const payload = `{"x":"${"y".repeat(MAX_INLINE)}"}`;
    await call("a/s", { payload, id: ID });
    expect(context.runs[0]?.run.args).toEqual({ blob: `args/uuid-a/${ID}`, size: payload.length });
    expect(context.texts.get(`args/uuid-a/${ID}`)).toBe(payload);
  });

  it("answers with the record and the ids in it if it ends in time", async () => {
    context.composing = [{ kind: "done", record }];
    expect(await call("a/s", { waitMs: 100 })).toMatchObject({ kind: "done", record: { logs: { inline: '["id"]' } } });
    context.composing = [{ kind: "done", record }];
    expect(await call("a/s")).toMatchObject({ ok: true, kind: "accepted" });
  });

  it("asks again under the same id when the object was lost, and gives up when it stays away", async () => {
    context.composing = [new Error("aborted"), new Error("aborted"), { kind: "done", record }];
    expect(await call("a/s", { waitMs: 100 })).toMatchObject({ kind: "done" });
    expect(new Set(context.runs.map((each) => each.run.id)).size).toBe(1);
    context.composing = Array.from({ length: 4 }, () => new Error("aborted"));
    expect(await call("a/s")).toMatchObject({ ok: false, code: "no-answer" });
    context.fault = "the disk is full";
    context.composing = Array.from({ length: 4 }, () => new Error("aborted"));
    expect(await call("a/s")).toMatchObject({ ok: false, code: "storage-ailing" });
    context.composing = [{ kind: "full" }];
    expect(await call("a/s")).toMatchObject({ ok: false, code: "backlog-full" });
  });

  it("is refused as a whole if one of its components is not the caller's to call", async () => {
    context.entities.bundle("b/closed");
    context.entities.action("b/closed/act");
    context.entities.action("b/own");
    for (const [component, code] of [
      ["/b/closed/act", "not-authorized"],
      ["/b/own", "not-authorized"],
      ["/a/none/act", "not-found"],
    ] as const) {
      context.entities.action("a/s", { exec: { kind: "sequence", components: ["/a/x", component] } });
      expect(await call("a/s")).toMatchObject({ ok: false, code });
    }
    expect(context.runs).toEqual([]);
  });

  it("starts although a component is gone: that is found when its turn comes", async () => {
    context.entities.drop("a/x");
    expect(await call("a/s")).toMatchObject({ ok: true });
  });

  it("may not set what the sequence keeps for itself", async () => {
    const exec = { kind: "sequence" as const, components: ["/a/x"] };
    const parameters = [value("_actions", '["/a/x"]')];
    context.entities.action("a/s", { exec, parameters, annotations: [value("final", "true")] });
    expect(await call("a/s", { payload: '{"_actions":1}' })).toMatchObject({ ok: false, code: "bad-request" });
  });
});

describe("a call of a conductor", () => {
  it("is a composition with the name it was called by", async () => {
    context.entities.bundle("b/open", { publish: true });
    context.entities.bundle("a/bound", { to: "b/open" });
    const annotations = [value("conductor", '{"type":"sequence"}')];
    context.entities.action("b/open/c", { annotations, parameters: [value("k", "3")] });
    await call("a/bound/c", { payload: '{"n":1}' });
    expect(context.runs[0]?.run).toMatchObject({
      about: { kind: "sequence", path: "b/open/c", binding: "a/bound" },
      plan: { kind: "conductor", action: { path: "a/bound", name: "c" } },
      args: { inline: '{"n":1}' },
    });
  });
});

describe("a composition of a namespace with limits", () => {
  beforeEach(() => {
    context.throttle = { invocationsPerMinute: 1, concurrentInvocations: 1, firesPerMinute: 1 };
  });

  it("counts once, and gives its slot back at once only where no object goes on with it", async () => {
    await call("a/s", { id: ID });
    expect([context.entered, context.left]).toEqual([[ID], []]);
    context.composing = [{ kind: "full" }];
    await call("a/s", { id: ID });
    expect(context.left).toEqual([ID]);
  });
});
