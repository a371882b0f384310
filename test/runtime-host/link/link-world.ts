// A link on a clock that stands still until the test moves it, and schedulers at its other end.

import { afterEach, expect, vi } from "vitest";
import { SchedulerLink } from "../../../runtime-host/link/scheduler-link.ts";
import { createLogger } from "../../../runtime-host/program/logger.ts";
import type { HostReport, SchedulerMessage } from "../../../src/protocol/messages.ts";
import { Clock } from "../../durable-objects/clock.ts";
import { waitFor } from "../../support/wait-for.ts";
import { FakeScheduler } from "../support.ts";

export const report: HostReport = {
  version: 1,
  host: "test",
  shard: 2,
  boot: "boot",
  build: "dev",
  engine: "process",
  memory: 1024,
  runtimes: [],
  blackbox: false,
  epoch: 7,
};

export const timing = {
  pingEveryMs: 5_000,
  deadAfterMs: 12_000,
  handshakeMs: 5_000,
  firstPauseMs: 100,
  longestPauseMs: 5_000,
  steadyMs: 10_000,
  occupiedMs: 15_000,
};
/** Upper bounds (ms) for what only real sockets and processes decide. */
export const SOON = { interval: 5 };
export const cleanups: (() => unknown)[] = [];

/** For each test file: after each test what it began is ended, the last first. */
export function withCleanups(): void {
  afterEach(async () => {
    for (const each of cleanups.splice(0).reverse()) await each();
  });
}

/** A line of the link's log. */
export interface Line {
  event: string;
  reason?: string;
  redialIn?: number;
}

export function linkTo(url: string, options: { takeOver?: boolean } = {}) {
  const clock = new Clock();
  const received: SchedulerMessage[] = [];
  const lines: Line[] = [];
  const lost = vi.fn();
  const refused = vi.fn<(reason: string) => void>();
  const link = new SchedulerLink({
    url,
    token: "secret-token",
    shard: 2,
    boot: "boot",
    takeOver: options.takeOver ?? false,
    refused,
    report: () => report,
    received: (_link, messages) => received.push(...messages),
    lost,
    log: createLogger({ level: "debug", write: (line) => lines.push(JSON.parse(line) as Line) }),
    timing,
    clock,
  });
  cleanups.push(async () => {
    const closed = link.close();
    await clock.advance(1_000);
    await closed;
  });
  link.start();
  const downs = () => lines.filter(({ event }) => event === "link.down");
  /** Waits until the line has been down for the `number`th time, and lets the pause before the next dial pass.
   * Returns it (ms). */
  const redial = async (number: number): Promise<number> => {
    await waitFor(() => expect(downs()).toHaveLength(number), SOON);
    const pause = downs()[number - 1]?.redialIn ?? 0;
    await clock.advance(pause + 1);
    return pause;
  };
  /** What may still happen by itself has happened when the line is gone, nothing waits for its time,
   * and hours have passed. */
  const stays = async (): Promise<void> => {
    expect(clock.timers).toBe(0);
    await clock.advance(10 * 3_600_000);
    expect(link.open).toBe(false);
  };
  return { clock, link, received, lost, refused, downs, redial, stays };
}

export async function scheduler(options: Parameters<typeof FakeScheduler.listen>[0] = {}) {
  const server = await FakeScheduler.listen(options);
  cleanups.push(() => server.close());
  return server;
}
