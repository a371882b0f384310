// User events on their way to whoever wants them: each at least once, whatever dies; bounded, and what is dropped is
// counted and told.

import { describe, expect, it } from "vitest";
import type { LimitEvent } from "../../../src/entities/limit-event.ts";
import { completed, START } from "../calls.ts";
import type { MemoryHook } from "../hook.ts";
import { HandoverWorld } from "./handover-world.ts";

const ORDER = { owner: "ns", revision: 1, on: true };
const LIMIT: LimitEvent = { metricName: "TimedRateLimit", metricValue: 1, subject: "s", namespace: "guest", at: START };

interface Told {
  eventType: string;
  body: { activationId: string; metricName: string };
}

const told = (hook: MemoryHook) => hook.deliveries.flatMap(({ lines }) => lines as unknown as Told[]);
const idsOf = (hook: MemoryHook) => told(hook).map(({ body }) => body.activationId);
const limits = (world: HandoverWorld, events: LimitEvent[], lost = 0) =>
  world.core.archive.events?.limits(events, lost);
const counts = (world: HandoverWorld) =>
  Object.fromEntries(
    world.meter
      .take()
      .filter(({ family }) => family === "edgewhisk_user_events_total")
      .map(({ labels, value }) => [labels.join(" "), value]),
  );

describe("user events", () => {
  it("are nobody's until somebody wants them", async () => {
    const own = new HandoverWorld();
    own.made(3);
    expect(limits(own, [LIMIT])).toBe(false);
    await own.advance(10_000);
    expect([own.eventHook.deliveries, own.platformHook.deliveries, own.core.forwarding("events")]).toEqual([
      [],
      [],
      null,
    ]);
  });

  it("go to the namespace's receiver, also of what is not stored, and are none of a trigger", async () => {
    const own = new HandoverWorld();
    own.core.forward(ORDER, "events");
    const calls = [...own.made(450), own.call({ store: false })];
    own.finish(calls.at(-1) ?? own.call());
    const { id } = own.call();
    const about = {
      namespace: "guest",
      namespaceId: "ns",
      subject: "guest",
      name: "t",
      version: "0.0.1",
      acceptedAt: 1,
    };
    own.core.fire({ id, about: { ...about, transactionId: "t" }, payload: { inline: "{}" }, starts: [] } as never);
    await own.advance(60_000);
    expect(idsOf(own.eventHook)).toEqual(calls.map((each) => each.id));
    expect(own.eventHook.deliveries.map(({ lines }) => lines.length)).toEqual([200, 200, 51]);
    expect(own.hook.deliveries).toEqual([]);
    expect(own.core.forwarding("events")).toMatchObject({ waiting: 0, sent: 451, dropped: { backlog: 0 } });
    expect(counts(own)).toEqual({ "namespace sent": 451 });
  });

  it("go to the platform's as well, each receiver by itself", async () => {
    const own = new HandoverWorld();
    own.hasPlatforms = true;
    own.incarnate();
    own.core.forward(ORDER, "events");
    own.eventHook.answer = () => ({ ok: false, reason: "it was not reached" });
    const calls = own.made(3);
    expect(limits(own, [LIMIT, { ...LIMIT, metricName: "ConcurrentInvocations", metricValue: 4 }])).toBe(true);
    await own.advance(60_000);
    expect(idsOf(own.platformHook).slice(0, 3)).toEqual(calls.map((each) => each.id));
    expect(told(own.platformHook).map(({ eventType }) => eventType)).toEqual([
      ...["Activation", "Activation", "Activation", "Metric", "Metric"],
    ]);
    expect(own.core.forwarding("events")).toMatchObject({ waiting: 5, sent: 0, error: { text: "it was not reached" } });
    expect(own.warnings.filter((text) => text.includes("User events are not forwarded"))).toHaveLength(1);
    // The operator takes the platform's away: what is left is the namespace's.
    own.hasPlatforms = false;
    own.incarnate();
    own.eventHook.answer = () => ({ ok: true, status: 200, text: "" });
    const before = own.platformHook.deliveries.length;
    const [last] = own.made(1);
    await own.advance(600_000);
    expect(own.platformHook.deliveries).toHaveLength(before);
    expect(idsOf(own.eventHook).at(-1)).toBe(last?.id);
  });

  it.each(["lost", "hangs"] as const)(
    "are sent again where the object died with them (the answer: %s)",
    async (how) => {
      const own = new HandoverWorld();
      own.hasPlatforms = true;
      own.incarnate();
      own.platformHook.answer = () => (how === "hangs" ? "hangs" : { ok: false, reason: "it was not reached" });
      const calls = own.made(20);
      await own.advance(45_000);
      own.incarnate();
      own.platformHook.answer = () => ({ ok: true, status: 200, text: "" });
      await own.advance(30_000);
      expect(new Set(idsOf(own.platformHook))).toEqual(new Set(calls.map((each) => each.id)));
    },
  );

  it("say how many were dropped: elsewhere, and of those that were too many", async () => {
    const own = new HandoverWorld();
    own.core.forward(ORDER, "events");
    limits(
      own,
      Array.from({ length: 1_500 }, () => LIMIT),
      7,
    );
    await own.advance(60_000);
    expect(told(own.eventHook)).toHaveLength(1_000);
    expect(own.core.forwarding("events")).toMatchObject({ sent: 1_000, dropped: { backlog: 507 } });
    expect(own.eventHook.deliveries.at(-1)?.headers["x-edgewhisk-dropped"]).toBe("507");
    expect(counts(own)).toEqual({ "namespace dropped": 507, "namespace sent": 1_000 });
  });

  it("hold nothing of a result but its size and status code", async () => {
    const own = new HandoverWorld();
    own.core.forward(ORDER, "events");
    own.complete(own.call(), completed('{"statusCode":418,"secret":"a-secret-of-the-result"}'));
    await own.advance(10_000);
    const [text = ""] = own.eventHook.deliveries.map((each) => each.text);
    expect(text).toContain('"userDefinedStatusCode":418');
    expect(text).not.toContain("a-secret-of-the-result");
  });
});
