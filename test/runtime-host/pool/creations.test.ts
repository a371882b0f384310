// An engine that answers and makes no containers: the pool says so, gives back who waits,
// and notices when containers come again.

import { afterEach, expect, it } from "vitest";
import type { ContainerPool } from "../../../runtime-host/pool/container-pool.ts";
import { HUNG } from "../../../runtime-host/pool/creations.ts";
import { runOn } from "../engine/actions.ts";
import { FakeEngine, job, poolOf } from "./fake-engine.ts";

let pool: ContainerPool;
let changes: (string | null)[];
afterEach(() => pool.stop({ fast: true }));

/** A pool whose engine ends no creation while `hangs`. */
function hanging(creationPatience: { hung: number; givenUp: number }) {
  let waiting: (() => void)[] = [];
  const state = { hangs: false };
  const engine = new FakeEngine({
    run: (_body, to) => ({ number: to.spec.number }),
    create: () => new Promise((resolve) => (state.hangs ? waiting.push(() => resolve(null)) : resolve(null))),
  });
  changes = [];
  pool = poolOf(engine, {}, { creationPatience, changed: () => changes.push(pool.unhealthy()) });
  return {
    engine,
    hang: () => {
      state.hangs = true;
    },
    goOn: () => {
      state.hangs = false;
      for (const end of waiting) end();
      waiting = [];
    },
  };
}

const calls = (path: string) => runOn(pool, job({ path: `guest/${path}` }));

it("is the reason why the host takes nothing new, while what is warm goes on, until one ends", async () => {
  const { hang, goOn } = hanging({ hung: 2_000, givenUp: 600_000 });
  expect((await calls("warm")).answer.outcome.statusCode).toBe(0);
  hang();
  const waits = calls("new");
  const follows = calls("other");
  await expect(waits).rejects.toThrow("refused: busy");
  await expect(follows).rejects.toThrow("refused: busy");
  expect(pool.unhealthy()).toBe(HUNG);
  await expect(calls("another")).rejects.toThrow("refused: busy");
  expect((await calls("warm")).answer.outcome.statusCode).toBe(0);
  goOn();
  await expect.poll(() => pool.unhealthy()).toBe(null);
  expect((await calls("another")).answer.outcome.statusCode).toBe(0);
  expect(changes).toEqual([HUNG, null]);
});

it("that never ends is given up: another is tried, and a late one is removed", async () => {
  const { engine, hang, goOn } = hanging({ hung: 2_000, givenUp: 3_000 });
  hang();
  await expect(calls("first")).rejects.toThrow("refused: busy");
  await expect.poll(() => pool.unhealthy()).toBe(null);
  expect(changes).toEqual([HUNG, null]);
  goOn();
  expect((await calls("second")).answer.outcome.statusCode).toBe(0);
  await expect
    .poll(() => engine.made.map((each) => [each.removed, each.runs]))
    .toEqual([
      [true, 0],
      [false, 1],
    ]);
});

it("is not said of creations that end, however many wait", async () => {
  const engine = new FakeEngine({
    run: () => ({}),
    create: () => new Promise((resolve) => setTimeout(() => resolve(null), 60)),
  });
  changes = [];
  pool = poolOf(
    engine,
    { creations: 1 },
    {
      creationPatience: { hung: 3_000, givenUp: 600_000 },
      changed: () => changes.push(pool.unhealthy()),
    },
  );
  await Promise.all(Array.from({ length: 12 }, (_, n) => calls(`each-${n}`)));
  expect(changes).toEqual([]);
});
