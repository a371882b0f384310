// A scheduler as its callers and stores see it.

import { expect, test } from "vitest";
import { callOf } from "../calls.ts";
import { SchedulerHarness } from "./harness.ts";

test("what is held is said only when inventory and kept records have come", async () => {
  const world = new SchedulerHarness();
  const kept = callOf().id;
  await world.join({ inventory: { kept: [{ id: kept, attempt: 1 }] } });
  expect(world.core.holds([kept])).toMatchObject({ ready: false, held: [kept] });
  await world.clock.advance(3_000);
  expect(world.core.holds([kept, callOf().id])).toMatchObject({ ready: true, boot: "boot-1", held: [kept] });
});
