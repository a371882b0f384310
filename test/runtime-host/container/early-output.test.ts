import { expect, it } from "vitest";
import { EarlyOutput } from "../../../runtime-host/container/early-output.ts";
import { LogCollection } from "../../../runtime-host/container/log-collection.ts";

const open = () => new LogCollection(1024 * 1024, { folder: "/nowhere", began: 0 });
const NOW = Date.UTC(2026, 0, 1);

it("what is printed before the first run is that run's, with its stream and its time", () => {
  const early = new EarlyOutput();
  const reused = Buffer.from("first");
  early.line(1, reused, NOW);
  reused.fill("x");
  early.line(2, Buffer.from("second"), NOW + 1_000);
  const run = open();
  early.give(run);
  expect(JSON.parse(run.take({ missing: false, now: NOW }).lines)).toEqual([
    "2026-01-01T00:00:00.000000000Z stdout: first",
    "2026-01-01T00:00:01.000000000Z stderr: second",
  ]);
});

it("of more than is kept only the bytes are known", () => {
  const early = new EarlyOutput();
  const line = Buffer.alloc(1_023, "x");
  for (let n = 0; n < 64; n++) early.line(1, line, NOW);
  expect(early.full).toBe(true);
  early.line(1, line, NOW);
  early.skipped(500);
  const run = open();
  early.give(run);
  const logs = run.take({ missing: false, now: NOW });
  expect(JSON.parse(logs.lines)).toHaveLength(64);
  expect(logs.cut).toBe(1_024 + 500);
});
