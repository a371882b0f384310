// Which containers are wanted before triggers fire, and of which host.

import { expect, test } from "vitest";
import type { Trigger } from "../../src/entities/trigger.ts";
import { fail, ok } from "../../src/errors.ts";
import { type PrepareContext, prepareAhead } from "../../src/invocation/prepare-ahead.ts";
import { ActionResolver } from "../../src/invocation/resolve.ts";
import type { Triggers } from "../../src/invocation/triggers.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { PrepareReply } from "../../src/protocol/preparing.ts";
import type { RosterEntry } from "../../src/protocol/rpc.ts";
import { CALLER, MemoryContext } from "./context.ts";

class AheadContext extends MemoryContext implements PrepareContext {
  readonly asked: [string, Invocation][] = [];
  reply: (scheduler: string, path: string) => PrepareReply | Error = () => ({ kind: "there" });

  override schedulers() {
    const host = {
      memory: 1_000,
      runtimes: [{ kind: "nodejs:20" }],
      blackbox: false,
      connected: true,
      draining: false,
    };
    return ["one/0", "two/0"].map((scheduler) => ({ ...host, scheduler }) as unknown as RosterEntry) as never;
  }

  override scheduler(name = ""): never {
    const prepare = async (invocation: Invocation) => {
      this.asked.push([name, invocation]);
      const reply = this.reply(name, invocation.about.path);
      if (reply instanceof Error) throw reply;
      return reply;
    };
    return { prepare } as never;
  }
}

function play(context: AheadContext, given: Record<string, Partial<Trigger["rules"][number]>[]>) {
  const triggers = {
    find: async (_: unknown, { name }: { name: string }) => {
      const rules = given[name];
      return rules === undefined ? fail("not-found") : ok({ name, rules });
    },
  } as unknown as Triggers;
  const asked = { identity: CALLER, epoch: 1, transactionId: "tid", names: Object.keys(given), waitMs: 5_000 };
  return prepareAhead(
    context,
    { triggers, actions: new ActionResolver() },
    { ...asked, names: [...asked.names, "gone"] },
  );
}

const rule = (name: string, status: "active" | "inactive" = "active") => ({ action: { path: "a", name }, status });

test("one for each action of the active rules, whoever asks for it how often", async () => {
  const context = new AheadContext();
  context.entities.action("a/one", { parameters: [{ key: "secret", value: '"x"' }] });
  context.entities.action("a/two");
  const short = await play(context, {
    t: [rule("one"), rule("two"), rule("off", "inactive"), rule("absent")],
    other: [rule("one")],
  });
  expect(short).toEqual([[], [], []]);
  expect(context.asked.map(([, { about }]) => about.path)).toEqual(["a/one", "a/two"]);
  // What it is called with is nobody's affair yet.
  expect(context.asked[0]?.[1]).toMatchObject({ args: { inline: "{}" }, blocking: false, about: { namespace: "a" } });
});

test("a sequence stands for what it is made of; what the Worker runs needs none", async () => {
  const context = new AheadContext();
  for (const name of ["one", "two"]) context.entities.action(`a/${name}`);
  const components = (...names: string[]) => names.map((name) => `/a/${name}`);
  context.entities.action("a/inner", { exec: { kind: "sequence", components: components("two", "one") } });
  context.entities.action("a/outer", { exec: { kind: "sequence", components: components("one", "inner") } });
  await play(context, { t: [rule("outer")] });
  expect(context.asked.map(([, { about }]) => about.path).sort()).toEqual(["a/one", "a/two"]);
});

test("the home is asked first, then others; what nobody has is told", async () => {
  const context = new AheadContext();
  context.entities.action("a/one");
  context.reply = (name) =>
    name === "one/0" ? new Error("away") : { kind: "absent", have: 7, reason: "the host's memory is taken" };
  const [[short] = []] = await play(context, { t: [rule("one")] });
  expect(context.asked.map(([name]) => name).sort()).toEqual(["one/0", "two/0"]);
  const last = context.asked.at(-1)?.[0];
  expect(short).toEqual({
    ...{ function: "a/one", wanted: 256 },
    ...(last === "two/0"
      ? { have: 7, reason: "the host's memory is taken" }
      : { have: 0, reason: "its scheduler could not be asked" }),
  });
  const lucky = new AheadContext();
  lucky.entities.action("a/one");
  lucky.reply = () => (lucky.asked.length === 1 ? { kind: "absent", have: 0, reason: "" } : { kind: "there" });
  expect(await play(lucky, { t: [rule("one")] })).toEqual([[], []]);
  const large = new AheadContext();
  large.entities.action("a/one", { limits: { timeout: 1_000, memory: 2_000, logs: 1, concurrency: 1 } });
  expect(await play(large, { t: [rule("one")] })).toMatchObject([
    [{ have: 0, reason: expect.stringContaining("2000 MB") }],
    [],
  ]);
  expect(large.asked).toEqual([]);
});

test("a rule that leads to very many actions has the first of them prepared", async () => {
  const context = new AheadContext();
  for (let count = 0; count < 30; count++) context.entities.action(`a/n${count}`);
  await play(context, { t: Array.from({ length: 30 }, (_, count) => rule(`n${count}`)) });
  expect(context.asked.length).toBe(16);
});
