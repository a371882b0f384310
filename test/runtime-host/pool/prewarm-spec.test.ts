// What to keep ready, as an operator writes it.

import { expect, test } from "vitest";
import { parsePrewarm } from "../../../runtime-host/pool/prewarm-spec.ts";

test("prewarm lists are read, and nonsense is not", () => {
  expect(parsePrewarm("none")).toEqual([]);
  expect(parsePrewarm("nodejs:24=2, python:3.13@512")).toEqual([
    { kind: "nodejs:24", memory: 256, count: 2 },
    { kind: "python:3.13", memory: 512, count: 1 },
  ]);
  for (const text of ["", "nodejs", "nodejs:24=", "nodejs:24=-1", "a:1,,b:2", "nodejs:24=9999"])
    expect(parsePrewarm(text)).toBeNull();
});

test("prewarm counts may follow demand, in short or as OpenWhisk's manifest says it", () => {
  const short = parsePrewarm("nodejs:24=1..8@128");
  expect(short).toEqual([
    {
      kind: "nodejs:24",
      memory: 128,
      count: 1,
      reactive: { minCount: 1, maxCount: 8, ttl: 120_000, threshold: 2, increment: 1 },
    },
  ]);
  const reactive = { minCount: 1, maxCount: 4, ttl: "2 minutes", threshold: 2, increment: 1 };
  const manifest = {
    runtimes: {
      nodejs: [
        { kind: "nodejs:20", default: true, image: { name: "x" }, stemCells: [{ initialCount: 2, memory: "256 MB" }] },
        { kind: "nodejs:18", deprecated: true },
      ],
      python: [{ kind: "python:3.11", stemCells: [{ count: 1, memory: "128 MB", reactive }] }],
    },
    blackboxes: [{ name: "y" }],
  };
  expect(parsePrewarm(JSON.stringify(manifest))).toEqual([
    { kind: "nodejs:20", memory: 256, count: 2 },
    { kind: "python:3.11", memory: 128, count: 1, reactive: { ...reactive, ttl: 120_000 } },
  ]);
  const wrong = (change: object) => JSON.stringify({ runtimes: { p: [{ kind: "p:1", stemCells: [change] }] } });
  for (const nonsense of ["{", "{}", wrong({ count: 1 }), wrong({ count: 1, memory: "lots" })]) {
    expect(parsePrewarm(nonsense)).toBeNull();
  }
  expect(parsePrewarm(wrong({ memory: "1 MB", reactive: { ...reactive, maxCount: 0 } }))).toBeNull();
  expect(parsePrewarm("nodejs:24=8..1")).toBeNull();
});
