// What became of an activation, told from what its record carries; of one that waits, for what and what would help.

import { describe, expect, it } from "vitest";
import { explainEnded, explainOpen, helpFor } from "../../src/metrics/explain.ts";
import { obstacle } from "../../src/protocol/matching.ts";
import { ended } from "./ended.ts";

const PLACE = { state: "here", since: 30, shelves: [], lacking: ["d1"] };

describe("an activation", () => {
  it("of a composition whose step was not started says why", () => {
    const { record } = ended({ action: "s" });
    const meta = { ...record.meta!, stepRefused: "it needs 512 MB, and no host has more than 256" };
    const { steps } = explainEnded({ ...record, meta }, PLACE);
    expect(steps.find(({ what }) => what === "refused")?.text).toBe(
      "a step of it was not started: it needs 512 MB, and no host has more than 256",
    );
  });

  it("that has ended is told from its acceptance to where it is stored, with what it cost", () => {
    const { record } = ended({ action: "a", initMs: 200 });
    const meta = {
      ...record.meta!,
      host: "h1",
      permitMs: 1,
      waitMs: 5_000,
      waitReason: "all hosts are busy",
      attempt: 2,
    };
    const { steps, cost, state } = explainEnded({ ...record, meta: { ...meta, logBytes: 40, memoryMb: 256 } }, PLACE);
    expect(state).toBe("ended");
    expect(steps.map(({ what, ms }) => [what, ms])).toEqual([
      ["accepted", undefined],
      ["permitted", 1],
      ["waited", 5_000],
      ["placed", undefined],
      ["cold", undefined],
      ["initialised", 200],
      ["ran", 20],
      ["ended", undefined],
      ["logged", undefined],
      ["stored", undefined],
    ]);
    const textOf = (what: string) => steps.find((step) => step.what === what)?.text;
    expect(textOf("waited")).toBe("it waited in its store: all hosts are busy");
    expect(textOf("placed")).toBe("on host h1, which had room first; this was attempt 2");
    expect(textOf("stored")).toBe("in its object; on its way to the database (D1)");
    expect(cost).toEqual({ containerMs: 220, mbSeconds: 56.32 });
  });

  it("whose record came with what no record has is told without that", () => {
    const { record } = ended({ action: "a" });
    for (const more of [{ kind: [1], start: { a: 1 } }, { waitMs: "3" }, { acceptedAt: null }, { v: 99 }]) {
      const meta = { ...record.meta!, ...more } as unknown as NonNullable<typeof record.meta>;
      const { steps, cost } = explainEnded({ ...record, meta }, PLACE);
      expect(steps.map(({ what }) => what)).toEqual(["recorded", "ran", "ended", "stored"]);
      expect(steps[0]?.text).toMatch(/not as this platform writes it/);
      expect(cost).toBeUndefined();
    }
    const meta = null as unknown as NonNullable<typeof record.meta>;
    expect(explainEnded({ ...record, meta }, PLACE).steps[0]?.what).toBe("recorded");
  });

  it("that never ran, came from an export, or is from before more was kept, is told as far as is known", () => {
    const { record } = ended({ action: "a", statusCode: 3 });
    const { waitMs: _w, runMs: _r, ...rest } = record.meta!;
    const never = explainEnded(
      { ...record, meta: { ...rest, start: "none" } },
      { ...PLACE, state: "none", lacking: [] },
    );
    expect(never.cost).toBeUndefined();
    expect(never.steps.map(({ what }) => what)).toEqual(["accepted", "ended", "stored"]);
    expect(never.steps[1]?.text).toBe("whisk internal error: it was not run");
    expect(never.steps[2]?.text).toBe("in where records of its age are");
    const { meta: _, ...old } = record;
    expect(explainEnded(old, PLACE).steps.map(({ what }) => what)).toEqual(["recorded", "ran", "ended", "stored"]);
    expect(explainEnded({ ...old, imported: 0 }, PLACE).steps.at(-1)?.text).toMatch(/^it came from an export at 1970/);
    expect(explainEnded(record, { ...PLACE, state: "unstored" }).steps.at(-1)?.text).toMatch(/storing is off/);
  });

  it("that waits is told what for, how long, and what would help", () => {
    const waiting = { since: 1_000, reason: "no runtime host is connected" };
    expect(explainOpen("id", { waiting, now: 5_000 })).toMatchObject({
      ...{ state: "waiting", waitsFor: waiting.reason, helps: expect.stringMatching(/edgewhisk doctor/) },
      steps: [
        { what: "accepted", at: 1_000 },
        { what: "waits", ms: 4_000, text: waiting.reason },
      ],
    });
    expect(explainOpen("id", { acceptedAt: 1_000, now: 5_000 })).toMatchObject({ state: "running" });
  });
});

describe("what would help", () => {
  const host = { connected: true, draining: false, memory: 512, runtimes: [{ kind: "nodejs:24" }], blackbox: true };
  const need = { kind: "nodejs:24", memory: 256, labels: [] };
  it.each([
    [obstacle([], need), /Start a host/],
    [obstacle([host], need), /when a run ends/],
    [obstacle([{ ...host, draining: true }], need), /undrain/],
    [obstacle([{ ...host, unhealthy: "x" }], need), /hosts show/],
    [obstacle([host], { ...need, kind: "python:3.13" }), /npm run images/],
    [obstacle([host], { ...need, memory: 4_096 }), /--memory/],
    [obstacle([host], { ...need, labels: ["gpu"] }), /--labels/],
    ["the host declined", /by itself/],
  ])("where %s", (reason, helps) => {
    expect(helpFor(reason)).toMatch(helps);
  });
});
