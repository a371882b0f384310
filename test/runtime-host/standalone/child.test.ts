// A child that is kept running: started again when it ends, told apart by its lines, and stopped in order.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { type ChildOptions, keepRunning, type SupervisedChild } from "../../../runtime-host/standalone/child.ts";

let child: SupervisedChild | undefined;
afterEach(() => child?.stop(1_000));

function keep(script: string, options: Partial<ChildOptions> = {}) {
  const seen = { starts: 0, lines: [] as string[], ends: [] as [string, number][] };
  child = keepRunning({
    command: "/bin/sh",
    args: ["-c", script],
    env: { GREETING: "hello" },
    onStart: () => seen.starts++,
    onLine: (line) => seen.lines.push(line),
    onEnd: (how, pause) => seen.ends.push([how, pause]),
    ...options,
  });
  return { child, seen };
}

it("has its environment and no other, and is stopped without being started again", async () => {
  const { child, seen } = keep("echo $GREETING $HOME; exec cat");
  await expect.poll(() => seen.lines).toEqual(["hello"]);
  expect(child.pid()).toBeGreaterThan(0);
  await child.stop(5_000);
  expect(child.pid()).toBeUndefined();
  expect([seen.starts, seen.ends]).toEqual([1, []]);
});

it("is started again after growing pauses", async () => {
  const { seen } = keep("exit 3");
  await expect.poll(() => seen.starts).toBe(3);
  expect(seen.ends.slice(0, 2)).toEqual([
    ["exit code 3", 250],
    ["exit code 3", 500],
  ]);
});

it("is killed where it does not hear", async () => {
  const { child, seen } = keep("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  await expect.poll(() => seen.lines).toEqual(["ready"]);
  await child.stop(50);
  expect(child.pid()).toBeUndefined();
});

it("is told of where there is no such program", async () => {
  const { seen } = keep("", { command: "/nonexistent/program" });
  await expect.poll(() => seen.ends[0]?.[0]).toMatch(/ENOENT/);
  expect(seen.starts).toBe(0);
});

it("stops while it waits to be started again", async () => {
  const { child, seen } = keep("exit 1");
  await expect.poll(() => seen.ends.length).toBe(1);
  await child.stop(1_000);
  await sleep(400);
  expect(seen.starts).toBe(1);
});
