import { expect, test } from "vitest";
import { Waiters } from "../../../durable-objects/shared/waiters.ts";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { Clock } from "../clock.ts";

const ID = "0193f000000000000000000000000001";
const record = { activationId: ID } as ActivationRecord;

test("all who wait for a record are told, at once and once; their timers go", async () => {
  const clock = new Clock();
  const waiters = new Waiters(clock.after);
  const waiting = [waiters.wait(ID, 1_000), waiters.wait(ID, 2_000)];
  const other = waiters.wait("0193f000000000000000000000000002", 500);
  waiters.tell(record);
  waiters.tell(record);
  expect(await Promise.all(waiting)).toEqual([record, record]);
  expect(clock.timers).toBe(1);
  await clock.advance(500);
  expect(await other).toBeNull();
});

test("who waited long enough is told nothing, and the next who waits is told", async () => {
  const clock = new Clock();
  const waiters = new Waiters(clock.after);
  const first = waiters.wait(ID, 100);
  const second = waiters.wait(ID, 300);
  await clock.advance(100);
  expect(await first).toBeNull();
  waiters.tell(record);
  expect(await second).toBe(record);
  expect(clock.timers).toBe(0);
});
