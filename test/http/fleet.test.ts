// The fleet as anybody may look at it.

import { expect, test } from "vitest";
import { fleetNow, healthyCount, invokerStates } from "../../src/http/fleet.ts";
import type { RosterEntry } from "../../src/protocol/rpc.ts";

const entry = (scheduler: string, more: object) => ({ scheduler, ...more }) as unknown as RosterEntry;
const fleet = [
  entry("c/0", { connected: true }),
  entry("a/0", { connected: true, unhealthy: "full" }),
  entry("b/0", { connected: false, unhealthy: "full" }),
];

test("each has a state, by name or by number", () => {
  expect(invokerStates(fleet, { named: true })).toEqual({ "a/0": "unhealthy", "b/0": "down", "c/0": "up" });
  expect(invokerStates(fleet, { named: false })).toEqual({ invoker0: "unhealthy", invoker1: "down", invoker2: "up" });
  expect(healthyCount(fleet)).toBe(1);
});

test("where nothing can be stored nobody is up, whatever was heard last", async () => {
  const ports = { ailing: async () => "the disk is full", schedulers: () => fleet, lastHeard: () => fleet.slice(0, 1) };
  expect((await fleetNow(ports)).map(({ unhealthy }) => unhealthy)).toEqual(Array(3).fill("the disk is full"));
  const silent = { ...ports, schedulers: () => Promise.reject(new Error("no answer")) };
  expect(await fleetNow(silent)).toEqual([{ ...fleet[0], unhealthy: "the disk is full" }]);
  const well = { ...silent, ailing: async () => null };
  await expect(fleetNow(well)).rejects.toThrow("no answer");
  expect(await fleetNow({ ...well, schedulers: () => fleet })).toEqual(fleet);
});
