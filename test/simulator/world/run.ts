// The simulator's door: a seed in, an outcome out. Loaded through load.ts,
// so that the product's modules are the simulated copies.

import { enter } from "../machine/ambient.ts";
import { Circles } from "../machine/kernel.ts";
import { Random } from "../machine/random.ts";
import { judge, type Verdict } from "./judge.ts";
import { type Fault, scenarioOf } from "./scenario.ts";
import { World } from "./world.ts";

export interface Outcome extends Verdict {
  seed: number;
  profile: string;
  violations: string[];
  /** Of the whole trace: equal for equal runs. */
  hash: string;
  events: number;
  /** With `trace` only. */
  trace: string[];
}

export interface RunOptions {
  trace?: boolean;
  /** This one fault instead of what the seed would draw. */
  only?: Fault;
}

async function liveAndJudge(world: World): Promise<Verdict> {
  try {
    await world.live();
    return await judge(world);
  } catch (cause) {
    if (!(cause instanceof Circles)) throw cause;
    world.history.violate(cause.message);
    return {
      calls: world.history.calls.length,
      accepted: 0,
      success: 0,
      lost: 0,
      stuck: 0,
      starts: 0,
      compositions: 0,
      fires: 0,
      excused: 0,
      rested: 0,
    };
  }
}

/** What a superseded object leaves unhandled is logged by its platform, no more; here it goes into the trace. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<Outcome> {
  const random = new Random(seed);
  const scenario = scenarioOf(random, options.only);
  const world = new World(scenario, { random, keepTrace: options.trace ?? false });
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (cause) => world.kernel.trace(`unhandled rejection: ${String(cause)}`));
  enter(world.kernel);
  try {
    const verdict = await liveAndJudge(world);
    const { hash, events, lines } = world.kernel;
    const { violations } = world.history;
    return { seed, profile: scenario.profile, ...verdict, violations, hash, events, trace: lines };
  } finally {
    enter(null);
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
    world.platform.close();
    world.shelves.close();
  }
}
