// Records on their way to a hook: each at least once, whatever dies; bounded, and what is dropped is counted.

import { describe, expect, it } from "vitest";
import { BACKLOG, ForwardQueue } from "../../../durable-objects/activations/forward-queue.ts";
import { recordOf } from "../../../src/entities/activation.ts";
import type { ForwardState } from "../../../src/protocol/forwarding.ts";
import { completed, metaOf, START } from "../calls.ts";
import { openDatabase } from "../clock.ts";
import { HandoverWorld } from "./handover-world.ts";

const TABLES = { queue: "forwards", hook: "hook" } as const;
const ORDER = { owner: "ns", revision: 1, on: true };

function forwarding(world: HandoverWorld): ForwardState {
  const state = world.core.forwarding();
  if (state === null) throw new Error("nothing is forwarded");
  return state;
}

/** With a hook from its beginning. */
function world(): HandoverWorld {
  const made = new HandoverWorld();
  made.core.forward(ORDER);
  return made;
}

describe("forwarding", () => {
  it("sends what is made from then on, in its order, a batch at a time, and nothing where there is no hook", async () => {
    const own = new HandoverWorld();
    own.made(3);
    expect(own.core.forwarding()).toBeNull();
    own.core.forward(ORDER);
    const calls = own.made(450);
    await own.advance(60_000);
    expect(own.hook.ids).toEqual(calls.map((each) => each.id));
    expect(own.hook.deliveries.map(({ lines }) => lines.length)).toEqual([200, 200, 50]);
    expect(forwarding(own)).toMatchObject({ waiting: 0, bytes: 0, oldest: null, sent: 450, error: null });
    own.core.forward({ ...ORDER, revision: 2, on: false });
    own.made(1);
    await own.advance(10_000);
    expect([own.hook.ids.length, own.core.forwarding()]).toEqual([450, null]);
  });

  it("leaves out what is not stored, and what comes from an export", async () => {
    const own = world();
    const call = own.call({ store: false });
    own.finish(call);
    const [kept] = own.made(1);
    await own.advance(5_000);
    expect(own.hook.ids).toEqual([kept?.id]);
  });

  it("brings what lies beside a record, and says what it leaves out", async () => {
    const own = world();
    const [small, large, gone] = [own.call(), own.call(), own.call()];
    const completion = { ...completed("{}"), logs: { blob: "logs/a", size: 10 } };
    own.hook.blobs.set("logs/a", '["from the blob store"]');
    own.complete(small, completion);
    own.complete(large, { ...completion, result: { blob: "results/b", size: 9_000_000 } });
    own.complete(gone, { ...completion, logs: { blob: "logs/gone", size: 10 } });
    await own.advance(5_000);
    expect(own.hook.deliveries.flatMap(({ lines }) => lines)).toMatchObject([
      { activationId: small.id, logs: ["from the blob store"] },
      { activationId: large.id, response: { result: null }, omitted: ["result"] },
      { activationId: gone.id, logs: [], omitted: ["logs"] },
    ]);
  });

  it("tries again, later each time, and tells once what is wrong", async () => {
    const own = world();
    own.hook.answer = () => ({ ok: false, reason: "it was not reached" });
    const calls = own.made(10);
    await own.advance(60_000);
    expect(own.hook.deliveries.length).toBeGreaterThan(3);
    expect(own.hook.deliveries.length).toBeLessThan(9);
    expect(forwarding(own)).toMatchObject({ waiting: 10, sent: 0, error: { text: "it was not reached" } });
    expect(own.warnings.filter((text) => text.includes("not forwarded"))).toHaveLength(1);
    own.hook.answer = () => ({ ok: true, status: 200, text: "" });
    await own.advance(300_000);
    expect(forwarding(own)).toMatchObject({ waiting: 0, sent: 10, error: null });
    expect(own.hook.ids.slice(-10)).toEqual(calls.map((each) => each.id));
  });

  it.each(["lost", "hangs"] as const)(
    "sends again what the object died with (the answer: %s), also when records have left it",
    async (how) => {
      const own = world();
      const calls = own.made(20);
      own.hook.answer = () => (how === "hangs" ? "hangs" : { ok: false, reason: "it was not reached" });
      await own.advance(45_000);
      expect(own.own).toBe(0);
      own.incarnate();
      own.hook.answer = () => ({ ok: true, status: 200, text: "" });
      const later = own.made(2);
      await own.advance(30_000);
      expect(new Set(own.hook.ids)).toEqual(new Set([...calls, ...later].map((each) => each.id)));
      expect(forwarding(own)).toMatchObject({ waiting: 0, sent: 22 });
    },
  );

  it("drops one record that the receiver takes in no form, by itself, and goes on", async () => {
    const own = world();
    const calls = own.made(40);
    const bad = calls[17]?.id ?? "";
    own.hook.answer = ({ lines }) =>
      lines.some((each) => each.activationId === bad)
        ? { ok: true, status: 400, text: "no" }
        : { ok: true, status: 200, text: "" };
    await own.advance(600_000);
    const taken = own.hook.deliveries.filter(({ lines }) => !lines.some((each) => each.activationId === bad));
    expect(taken.flatMap(({ lines }) => lines).length).toBe(39);
    expect(forwarding(own)).toMatchObject({ waiting: 0, sent: 39, dropped: { backlog: 0, age: 0, refused: 1 } });
    expect(own.hook.deliveries.at(-1)?.headers["x-edgewhisk-dropped"]).toBe("1");
  });

  it("drops few while a receiver refuses them all", async () => {
    const own = world();
    own.made(40);
    own.hook.answer = () => ({ ok: true, status: 400, text: "wrong address" });
    await own.advance(60_000);
    expect(forwarding(own).dropped.refused).toBeLessThan(10);
    expect(forwarding(own).error?.text).toBe("records are dropped: it answered 400: wrong address");
    const told = "Records are not forwarded, and the next ones are tried later: records are dropped: it answered 400";
    expect(own.warnings.filter((text) => text.startsWith(told))).toHaveLength(1);
  });

  it("keeps the newest where more wait than may, and says how many went", () => {
    const database = openDatabase();
    new HandoverWorld("d1", database);
    const queue = new ForwardQueue(database, TABLES);
    queue.order(ORDER);
    const size = 500_000;
    const records = Array.from({ length: Math.ceil(BACKLOG.bytes / size) + 5 }, (_, at) => ({
      ...recordOf(`${String(at).padStart(32, "0")}`, metaOf(), { completion: completed(), now: START }),
      result: { inline: JSON.stringify("x".repeat(size)) },
    }));
    let dropped = 0;
    for (const record of records)
      dropped += queue.add({ id: record.activationId, text: JSON.stringify(record) }, START);
    expect([dropped, queue.dropped.backlog]).toEqual([expect.any(Number), dropped]);
    expect(dropped).toBeGreaterThanOrEqual(5);
    expect(dropped).toBeLessThan(12);
    expect(queue.bytes).toBeLessThanOrEqual(BACKLOG.bytes);
    expect(queue.waiting).toBe(records.length - dropped);
    const [first] = queue.first({ records: 1, bytes: 1 });
    expect(first?.id).toBe(records[dropped]?.activationId);
    // The same is known to whoever comes after this incarnation.
    const next = new ForwardQueue(database, TABLES);
    expect([next.waiting, next.bytes, next.state()]).toEqual([queue.waiting, queue.bytes, queue.state()]);
  });

  it("lets go of what has waited a day", async () => {
    const own = world();
    own.hook.answer = () => ({ ok: false, reason: "it was not reached" });
    own.made(5);
    await own.advance(BACKLOG.ageMs + 600_000);
    expect(forwarding(own)).toMatchObject({ waiting: 0, dropped: { age: 5 } });
  });

  it("goes by the newest word, however late an older one comes", async () => {
    const own = new HandoverWorld();
    own.core.forward({ ...ORDER, revision: 5 });
    own.core.forward({ ...ORDER, revision: 4, on: false });
    expect(own.core.forwarding()).not.toBeNull();
    own.core.forward({ ...ORDER, revision: 6, on: false });
    own.core.forward({ ...ORDER, revision: 5 });
    expect(own.core.forwarding()).toBeNull();
  });

  it("ends by itself where the hook is gone, and begins again with the next", async () => {
    const own = world();
    const { hook } = own.hook;
    own.hook.hook = null;
    own.made(3);
    await own.advance(5_000);
    expect([own.core.forwarding(), own.hook.deliveries]).toEqual([null, []]);
    own.hook.hook = hook;
    own.core.forward({ ...ORDER, revision: 2 });
    const [call] = own.made(1);
    await own.advance(5_000);
    expect(own.hook.ids).toEqual([call?.id]);
  });
});
