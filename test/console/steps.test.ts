import { expect, it } from "vitest";
import { everyStep } from "../../src/console/parts/steps.ts";

const MINUTE = 60_000;

it("has a step for each minute of the last hour, told or not", () => {
  const now = 1_000 * MINUTE + 17_000;
  const steps = everyStep([{ at: 998 * MINUTE, count: 3 }], { step: "minute", now });
  expect(steps).toHaveLength(60);
  expect(steps[0]).toEqual({ at: 941 * MINUTE, told: null });
  expect(steps.at(-1)).toEqual({ at: 1_000 * MINUTE, told: null });
  expect(steps.filter((each) => each.told !== null)).toEqual([
    { at: 998 * MINUTE, told: { at: 998 * MINUTE, count: 3 } },
  ]);
});

it("shows the newest step that is told, though the clock here is behind", () => {
  const steps = everyStep([{ at: 1_005 * MINUTE }], { step: "minute", now: 1_000 * MINUTE });
  expect(steps.at(-1)?.told).toEqual({ at: 1_005 * MINUTE });
});

it("has hours of a day and days of a month", () => {
  expect(everyStep([], { step: "hour", now: 0 })).toHaveLength(24);
  expect(everyStep([], { step: "day", now: 0 })).toHaveLength(30);
});
