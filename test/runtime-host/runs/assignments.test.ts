import fc from "fast-check";
import { expect, test } from "vitest";
import { type Assignment, Assignments } from "../../../runtime-host/runs/assignments.ts";
import type { ActivationMeta } from "../../../src/entities/activation.ts";
import { idOf, metaOf } from "../support.ts";

const idle = { now: 0, draining: false, full: false };

function run(number: number, options: { epoch?: number; counter?: number; attempt?: number; memory?: number } = {}) {
  const { epoch = 1, counter = number, attempt = 1, memory = 256 } = options;
  const about: ActivationMeta = { ...metaOf("hello"), limits: { timeout: 1000, memory, logs: 1, concurrency: 1 } };
  return { epoch, lease: { epoch, counter }, attempt, id: idOf(number), about, revision: "1" };
}

function started(assignments: Assignments<string>, ...args: Parameters<typeof run>): Assignment {
  const admission = assignments.admit(run(...args), idle);
  if (admission.kind !== "start") throw new Error(`not started: ${JSON.stringify(admission)}`);
  return admission.assignment;
}

test("the highest epoch heard of is obeyed, lower ones are refused as stale", () => {
  const assignments = new Assignments<string>(1024);
  expect(assignments.obey(4)).toBe(true);
  expect(assignments.admit(run(1, { epoch: 3 }), idle)).toEqual({ kind: "refuse", reason: "stale" });
  expect(assignments.admit(run(1, { epoch: 5 }), idle).kind).toBe("start");
  expect(assignments.obey(4)).toBe(false);
  expect(assignments.obey(5)).toBe(true);
  expect(assignments.epoch).toBe(5);
});

test("a run that is running, kept or confirmed is never started again under its attempt", () => {
  const assignments = new Assignments<string>(1024);
  const first = started(assignments, 1);
  expect(assignments.admit(run(1), idle)).toEqual({ kind: "refuse", reason: "duplicate" });
  expect(assignments.admit(run(1, { epoch: 2, counter: 9 }), idle)).toEqual({ kind: "refuse", reason: "duplicate" });
  assignments.finished(first, "record");
  expect(assignments.admit(run(1, { epoch: 2 }), idle)).toEqual({ kind: "again", record: "record" });
  expect(assignments.stored([{ id: idOf(1), attempt: 1 }])).toEqual(["record"]);
  expect(assignments.stored([{ id: idOf(1), attempt: 1 }])).toEqual([]);
  expect(assignments.admit(run(1, { epoch: 2 }), idle)).toEqual({ kind: "refuse", reason: "duplicate" });
  expect(assignments.admit(run(1, { epoch: 2, attempt: 2 }), idle).kind).toBe("start");
});

test("a run that was dropped before it started may come again", () => {
  const assignments = new Assignments<string>(256);
  assignments.dropped(started(assignments, 1));
  expect(assignments.used).toBe(0);
  expect(started(assignments, 1).memory).toBe(256);
});

test("runs of an action that takes several at a time share the memory of their containers", () => {
  const assignments = new Assignments<string>(512);
  const share = (number: number) => {
    const one = run(number);
    return { ...one, about: { ...one.about, limits: { ...one.about.limits, concurrency: 2 } } };
  };
  const first = [1, 2, 3, 4].map((number) => assignments.admit(share(number), idle)).at(0);
  expect(assignments.used).toBe(512);
  expect(assignments.admit(share(5), idle)).toEqual({ kind: "refuse", reason: "busy" });
  if (first?.kind !== "start") throw new Error("not started");
  assignments.answered(first.assignment);
  expect(assignments.used).toBe(512);
  expect(assignments.admit(share(5), idle).kind).toBe("start");
});

test("runs whose runtime takes one at a time count with a container each, whatever the action allows", () => {
  const assignments = new Assignments<string>(512);
  const share = (number: number) => {
    const one = run(number);
    const limits = { ...one.about.limits, concurrency: 10 };
    return { ...one, about: { ...one.about, kind: "python:3.11", limits } };
  };
  expect([1, 2, 3].map((number) => assignments.admit(share(number), idle).kind)).toEqual(["start", "start", "refuse"]);
});

test("memory is held from admission to the answer, and more than the shard has is refused", () => {
  const assignments = new Assignments<string>(512);
  const first = started(assignments, 1);
  started(assignments, 2);
  expect(assignments.admit(run(3), idle)).toEqual({ kind: "refuse", reason: "busy" });
  assignments.answered(first);
  assignments.answered(first);
  expect(assignments.used).toBe(256);
  started(assignments, 3);
  assignments.finished(first, "record");
  expect(assignments.used).toBe(512);
});

test("draining and a full outbox refuse new runs but not the repetition of old ones", () => {
  const assignments = new Assignments<string>(512);
  assignments.keep({ id: idOf(1), attempt: 1 }, "kept");
  for (const state of [
    { ...idle, draining: true },
    { ...idle, full: true },
  ]) {
    const reason = state.draining ? "draining" : "busy";
    expect(assignments.admit(run(2), state)).toEqual({ kind: "refuse", reason });
    expect(assignments.admit(run(1), state)).toEqual({ kind: "again", record: "kept" });
  }
});

test("the inventory lists what runs, answered runs without memory, in pages below the size asked for", () => {
  const assignments = new Assignments<string>(100_000);
  expect(assignments.inventory(1000)).toEqual([[]]);
  const list = Array.from({ length: 40 }, (_, number) => started(assignments, number));
  assignments.answered(list[0] as Assignment);
  const pages = assignments.inventory(10_000);
  expect(pages.length).toBeGreaterThan(2);
  for (const page of pages) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(10_000);
  const items = pages.flat();
  expect(items.map((item) => item.id)).toEqual(list.map((each) => each.id));
  expect(items[0]?.memory).toBe(0);
  expect(items[1]).toMatchObject({ attempt: 1, memory: 256, lease: { epoch: 1, counter: 1 } });
});

const Step = fc.oneof(
  fc.record({
    do: fc.constant("run" as const),
    id: fc.integer({ min: 0, max: 5 }),
    attempt: fc.integer({ min: 1, max: 2 }),
    epoch: fc.integer({ min: 1, max: 4 }),
    memory: fc.constantFrom(128, 256, 512),
  }),
  fc.record({ do: fc.constantFrom("answer" as const, "finish" as const, "drop" as const), pick: fc.nat() }),
  fc.record({
    do: fc.constant("stored" as const),
    id: fc.integer({ min: 0, max: 5 }),
    attempt: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ do: fc.constant("welcome" as const), epoch: fc.integer({ min: 1, max: 4 }) }),
);

test("whatever comes in whatever order: one start per attempt unless dropped, memory within bounds, no lower epoch obeyed", () => {
  fc.assert(
    fc.property(fc.array(Step, { maxLength: 60 }), (steps) => {
      const assignments = new Assignments<string>(1024);
      const running: Assignment[] = [];
      const starts = new Map<string, number>();
      const drops = new Map<string, number>();
      const kept = new Set<string>();
      let highest = 0;
      for (const step of steps) {
        if (step.do === "run") {
          const { id, attempt, epoch, memory } = step;
          const admission = assignments.admit(run(id, { attempt, epoch, memory }), idle);
          const name = `${idOf(id)}/${attempt}`;
          if (epoch < highest) expect(admission).toEqual({ kind: "refuse", reason: "stale" });
          highest = Math.max(highest, epoch);
          if (admission.kind === "again") expect(kept.has(name)).toBe(true);
          if (admission.kind !== "start") continue;
          starts.set(name, (starts.get(name) ?? 0) + 1);
          expect(starts.get(name)).toBe(1 + (drops.get(name) ?? 0));
          running.push(admission.assignment);
        } else if (step.do === "stored") {
          const released = assignments.stored([{ id: idOf(step.id), attempt: step.attempt }]);
          const name = `${idOf(step.id)}/${step.attempt}`;
          expect(released).toEqual(kept.delete(name) ? [name] : []);
        } else if (step.do === "welcome") {
          expect(assignments.obey(step.epoch)).toBe(step.epoch >= highest);
          highest = Math.max(highest, step.epoch);
        } else if (running.length > 0) {
          const index = step.pick % running.length;
          const picked = running[index] as Assignment;
          const name = `${picked.id}/${picked.attempt}`;
          if (step.do === "answer") {
            assignments.answered(picked);
            continue;
          }
          running.splice(index, 1);
          if (step.do === "finish") {
            assignments.finished(picked, name);
            kept.add(name);
          } else {
            assignments.dropped(picked);
            drops.set(name, (drops.get(name) ?? 0) + 1);
          }
        }
        expect(assignments.used).toBe(running.reduce((sum, each) => sum + each.memory, 0));
        expect(assignments.used).toBeLessThanOrEqual(1024);
        expect(assignments.inventory(1e6).flat().length).toBe(running.length);
        expect(new Set(assignments.unacknowledged())).toEqual(kept);
      }
    }),
    { numRuns: 300 },
  );
});
