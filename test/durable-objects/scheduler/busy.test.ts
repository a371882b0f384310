// Which containers of a host are told to run something.

import { expect, test } from "vitest";
import { busyContainers } from "../../../durable-objects/scheduler/busy.ts";
import { weightOf } from "../../../durable-objects/scheduler/capacity.ts";
import type { TrackedRun } from "../../../durable-objects/scheduler/run.ts";
import { callOf } from "../calls.ts";

function run(about: Parameters<typeof callOf>[0] = {}, more: Partial<TrackedRun> = {}): TrackedRun {
  const invocation = callOf(about);
  const { id } = invocation;
  return {
    ...{ id, attempt: 1, lease: { epoch: 1, counter: 1, proof: "" }, about: invocation.about, store: "ns:01" },
    ...{ weight: weightOf(invocation), origin: "fast", phase: "running", counted: true, ended: false, deadline: 0 },
    ...{ waiters: [], ...more },
  } as TrackedRun;
}

const many = { timeout: 60_000, memory: 128, logs: 10, concurrency: 2 };

test("equal containers stand together, with as many as their runs take, and those with the oldest run first", () => {
  const shared = [5, 3, 9].map((acceptedAt) => run({ about: { limits: many, path: "guest/shared", acceptedAt } }));
  const alone = run({ about: { path: "guest/alone", acceptedAt: 1, namespace: "other", namespaceId: "ns2" } });
  const { items, more } = busyContainers([...shared, alone]);
  expect(more).toBe(false);
  expect(items).toEqual([
    {
      ...{ namespace: "other", action: "guest/alone", version: "0.0.1", kind: "nodejs:20", memory: 256 },
      ...{ containers: 1, running: 1, since: 1, activations: [alone.id] },
    },
    {
      ...{ namespace: "guest", action: "guest/shared", version: "0.0.1", kind: "nodejs:20", memory: 128 },
      ...{ containers: 2, running: 3, since: 3, activations: shared.map(({ id }) => id) },
    },
  ]);
});

test("a run that has given back its memory is in no container, and what is told has an end", () => {
  expect(busyContainers([run({}, { counted: false })])).toEqual({ items: [], more: false });
  const each = Array.from({ length: 101 }, (_, at) => run({ about: { path: `guest/a${at}`, name: `a${at}` } }));
  expect(busyContainers(each).items).toHaveLength(101 - 1);
  expect(busyContainers(each).more).toBe(true);
  const equal = Array.from({ length: 30 }, () => run());
  expect(busyContainers(equal).items[0]).toMatchObject({ running: 30, activations: { length: 20 } });
});
