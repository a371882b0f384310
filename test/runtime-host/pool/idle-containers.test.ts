// What is told of containers that run nothing: equal ones together, bounded, the oldest first.

import { expect, test } from "vitest";
import { idleContainers } from "../../../runtime-host/pool/idle-containers.ts";
import { PoolState, type SlotState } from "../../../runtime-host/pool/pool-state.ts";
import { decodeHostFrame, encodeFrame } from "../../../src/protocol/codec.ts";
import { shareText } from "../../../src/protocol/matching.ts";
import { MAX_IDLE_GROUPS } from "../../../src/protocol/messages.ts";

const LIMITS = {
  ...{ memoryMb: 4_096, idleShare: 0.5, containers: 500, creations: 4, waiting: 100 },
  ...{ patienceMs: 1_000, pauseGraceMs: 1_000, idleTimeoutMs: 60_000 },
};

function keyOf(path: string): string {
  return shareText({ namespaceId: "ns-id", path, revision: "1|2", memory: 256 });
}

function pool() {
  const state = new PoolState(LIMITS);
  const slot = (as: SlotState, at: number, path: string | null, runtime = "nodejs:20") => {
    const made = state.add({ runtime, memory: 256, key: path === null ? null : keyOf(path), now: at });
    state.move(made, as, at);
    made.usedAt = at;
    return made;
  };
  return { state, slot };
}

test("equal ones are one group, with how many are paused and how long the oldest has waited", () => {
  const { state, slot } = pool();
  slot("idle", 5_000, "ns/pkg/hello");
  slot("paused", 2_000, "ns/pkg/hello");
  slot("ready", 1_000, null);
  slot("idle", 9_000, "ns/other", "python:3.13");
  expect(idleContainers(state.slots, 10_000)).toEqual({
    items: [
      { runtime: "nodejs:20", memory: 256, containers: 1, paused: 0, idleMs: 9_000 },
      {
        ...{ namespaceId: "ns-id", action: "ns/pkg/hello", runtime: "nodejs:20", memory: 256 },
        ...{ containers: 2, paused: 1, idleMs: 8_000 },
      },
      {
        ...{ namespaceId: "ns-id", action: "ns/other", runtime: "python:3.13", memory: 256 },
        ...{ containers: 1, paused: 0, idleMs: 1_000 },
      },
    ],
    more: false,
  });
});

test("what runs, is made, reads its log or goes is none of them", () => {
  const { state, slot } = pool();
  for (const each of ["creating", "busy", "drainingLogs", "resuming", "removing"] as const) slot(each, 0, `ns/${each}`);
  slot("idle", 0, "ns/retiring").retiring = true;
  expect(idleContainers(state.slots, 1)).toEqual({ items: [], more: false });
});

test("no more groups are told than fit into a message that a scheduler takes", () => {
  const { state, slot } = pool();
  for (let at = 0; at < MAX_IDLE_GROUPS + 1; at++) slot("idle", at, `${"n".repeat(250)}/${"a".repeat(250)}${at}`);
  const { items, more } = idleContainers(state.slots, 1_000);
  expect([items.length, more]).toEqual([MAX_IDLE_GROUPS, true]);
  expect(items[0]?.idleMs).toBe(1_000);
  const read = decodeHostFrame(encodeFrame([{ t: "listed", ask: 1, idle: items, more }]));
  expect(read).toMatchObject({ ok: true, messages: [{ t: "listed", idle: { length: MAX_IDLE_GROUPS } }] });
});
