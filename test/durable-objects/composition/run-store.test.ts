import { expect, test } from "vitest";
import { RunStore } from "../../../durable-objects/composition/run-store.ts";
import type { Progress, StackFrame } from "../../../durable-objects/composition/state.ts";
import type { CompositionRun } from "../../../src/protocol/composition.ts";
import { metaOf } from "../calls.ts";
import { openDatabase } from "../clock.ts";

const plan = { kind: "sequence" as const, components: [{ path: "guest", name: "a" }] };
const run = (id: string): CompositionRun =>
  ({
    id,
    about: metaOf(),
    plan,
    args: { blob: `args/${id}`, size: 1 },
    onBehalf: { sealedKey: "", apiHost: "" },
  }) as unknown as CompositionRun;
const frame = (id: string, position: number): StackFrame =>
  ({ id, about: metaOf(), plan, progress: progress(position) }) as StackFrame;
const progress = (position: number) => ({ position }) as unknown as Progress;

test("a run is begun once; another incarnation finds it as it was left, oldest first", () => {
  const database = openDatabase();
  const runs = new RunStore(database);
  expect([runs.begin(run("1"), frame("1", 0)), runs.begin(run("2"), frame("2", 0))]).toEqual([true, true]);
  expect(runs.begin(run("1"), frame("1", 9))).toBe(false);
  runs.save("1", 0, progress(4));
  const next = new RunStore(database);
  expect([next.running, next.oldest(10), next.oldest(1)]).toEqual([2, ["1", "2"], ["1"]]);
  expect(next.load("1")).toMatchObject({ argsBlob: "args/1", depth: 0, frame: { progress: { position: 4 } } });
  expect(next.state("3")).toBe("unknown");
});

test("the innermost frame is at work; when it is over the one around it goes on from what is said", () => {
  const runs = new RunStore(openDatabase());
  runs.begin(run("1"), frame("1", 0));
  runs.push("1", 1, frame("1a", 7));
  expect(runs.load("1")).toMatchObject({ depth: 1, frame: { id: "1a", progress: { position: 7 } } });
  expect(runs.frameAt("1", 0).progress).toEqual({ position: 0 });
  runs.pop("1", 1, progress(1));
  expect(runs.load("1")).toMatchObject({ depth: 0, frame: { id: "1", progress: { position: 1 } } });
});

test("the trace of an ended run stays ten minutes, without on whose behalf it ran", () => {
  const database = openDatabase();
  const runs = new RunStore(database);
  runs.begin(run("1"), frame("1", 0));
  runs.end("1", 1_000);
  expect([runs.state("1"), runs.load("1"), runs.running, runs.oldest(10)]).toEqual(["ended", null, 0, []]);
  expect(database.sql.exec("SELECT behalf, spent FROM runs").toArray()).toEqual([{ behalf: "", spent: "" }]);
  expect(runs.begin(run("1"), frame("1", 0))).toBe(false);
  expect(runs.purge(1_000 + 599_999)).toBe(601_000);
  expect(runs.purge(601_000)).toBe(Number.POSITIVE_INFINITY);
  expect(runs.state("1")).toBe("unknown");
});
