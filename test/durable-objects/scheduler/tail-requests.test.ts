// Questions about a run's output: to the host that runs it, for those it belongs to, and never without an answer.

import { expect, test } from "vitest";
import { SchedulerCore } from "../../../durable-objects/scheduler/core.ts";
import type { Connection } from "../../../durable-objects/scheduler/ports.ts";
import type { HostMessage, HostReport, SchedulerMessage } from "../../../src/protocol/messages.ts";
import { Proofs } from "../../../src/protocol/proofs.ts";
import { callOf, completed, reportOf } from "../calls.ts";
import { Clock, settle } from "../clock.ts";

const PROOFS = new Proofs({ current: "a secret of the tests", previous: null });

async function open(report: Partial<HostReport> = { follows: true }) {
  const clock = new Clock();
  const sent: SchedulerMessage[] = [];
  const core = new SchedulerCore("h/0", {
    now: clock.now,
    after: clock.after,
    memory: { load: () => ({ epoch: 0, draining: false }), saveEpoch() {}, saveProvenSince() {}, saveDraining() {} },
    store: () => ({
      accept: async () => ({ kind: "accepted" as const }),
      complete: async () => {},
      pull: async () => [],
      declined: async () => {},
    }),
    report: async () => [],
    proofs: () => PROOFS,
    credential: async () => "key",
    warn: () => {},
  });
  const connection: Connection = {
    send: (frame) => sent.push(...(JSON.parse(frame) as SchedulerMessage[])),
    close: () => {},
    pinged: () => clock.at,
  };
  const hear = (...messages: HostMessage[]) => core.message(connection, JSON.stringify(messages));
  core.connect(connection);
  hear({ t: "hello", report: reportOf(report) });
  await settle();
  const welcome = sent.find((each) => each.t === "welcome");
  hear({ t: "inventory", epoch: welcome?.epoch ?? 0, boot: "boot-1", running: [], more: false });
  const call = callOf();
  void core.invoke(call, { waitMs: 60_000 });
  await settle();
  const asked = () => sent.filter((each) => each.t === "tail");
  const { id, about } = call;
  const ask = (options: { namespaceId?: string; from?: number; waitMs?: number } = {}) =>
    core.tail(id, { namespaceId: about.namespaceId, from: 0, waitMs: 5_000, ...options });
  const run = sent.find((each) => each.t === "run");
  const lease = run?.t === "run" ? run.lease : { epoch: 0, counter: 0 };
  return { clock, core, connection, hear, asked, ask, id, lease };
}

test("a question goes to the host, and each is given its own answer", async () => {
  const { hear, asked, ask, id } = await open();
  const [one, two] = [ask(), ask({ from: 9 })];
  await settle();
  expect(asked()).toEqual([
    { t: "tail", id, ask: 1, from: 0, wait: 5_000 },
    { t: "tail", id, ask: 2, from: 9, wait: 5_000 },
  ]);
  hear({ t: "lines", id, ask: 2, attempt: 1, text: '"b"', next: 13 });
  hear({ t: "lines", id, ask: 1, attempt: 1, next: 0 });
  expect([await one, await two]).toEqual([{ kind: "nothing" }, { kind: "lines", attempt: 1, text: '"b"', next: 13 }]);
  const over = ask();
  await settle();
  hear({ t: "lines", id, ask: 3, next: 0, over: true });
  expect(await over).toEqual({ kind: "over" });
});

test("another namespace, or an id that does not run here, learns nothing", async () => {
  const { core, ask, asked } = await open();
  expect(await ask({ namespaceId: "another" })).toEqual({ kind: "unknown" });
  expect(await core.tail("0".repeat(32), { namespaceId: "any", from: 0, waitMs: 1_000 })).toEqual({ kind: "unknown" });
  expect(asked()).toEqual([]);
});

test("who only wants to know whether it runs here need not ask the host", async () => {
  const { ask, asked, hear, id, lease } = await open();
  expect(await ask({ waitMs: 0 })).toEqual({ kind: "nothing" });
  hear({ t: "result", id, attempt: 1, lease, completion: completed() });
  expect(await ask({ waitMs: 0 })).toEqual({ kind: "over" });
  expect(asked()).toEqual([]);
});

test("a host that does not answer, goes away or knows no such question leaves nobody waiting", async () => {
  const one = await open();
  const silent = one.ask();
  await settle();
  await one.clock.advance(8_000);
  expect(await silent).toEqual({ kind: "nothing" });
  const cut = one.ask();
  await settle();
  one.core.disconnected(one.connection);
  expect(await cut).toEqual({ kind: "nothing" });
  const old = await open({});
  expect(await old.ask()).toEqual({ kind: "over" });
  expect(old.asked()).toEqual([]);
});

test("only so many wait at once", async () => {
  const { core, ask, asked, connection } = await open();
  const waiting = Array.from({ length: 300 }, () => ask());
  await settle();
  expect(asked().length).toBe(256);
  core.disconnected(connection);
  expect((await Promise.all(waiting)).every(({ kind }) => kind === "nothing")).toBe(true);
});
