// The line to the host: one socket counts, frames are packed, silence is noticed.

import { expect, test } from "vitest";
import { HostLink } from "../../../durable-objects/scheduler/host-link.ts";
import type { SchedulerMessage } from "../../../src/protocol/messages.ts";
import { START } from "../calls.ts";

function socket() {
  const frames: SchedulerMessage[][] = [];
  const closed: { code: number; reason: string }[] = [];
  const state = { pingedAt: 0, isClosing: false };
  const connection = {
    send(frame: string) {
      if (state.isClosing) throw new Error("the socket is closing");
      frames.push(JSON.parse(frame) as SchedulerMessage[]);
    },
    close: (code: number, reason: string) => void closed.push({ code, reason }),
    pinged: () => state.pingedAt,
  };
  return { connection, frames, closed, state };
}

const redial = (epoch: number): SchedulerMessage => ({ t: "redial", epoch });
const turn = () => new Promise<void>((resolve) => queueMicrotask(resolve));

test("what is said in one turn travels in one frame, in order", async () => {
  const link = new HostLink();
  const { connection, frames } = socket();
  link.attach(connection, { acceptedAt: START });
  for (const epoch of [1, 2, 3]) link.post(redial(epoch));
  expect(frames).toEqual([]);
  await turn();
  expect(frames).toEqual([[redial(1), redial(2), redial(3)]]);
});

test("what was to be sent on a line that is gone is not sent on the next", async () => {
  const link = new HostLink();
  const [one, two] = [socket(), socket()];
  link.post(redial(1));
  link.attach(one.connection, { acceptedAt: START });
  link.post(redial(2));
  link.attach(two.connection, { acceptedAt: START });
  link.post(redial(3));
  await turn();
  expect([one.frames, two.frames]).toEqual([[], [[redial(3)]]]);
  two.state.isClosing = true;
  link.post(redial(4));
  await turn();
  expect(link.connected).toBe(true);
});

test("the newest socket counts; whether the same process is behind it decides what the old one is told", () => {
  const link = new HostLink();
  const [first, again, other] = [socket(), socket(), socket()];
  link.attach(first.connection, { acceptedAt: START, boot: "one" });
  link.attach(again.connection, { acceptedAt: START, boot: "one" });
  link.attach(other.connection, { acceptedAt: START, boot: "two" });
  expect(first.closed).toEqual([{ code: 1000, reason: "replaced by a newer connection" }]);
  expect(again.closed).toEqual([{ code: 1008, reason: "another process of this host has taken over" }]);
  expect([link.isCurrent(again.connection), link.isCurrent(other.connection)]).toEqual([false, true]);
});

test("a line is silent twelve seconds after the last message, ping or dial", () => {
  const link = new HostLink();
  const { connection, state } = socket();
  link.attach(connection, { acceptedAt: START });
  expect([link.isSilent(START + 12_000), link.isSilent(START + 12_001)]).toEqual([false, true]);
  state.pingedAt = START + 5_000;
  expect([link.isSilent(START + 17_000), link.lastSign()]).toEqual([false, START + 5_000]);
  link.heard(START + 6_000);
  expect([link.isSilent(START + 18_000), link.isSilent(START + 18_001)]).toEqual([false, true]);
});

test("another process is kept out while there are signs of life, and the reason says how old the last is", () => {
  const link = new HostLink();
  const { connection } = socket();
  expect(link.occupied("two", START)).toBeUndefined();
  link.attach(connection, { acceptedAt: START });
  // Hosts of earlier versions do not name their boot before their hello.
  expect(link.occupied("two", START)).toBeUndefined();
  link.introduced("one");
  expect(link.occupied("one", START)).toBeUndefined();
  expect(link.occupied("two", START + 4_000)).toMatch(/a sign of life 4 s ago/);
  expect(link.occupied("two", START + 13_000)).toBeUndefined();
});

test("closing tells the other end why, in so many words as a close frame takes", () => {
  const link = new HostLink();
  const { connection, closed } = socket();
  link.attach(connection, { acceptedAt: START });
  link.close(1008, "x".repeat(500));
  link.close(1008, "once more");
  expect([link.connected, closed.map(({ reason }) => reason.length)]).toEqual([false, [120]]);
});
