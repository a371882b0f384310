// Taking a start down: last step first, once, and also while it is still being made.

import { expect, it } from "vitest";
import { StartFailure } from "../../../runtime-host/standalone/failure.ts";
import { openTakeDown } from "../../../runtime-host/standalone/take-down.ts";

function opened() {
  const undone: string[] = [];
  const lines: string[] = [];
  const takeDown = openTakeDown((line) => lines.push(line));
  const step = (name: string) => takeDown.onStop(() => undone.push(name));
  return { ...takeDown, undone, lines, step };
}

it("undoes the last step first, each once, however often it is asked", async () => {
  const { step, stop, isStopping, undone } = opened();
  await step("folder");
  await step("worker");
  expect(isStopping()).toBe(false);
  const stopped = stop(Promise.resolve());
  expect(isStopping()).toBe(true);
  expect(stop(Promise.resolve())).toBe(stopped);
  await stopped;
  expect(undone).toEqual(["worker", "folder"]);
});

it("goes on where a step fails, and says so", async () => {
  const { step, stop, onStop, undone, lines } = opened();
  await step("folder");
  await onStop(() => Promise.reject(new Error("it is stuck")));
  await stop(Promise.resolve());
  expect(undone).toEqual(["folder"]);
  expect(lines).toEqual(["while stopping: it is stuck"]);
});

it("undoes at once what is made after it has begun, and ends the start that made it", async () => {
  const { step, stop, undone } = opened();
  const start = (async () => {
    await step("folder");
    await Promise.resolve();
    await step("worker");
  })();
  await stop(start);
  expect(undone.toSorted()).toEqual(["folder", "worker"]);
  await expect(start).rejects.toThrow(StartFailure);
});
