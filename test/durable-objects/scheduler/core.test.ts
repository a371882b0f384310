// A scheduler as its callers and stores see it.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { SchedulerHarness } from "./harness.ts";

test("what is held is said only when inventory and kept records have come", async () => {
  const harness = new SchedulerHarness();
  const kept = callOf().id;
  await harness.join({ inventory: { kept: [{ id: kept, attempt: 1 }] } });
  expect(harness.core.holds([kept])).toMatchObject({ ready: false, held: [kept] });
  await harness.clock.advance(3_000);
  expect(harness.core.holds([kept, callOf().id])).toMatchObject({ ready: true, boot: "boot-1", held: [kept] });
});
