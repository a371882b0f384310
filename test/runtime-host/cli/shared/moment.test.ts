import { expect, it } from "vitest";
import { epochOf, momentIn } from "../../../../runtime-host/cli/shared/moment.ts";

const NOON = Date.UTC(2026, 9, 28, 12);

it("reads times as people type them", () => {
  expect(momentIn("2h")).toEqual({ ago: 7_200_000 });
  expect(momentIn("2026-10-28T12:00Z")).toEqual({ at: NOON });
  expect(momentIn("2026-10-28")).toEqual({ at: NOON - 12 * 3_600_000 });
  expect(momentIn(`${NOON}`)).toEqual({ at: NOON });
  for (const wrong of ["", "h", "2y", "-2h", "2026-13-01", "12", "now"]) expect(momentIn(wrong)).toBeNull();
});

it("counts back from now what is so long ago, and leaves a date as it is", () => {
  expect(epochOf({ ago: 60_000 }, NOON)).toBe(NOON - 60_000);
  expect(epochOf({ at: 7 }, NOON)).toBe(7);
});
