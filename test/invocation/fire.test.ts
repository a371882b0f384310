// A fire from the request to the rules' activations: what is kept, what follows, what the trigger's record says.

import { beforeEach, describe, expect, it } from "vitest";
import { derivedActivationId, isActivationId } from "../../src/entities/activation-id.ts";
import type { Identity } from "../../src/entities/identity.ts";
import { open } from "../../src/entities/sealing.ts";
import type { TriggerRule } from "../../src/entities/trigger.ts";
import { FanOut } from "../../src/invocation/fan-out.ts";
import { type Fired, fire } from "../../src/invocation/fire.ts";
import type { FireContext } from "../../src/invocation/ports.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import type { Triggers } from "../../src/invocation/triggers.ts";
import type { Fire } from "../../src/protocol/fire.ts";
import { CALLER, MemoryContext } from "./context.ts";

type FireStore = ReturnType<FireContext["storeOf"]>;

class TestContext extends MemoryContext {
  readonly facts: Fire[] = [];
  readonly ended = new Map<string, string[]>();
  readonly work: Promise<unknown>[] = [];
  /** Calls that brought rows. */
  calls = 0;
  /** What the store answers to a fire next. */
  firing: ("accepted" | "full" | "duplicate" | Error)[] = [];

  override later(work?: Promise<unknown>): void {
    if (work !== undefined) this.work.push(work);
  }

  override storeOf(): FireStore {
    const store = super.storeOf();
    return {
      ...store,
      accept: async (rows, options) => {
        this.calls++;
        const [first, ...rest] = rows;
        const word = await store.accept([first!], options);
        for (const row of rest) if (word.kind === "accepted") await store.accept([row], options);
        return word;
      },
      fire: async (fact) => {
        const word = this.firing.shift() ?? "accepted";
        if (word instanceof Error) throw word;
        if (word === "accepted") this.facts.push(fact);
        return word === "duplicate" ? { kind: word, id: "the first one" } : { kind: word };
      },
      fired: async (id, logs) => {
        const text = "inline" in logs ? logs.inline : (this.texts.get(logs.blob) ?? "");
        this.ended.set(id, JSON.parse(text));
      },
    };
  }

  lines(id: string): unknown[] {
    return (this.ended.get(id) ?? []).map((each) => JSON.parse(each));
  }
}

let context: TestContext;
let fanOut: FanOut;

beforeEach(() => {
  context = new TestContext();
  for (const name of ["one", "two"]) context.entities.action(`a/${name}`);
  fanOut = new FanOut(new ActionResolver());
});

const rule = (name: string, action: string, status: TriggerRule["status"] = "active"): TriggerRule => ({
  rule: `a/${name}`,
  action: { path: "a", name: action },
  status,
});

const TRIGGER = { name: "t", version: "0.0.3", parameters: [], rules: [rule("r", "one")] };

interface Options {
  rules?: TriggerRule[];
  parameters?: { key: string; value: string }[];
  payload?: string;
  headers?: [string, string][];
  identity?: Identity;
  path?: string;
}

async function shoot(options: Options = {}): Promise<Fired> {
  const { rules = [rule("r", "one")], parameters = [], payload, headers = [] } = options;
  const trigger = { ...TRIGGER, parameters, rules };
  const triggers = { find: async () => ({ ok: true, value: trigger }) } as unknown as Triggers;
  const fired = await fire(
    context,
    { triggers, fanOut },
    {
      ...{ identity: options.identity ?? CALLER, epoch: 1, transactionId: "tid", apiHost: "http://here" },
      ...{ trigger: { path: options.path ?? "a", name: "t" }, headers },
      ...(payload === undefined ? {} : { payload }),
    },
  );
  await Promise.all(context.work);
  return fired;
}

async function idOf(fired: Promise<Fired>): Promise<string> {
  const outcome = await fired;
  if (!outcome.ok || outcome.kind !== "accepted") throw new Error(JSON.stringify(outcome));
  return outcome.id;
}

describe("a fire", () => {
  it("is one fact, then one activation of each active rule under an id that follows from its own", async () => {
    const id = await idOf(shoot({ rules: [rule("r", "one"), rule("s", "two")], payload: '{"n":1.0}' }));
    expect(context.facts).toHaveLength(1);
    expect(context.facts[0]).toMatchObject({
      id,
      about: { namespace: "a", namespaceId: "uuid-a", subject: "someone", name: "t", version: "0.0.3" },
      payload: { inline: '{"n":1.0}' },
    });
    const ids = await Promise.all(["a/r", "a/s"].map((each) => derivedActivationId(id, [each])));
    expect(context.facts[0]?.rules.map((each) => each.id)).toEqual(ids);
    expect([...context.accepted.keys()]).toEqual(ids);
    expect(context.accepted.get(ids[0]!)).toMatchObject({
      about: { path: "a/one", transactionId: "tid" },
      blocking: false,
    });
    expect(context.accepted.get(ids[0]!)?.about).not.toHaveProperty("cause");
    expect(context.lines(id)).toEqual([
      { rule: "a/r", action: "a/one", statusCode: 0, success: true, activationId: ids[0] },
      { rule: "a/s", action: "a/two", statusCode: 0, success: true, activationId: ids[1] },
    ]);
  });

  it("is answered as soon as it is stored: nothing that follows is waited for", async () => {
    let stored = Promise.resolve("not yet");
    const { storeOf } = context;
    context.storeOf = () => {
      const store = storeOf.call(context);
      const fired: FireStore["fire"] = async (fact, ...rest) => {
        const word = await store.fire(fact, ...rest);
        // Whatever asks the world comes back after this.
        stored = new Promise((resolve) => setImmediate(() => resolve("late")));
        return word;
      };
      return { ...store, fire: fired };
    };
    const never = () => new Promise<never>(() => {});
    fanOut = { run: never } as unknown as FanOut;
    const soon = fire(
      context,
      { triggers: { find: async () => ({ ok: true, value: TRIGGER }) } as unknown as Triggers, fanOut },
      {
        ...{ identity: CALLER, epoch: 1, transactionId: "tid", apiHost: "http://here" },
        ...{ trigger: { path: "a", name: "t" }, headers: [] },
      },
    ).then(async (outcome) => [outcome, await Promise.race([stored, "at once"])]);
    expect(await soon).toEqual([expect.objectContaining({ kind: "accepted" }), "at once"]);
    expect(context.facts).toHaveLength(1);
  });

  it("hands over the trigger's parameters, under the headers, under what was posted, bytes kept", async () => {
    await shoot({
      parameters: [
        { key: "n", value: "1.0" },
        { key: "__ow_headers", value: '"mine"' },
        { key: "kept", value: "18446744073709551616" },
      ],
      headers: [
        ["x-hook", "yes"],
        ["authorization", "Basic c2VjcmV0"],
      ],
      payload: '{ "n": 2.0 }',
    });
    const [invocation] = [...context.accepted.values()];
    expect(invocation?.args).toEqual({
      inline: '{"n":2.0,"__ow_headers":{"x-hook":"yes"},"kept":18446744073709551616}',
    });
    expect(JSON.stringify(context.facts)).not.toContain("c2VjcmV0");
    await shoot({ payload: '{"__ow_headers":7}' });
    expect([...context.accepted.values()][1]?.args).toEqual({ inline: '{"__ow_headers":7}' });
  });

  it("keeps the key of who fired sealed", async () => {
    await shoot();
    const text = JSON.stringify(context.facts[0]);
    expect(text).not.toContain("uuid-a:secret");
    expect(await open(context.masterSecret, "handed-on-key", context.facts[0]!.onBehalf.sealedKey)).toBe(
      "uuid-a:secret",
    );
  });

  it("without an active rule is nothing at all", async () => {
    for (const rules of [[], [rule("r", "one", "inactive")]]) {
      expect(await shoot({ rules })).toEqual({ ok: true, kind: "idle" });
    }
    expect(context.facts).toEqual([]);
  });

  it("of another's trigger is forbidden, once it has been counted", async () => {
    const limited = { ...CALLER, limits: { firesPerMinute: 1 } };
    expect(await shoot({ path: "other", identity: limited })).toMatchObject({ ok: false, code: "not-authorized" });
    expect(context.entered).toHaveLength(1);
    expect(context.left).toEqual([]);
  });

  it("is refused while too many are under way, and names no id when its store cannot be reached", async () => {
    context.firing = ["full"];
    expect(await shoot()).toMatchObject({ ok: false, code: "backlog-full" });
    context.firing = Array.from({ length: 4 }, () => new Error("gone"));
    expect(await shoot()).toMatchObject({ ok: false, code: "no-answer" });
    context.fault = "the disk is full";
    context.firing = Array.from({ length: 4 }, () => new Error("gone"));
    expect(await shoot()).toMatchObject({ ok: false, code: "storage-ailing" });
    context.full = "7 wait";
    expect(await shoot()).toMatchObject({ ok: false, code: "records-full" });
    expect(context.accepted.size).toBe(0);
  });

  it("asks a store again that was away for a moment", async () => {
    context.firing = [new Error("gone")];
    expect(isActivationId(await idOf(shoot()))).toBe(true);
    expect(context.facts).toHaveLength(1);
  });

  it("puts large arguments and what was posted aside, each rule's for itself", async () => {
    const payload = JSON.stringify({ text: "x".repeat(200_000) });
    const id = await idOf(shoot({ payload }));
    const [fact] = context.facts;
    if (fact === undefined || !("blob" in fact.payload) || !("blob" in fact.args)) throw new Error("not put aside");
    expect(context.texts.get(fact.payload.blob)).toBe(payload);
    const [invocation] = [...context.accepted.values()];
    if (invocation === undefined || !("blob" in invocation.args)) throw new Error("not put aside");
    expect(invocation.args.blob).not.toBe(fact.args.blob);
    expect(context.lines(id)).toHaveLength(1);
  });
});

describe("the lines of a fire", () => {
  it("say of inactive rules, of actions that are gone, foreign or broken what became of them", async () => {
    context.entities.broken("a/broken", "action");
    const foreign = { ...rule("f", "x"), action: { path: "b", name: "x" } };
    const rules = [rule("off", "one", "inactive"), rule("g", "gone"), foreign, rule("b", "broken"), rule("r", "one")];
    const id = await idOf(shoot({ rules }));
    expect(context.lines(id)).toEqual([
      {
        ...{ rule: "a/off", action: "a/one", statusCode: 1, success: false },
        error: "Rule 'a/off' is inactive, action 'a/one' was not activated.",
      },
      {
        ...{ rule: "a/g", action: "a/gone", statusCode: 1, success: false },
        error: "The requested resource does not exist.",
      },
      {
        ...{ rule: "a/f", action: "b/x", statusCode: 1, success: false },
        error: "The supplied authentication is not authorized to access 'b/x'.",
      },
      {
        ...{ rule: "a/b", action: "a/broken", statusCode: 3, success: false },
        error: "Resource is corrupted and cannot be read.",
      },
      expect.objectContaining({ rule: "a/r", success: true }),
    ]);
  });

  it.each([
    ["", undefined],
    [", also where the disk is known to be full", "the disk is full"],
  ])("are written only when every rule has been served: else its store asks again%s", async (_name, fault) => {
    if (fault !== undefined) context.fault = fault;
    context.accepting = Array.from({ length: 4 }, () => new Error("gone"));
    const id = await idOf(shoot({ rules: [rule("r", "one"), rule("s", "two")] }));
    expect(context.ended.has(id)).toBe(false);
    const [fact] = context.facts;
    expect(context.accepted.size).toBe(0);
    await fanOut.run(context, fact!, { started: [fact!.rules[0]!.id], epoch: 1 });
    expect(context.lines(id)).toHaveLength(2);
    expect([...context.accepted.keys()]).toEqual([fact!.rules[1]!.id]);
  });

  it("count a refusal for want of room as one", async () => {
    context.accepting = ["full"];
    const id = await idOf(shoot());
    expect(context.lines(id)).toEqual([
      expect.objectContaining({ statusCode: 1, error: expect.stringContaining("waiting") }),
    ]);
  });

  it("are the same when the fan-out is done again, and nothing is asked of the throttle twice", async () => {
    const identity = { ...CALLER, limits: { invocationsPerMinute: 10 } };
    const id = await idOf(shoot({ identity }));
    const first = context.lines(id);
    const entered = context.entered.length;
    await fanOut.run(context, context.facts[0]!, { started: [...context.accepted.keys()], epoch: 1 });
    expect(context.lines(id)).toEqual(first);
    expect(context.entered).toHaveLength(entered);
  });

  it("of very many rules lie in the blob store", async () => {
    const rules = Array.from({ length: 500 }, (_, n) => rule(`${"r".repeat(150)}${n}`, "one"));
    const id = await idOf(shoot({ rules }));
    expect(context.lines(id)).toHaveLength(500);
    expect(context.accepted.size).toBe(500);
    // Thirty-two at a time.
    expect(context.calls).toBe(16);
    expect([...context.texts.keys()]).toContain(`logs/${id}/1`);
  });
});

describe("a fire that was told of before", () => {
  it("leaves nothing of its own in the blob store", async () => {
    context.firing = ["duplicate"];
    const payload = JSON.stringify({ text: "x".repeat(200_000) });
    expect(await shoot({ payload })).toEqual({ ok: true, kind: "duplicate", id: "the first one" });
    expect([...context.texts.keys()]).toEqual([]);
    await shoot({ payload });
    expect(context.texts.size).toBeGreaterThan(1);
  });
});

describe("a fan-out", () => {
  it("that would hold too much beside others is left to its store", async () => {
    await shoot({ payload: JSON.stringify({ text: "x".repeat(200_000) }) });
    const [fact] = context.facts;
    const large = { ...fact!, id: "large", args: { blob: "args/large", size: 17 * 1024 * 1024 } };
    const held = Promise.withResolvers<string | null>();
    context.blobs.text = () => held.promise;
    const first = fanOut.run(context, large, { epoch: 1 });
    await fanOut.run(context, { ...large, id: "second" }, { epoch: 1 });
    held.resolve("{}");
    await first;
    expect([context.ended.has("large"), context.ended.has("second")]).toEqual([true, false]);
    await fanOut.run(context, { ...large, id: "second" }, { epoch: 1 });
    expect(context.ended.has("second")).toBe(true);
  });
});

describe("a fan-out taken up again", () => {
  it("calls actions that ask for it with the owner's key", async () => {
    context.entities.action("a/keyed", { annotations: [{ key: "provide-api-key", value: '"owner"' }] });
    await shoot({ rules: [rule("r", "keyed")] });
    context.accepted.clear();
    await fanOut.run(context, context.facts[0]!, { epoch: 1 });
    const [invocation] = [...context.accepted.values()];
    expect(invocation?.credential).toBe("owner");
    expect(await open(context.masterSecret, "handed-on-key", invocation?.sealedKey ?? "")).toBe("uuid-a:secret");
  });

  it("calls them with a credential of their own where the key does not open any more, or none was there", async () => {
    context.entities.action("a/keyed", { annotations: [{ key: "provide-api-key", value: '"owner"' }] });
    await shoot({ rules: [rule("r", "keyed")] });
    await shoot({ rules: [rule("r", "keyed")], identity: { ...CALLER, derived: true } });
    context.accepted.clear();
    const [fact, derived] = context.facts;
    const sealed = { ...fact!, onBehalf: { ...fact!.onBehalf, sealedKey: "v1.bm9uc2Vuc2Utbm9uc2Vuc2U=" } };
    for (const each of [sealed, derived!]) await fanOut.run(context, each, { epoch: 1 });
    expect(derived?.onBehalf.sealedKey).toBe("");
    expect([...context.accepted.values()].map((each) => each.credential)).toEqual(["activation", "activation"]);
  });

  it("whose arguments are gone says so in the record", async () => {
    const id = await idOf(shoot({ payload: JSON.stringify({ text: "x".repeat(200_000) }) }));
    const { args } = context.facts[0]!;
    if ("blob" in args) context.texts.delete(args.blob);
    await fanOut.run(context, context.facts[0]!, { epoch: 1 });
    expect(context.lines(id)).toEqual([expect.objectContaining({ statusCode: 3 })]);
  });
});
