// A host that has nothing to do gives back what its last load has left: V8 collects old garbage when memory is asked
// for, and who idles asks for none. One collection after each load, when nobody would notice its pause.

import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_EVERY_MS = 5_000;
/** Part of the time that the event loop may be at work where a process counts as idle. */
const IDLE_SHARE = 0.03;
/** Looks in a row that must find it idle. */
const IDLE_LOOKS = 2;

/** Decides when. Pure. */
export class IdleTurns {
  #idle = 0;
  #owed = true;

  /** `share`: of the time since the last look in which something was done. Returns whether to collect now. */
  look(share: number): boolean {
    if (share >= IDLE_SHARE) {
      this.#idle = 0;
      this.#owed = true;
      return false;
    }
    if (!this.#owed || ++this.#idle < IDLE_LOOKS) return false;
    this.#owed = false;
    this.#idle = 0;
    return true;
  }
}

/** Until `close`; keeps no process alive. */
export function collectWhenIdle(collect: () => void = fullCollection()): { close(): void } {
  const turns = new IdleTurns();
  let last = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    if (turns.look(performance.eventLoopUtilization(now, last).utilization)) collect();
    last = now;
  }, LOOK_EVERY_MS).unref();
  return { close: () => clearInterval(timer) };
}

/** What V8's `gc` takes. */
type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** Twice: what buffers held is free after the second. As where memory has run out: an ordinary collection leaves the
 * heap as large as the load has made it. */
function fullCollection(): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as Collect;
  return () => {
    for (let at = 0; at < 2; at++) gc({ type: "major", execution: "sync", flavor: "last-resort" });
  };
}
