// What an action's key may do: never more than its caller, its writers and its annotation have in common, whatever road
// leads to the action.

import { beforeEach, describe, expect, it } from "vitest";
import type { Action } from "../../src/entities/action.ts";
import type { Identity } from "../../src/entities/identity.ts";
import type { Rights } from "../../src/entities/rights.ts";
import { seal } from "../../src/entities/sealing.ts";
import { FanOut } from "../../src/invocation/fan-out.ts";
import { fire } from "../../src/invocation/fire.ts";
import { invoke } from "../../src/invocation/invoke.ts";
import type { FireContext } from "../../src/invocation/ports.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import { step } from "../../src/invocation/step.ts";
import type { Triggers } from "../../src/invocation/triggers.ts";
import type { Fire } from "../../src/protocol/fire.ts";
import { CALLER, MemoryContext } from "./context.ts";

const RIGHTS: Rights[] = ["use", "deploy", "owner"];
const asking = (value: string): Partial<Action> => ({ annotations: [{ key: "provide-api-key", value }] });
const OWNER = asking('"owner"');

let context: MemoryContext;

beforeEach(() => {
  context = new MemoryContext();
});

function identity(rights: Rights): Identity {
  return rights === "owner"
    ? { ...CALLER, keyId: "k" }
    : { ...CALLER, keyId: "k", key: "k:act", derived: true, rights };
}

/** What the action was sent with. */
async function given(full: string, caller: Identity = identity("owner")): Promise<string | undefined> {
  const at = full.lastIndexOf("/");
  const action = { path: full.slice(0, at), name: full.slice(at + 1) };
  context.accepted.clear();
  await invoke(context, new ActionResolver(), { identity: caller, epoch: 1, transactionId: "t", action, waitMs: 0 });
  return sent();
}

function sent(): string | undefined {
  const [invocation] = [...context.accepted.values()];
  if (invocation?.credential !== "activation") return invocation?.credential;
  expect(invocation.sealedKey).toBeUndefined();
  return invocation.rights;
}

describe("a call", () => {
  it("lends what caller, writer and annotation have in common", async () => {
    for (const annotation of [null, ...RIGHTS])
      for (const writtenWith of [undefined, ...RIGHTS])
        for (const rights of RIGHTS) {
          const value = annotation === null ? "false" : annotation === "use" ? "true" : `"${annotation}"`;
          context.entities.action("a/x", { ...asking(value), ...(writtenWith === undefined ? {} : { writtenWith }) });
          const least = Math.min(
            ...[annotation, writtenWith ?? "owner", rights].map((each) => RIGHTS.indexOf(each ?? "use")),
          );
          expect(await given("a/x", identity(rights))).toBe(annotation === null ? "none" : RIGHTS[least]);
        }
  });

  it("of a stranger's published action lends the least, through a binding as well", async () => {
    context.entities.bundle("evil/p", { publish: true });
    context.entities.action("evil/p/x", OWNER);
    context.entities.bundle("a/mine", { to: "evil/p" });
    expect(await given("evil/p/x")).toBe("use");
    expect(await given("a/mine/x")).toBe("use");
    context.entities.bundle("whisk.system/p", { publish: true });
    context.entities.action("whisk.system/p/x", OWNER);
    expect(await given("whisk.system/p/x")).toBe("owner");
  });

  it("through a package lends no more than those who wrote what it takes parameters from", async () => {
    context.entities.bundle("a/p", { writtenWith: "deploy" });
    context.entities.action("a/p/x", OWNER);
    expect(await given("a/p/x")).toBe("deploy");
    context.entities.bundle("a/q");
    context.entities.action("a/q/x", OWNER);
    context.entities.bundle("a/bound", { to: "a/q", writtenWith: "use" });
    expect(await given("a/q/x")).toBe("owner");
    expect(await given("a/bound/x")).toBe("use");
  });
});

describe("a composition", () => {
  it("hands on no more than who wrote it had", async () => {
    context.entities.action("a/x", OWNER);
    const exec = { kind: "sequence" as const, components: ["/a/x"] };
    for (const [writtenWith, rights, key] of [
      ["deploy", "deploy", false],
      ["owner", undefined, true],
    ] as const) {
      context.entities.action("a/s", { exec, writtenWith });
      context.runs.length = 0;
      await given("a/s");
      const { onBehalf } = context.runs[0]!.run;
      expect([onBehalf.identity.rights, onBehalf.sealedKey !== ""]).toEqual([rights, key]);
    }
  });

  it("of a stranger hands on the least: its writer says what is run, and with what", async () => {
    context.entities.action("a/x", OWNER);
    context.entities.bundle("evil/p", { publish: true });
    context.entities.bundle("a/mine", { to: "evil/p" });
    context.entities.action("evil/p/s", { exec: { kind: "sequence", components: ["/evil/p/c"] } });
    context.entities.action("evil/p/c", { annotations: [{ key: "conductor", value: "true" }] });
    for (const name of ["evil/p/s", "evil/p/c", "a/mine/s", "a/mine/c"]) {
      context.runs.length = 0;
      await given(name);
      const { onBehalf } = context.runs[0]!.run;
      expect([name, onBehalf.identity.rights, onBehalf.sealedKey]).toEqual([name, "use", ""]);
    }
  });

  it("tells who wrote one that is inside another, and its steps get no more than their caller has", async () => {
    context.entities.action("a/x", OWNER);
    context.entities.action("a/s", { exec: { kind: "sequence", components: ["/a/x"] }, writtenWith: "deploy" });
    const { key: _, ...rest } = identity("deploy");
    const onBehalf = {
      identity: rest,
      sealedKey: await seal(context.masterSecret, "handed-on-key", CALLER.key),
      apiHost: "",
    };
    const ask = (name: string, path = "a") =>
      step(
        context,
        { actions: new ActionResolver(), epoch: 1 },
        {
          ...{ id: "0123456789ab07000000000000000001", cause: "0123456789ab07000000000000000000" },
          ...{ onBehalf, transactionId: "t", role: "component", payload: { inline: "{}" }, waitMs: 1 },
          action: { path, name },
        },
      );
    expect(await ask("s")).toMatchObject({ kind: "nested", rights: "deploy" });
    context.entities.bundle("evil/p", { publish: true });
    context.entities.action("evil/p/c", { annotations: [{ key: "conductor", value: "true" }], writtenWith: "owner" });
    expect(await ask("c", "evil/p")).toMatchObject({ kind: "nested", rights: "use" });
    await ask("x");
    expect(sent()).toBe("deploy");
  });
});

describe("a fire", () => {
  async function fired(
    trigger: Rights | undefined,
    rule: Rights | undefined,
    caller: Rights,
  ): Promise<string | undefined> {
    const facts: Fire[] = [];
    const work: Promise<unknown>[] = [];
    context = new MemoryContext();
    context.entities.action("a/x", OWNER);
    const keep = async (fact: Fire) => {
      facts.push(fact);
      return { kind: "accepted" as const };
    };
    const store = { ...context.storeOf(), fire: keep };
    const whole = Object.assign(context, {
      storeOf: () => ({ ...store, fired: async () => undefined }),
      later: (each: Promise<unknown>) => void work.push(each),
    }) as unknown as FireContext;
    const written = (writtenWith: Rights | undefined) => (writtenWith === undefined ? {} : { writtenWith });
    const rules = [{ rule: "a/r", action: { path: "a", name: "x" }, status: "active" as const, ...written(rule) }];
    const head = {
      namespace: "a",
      name: "t",
      version: "0.0.1",
      publish: false,
      annotations: [],
      updated: 1,
      revision: "r",
    };
    const found = { ok: true, value: { ...head, parameters: [], rules, ...written(trigger) } };
    const doors = {
      triggers: { find: async () => found } as unknown as Triggers,
      fanOut: new FanOut(new ActionResolver()),
    };
    const request = { epoch: 1, transactionId: "t", trigger: { path: "a", name: "t" }, headers: [], apiHost: "" };
    await fire(whole, doors, { ...request, identity: identity(caller) });
    await Promise.all(work);
    const first = sent();
    // Taken up again from what was stored it is the same.
    context.accepted.clear();
    await new FanOut(new ActionResolver()).run(whole, facts[0]!, { epoch: 1 });
    expect(sent()).toBe(first);
    return first;
  }

  it("lends its rule's action what those who fired, and wrote trigger and rule, have in common", async () => {
    expect(await fired(undefined, undefined, "owner")).toBe("owner");
    expect(await fired("owner", "owner", "owner")).toBe("owner");
    expect(await fired("use", "owner", "owner")).toBe("use");
    expect(await fired("owner", "deploy", "owner")).toBe("deploy");
    expect(await fired("owner", "owner", "deploy")).toBe("deploy");
    expect(await fired("deploy", "use", "deploy")).toBe("use");
  });
});
