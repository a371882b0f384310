// When a container may be made ahead of a call: pure state, no clock.

import { expect, test } from "vitest";
import { type PoolLimits, PoolState, type Slot } from "../../../runtime-host/pool/pool-state.ts";
import { type AheadCall, roomFor } from "../../../runtime-host/pool/preparing.ts";

const LIMITS: PoolLimits = {
  memoryMb: 4_000,
  idleShare: 0.25,
  containers: 40,
  creations: 2,
  waiting: 100,
  patienceMs: 1_000,
  pauseGraceMs: 1_000,
  idleTimeoutMs: 60_000,
};
const wish: AheadCall = { key: "a", runtime: "nodejs:20", memory: 256, namespaceId: "ns" };

function poolOf(limits: Partial<PoolLimits> = {}) {
  const pool = new PoolState({ ...LIMITS, ...limits });
  const add = (state: Slot["state"], more: Partial<Slot> = {}): Slot => {
    const { runtime = "nodejs:20", memory = 256, key = "other" } = more;
    const slot = pool.add({ runtime, memory, key, now: 0 });
    pool.move(slot, state, 0);
    const { retiring = false, preparedFor = null } = more;
    return Object.assign(slot, { retiring, preparedFor });
  };
  return { pool, add };
}

test("one for an action, whatever it does; one that is on its way out is none", () => {
  for (const state of ["creating", "busy", "drainingLogs", "idle", "pausing", "paused", "resuming"] as const) {
    const { pool, add } = poolOf();
    const slot = add(state, { key: "a" });
    expect([state, roomFor(pool, wish)]).toEqual([state, { kind: "there", slot }]);
  }
  const { pool, add } = poolOf();
  add("removing", { key: "a" });
  add("idle", { key: "a", retiring: true });
  expect(roomFor(pool, wish)).toEqual({ kind: "make" });
  const made = add("ready", { key: "a" });
  expect(roomFor(pool, wish)).toEqual({ kind: "take", slot: made });
});

test("what was made for anybody is taken if it fits", () => {
  const { pool, add } = poolOf();
  add("ready", { key: null, memory: 512 });
  add("ready", { key: null, runtime: "python:3" });
  add("creating", { key: null });
  expect(roomFor(pool, wish)).toEqual({ kind: "make" });
  const blank = add("ready", { key: null });
  expect(roomFor(pool, wish)).toEqual({ kind: "take", slot: blank });
});

test("memory that somebody uses, warm containers included, is not had", () => {
  const { pool, add } = poolOf({ memoryMb: 3_000 });
  for (let count = 0; count < 10; count++) add("busy", { memory: 256 });
  expect(roomFor(pool, wish)).toEqual({ kind: "make" });
  const warm = add("idle", { memory: 1_024 });
  expect(roomFor(pool, wish)).toEqual({ kind: "none", have: 184, reason: "the host's memory is taken" });
  expect([...pool.slots]).toContain(warm);
  const paused = poolOf({ memoryMb: 3_000 });
  for (let count = 0; count < 11; count++) paused.add("paused", { memory: 1_024 });
  expect(roomFor(paused.pool, wish)).toMatchObject({ kind: "none", reason: "the host's memory is taken" });
});

test("a namespace has a tenth of the host for what has not run yet", () => {
  const { pool, add } = poolOf();
  const prepared = add("idle", { preparedFor: "ns" });
  expect(roomFor(pool, wish)).toEqual({
    kind: "none",
    have: 144,
    reason: "a namespace has 400 MB of this host for containers that are made ahead",
  });
  expect(roomFor(pool, { ...wish, namespaceId: "another" })).toEqual({ kind: "make" });
  expect(roomFor(pool, { ...wish, memory: 144 })).toEqual({ kind: "make" });
  // It has run.
  prepared.preparedFor = null;
  expect(roomFor(pool, wish)).toEqual({ kind: "make" });
});

test("who waits goes first, creations are not crowded out, and the host's bounds hold", () => {
  const waits = poolOf();
  waits.pool.waiting.push({ ...wish, since: 0 });
  expect(roomFor(waits.pool, wish)).toMatchObject({ kind: "later", reason: "calls wait for the host's containers" });
  const making = poolOf();
  making.add("creating");
  making.add("creating");
  expect(roomFor(making.pool, wish)).toMatchObject({ kind: "later", reason: "other containers are made" });
  const full = poolOf({ containers: 1 });
  full.add("idle");
  expect(roomFor(full.pool, wish)).toMatchObject({ kind: "none", reason: "the host has as many containers as it may" });
  const squeezed = poolOf();
  squeezed.pool.squeezed = true;
  expect(roomFor(squeezed.pool, wish)).toMatchObject({ kind: "none", have: 0 });
});
