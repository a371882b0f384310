// The orderly end by the clock: what is waited for, how long, and what stays on disk.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { drainHost } from "../../runtime-host/shutdown.ts";
import { silent } from "./support.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp({ running = 0, unconfirmed = 0 } = {}) {
  const story: string[] = [];
  const controller = { running, unconfirmed, drain: () => void story.push("refuse") };
  const containers = {
    stop: async ({ fast }: { fast: boolean }) => {
      story.push(fast ? "stop fast" : `stop with ${controller.running} running`);
      controller.running = 0;
    },
  };
  const links = [{ open: true }, { open: true }];
  const ended = vi.fn();
  const drain = (patience: number) => {
    const draining = drainHost({ controller, links, containers, log: silent }, { patience });
    void draining.then(ended);
    return draining;
  };
  return { controller, links, story, ended, drain };
}

describe("an orderly end", () => {
  it("refuses what is new first, and stops the containers when nothing runs any more", async () => {
    const { controller, story, drain } = setUp({ running: 2 });
    const draining = drain(30_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(story).toEqual(["refuse"]);
    controller.running = 0;
    await vi.advanceTimersByTimeAsync(20);
    expect(story).toEqual(["refuse", "stop with 0 running"]);
    expect(await draining).toBe(0);
  });

  it("cuts what still runs when its patience is over", async () => {
    const { story, drain } = setUp({ running: 1 });
    const draining = drain(5_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(story).toEqual(["refuse", "stop with 1 running"]);
    await draining;
  });

  it("waits three seconds for records to be confirmed, and says how many are left on disk", async () => {
    const { controller, ended, drain } = setUp({ unconfirmed: 3 });
    const draining = drain(0);
    await vi.advanceTimersByTimeAsync(2_900);
    controller.unconfirmed = 1;
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(120);
    expect(await draining).toBe(1);
  });

  it("ends as soon as all is confirmed, or nobody is there to confirm it", async () => {
    const confirmed = setUp({ unconfirmed: 1 });
    void confirmed.drain(0);
    confirmed.controller.unconfirmed = 0;
    await vi.advanceTimersByTimeAsync(20);
    expect(confirmed.ended).toHaveBeenCalledWith(0);
    const alone = setUp({ unconfirmed: 1 });
    void alone.drain(0);
    await vi.advanceTimersByTimeAsync(20);
    expect(alone.ended).not.toHaveBeenCalled();
    for (const link of alone.links) link.open = false;
    await vi.advanceTimersByTimeAsync(20);
    expect(alone.ended).toHaveBeenCalledWith(1);
  });
});
