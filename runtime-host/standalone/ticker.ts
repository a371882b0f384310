// The cron trigger's clock: calls the Worker's scheduled handler at each full minute, as Cloudflare does for "* * * *
// *"; and every few seconds to have lost alarms looked after: those of one machine live in its Worker's memory.

import { SCHEDULES_ONLY } from "../../src/protocol/schedule.ts";
import type { Edge } from "./edge.ts";

/** ms after which a schedule whose alarm was lost is found at the latest. */
const LOOK_EVERY_MS = 5_000;

/** Returns what stops it. Only the every-minute cron is kept here; any other in wrangler.toml is refused at once. */
export function startTicking(edge: Pick<Edge, "tick" | "crons">, log: (line: string) => void): () => void {
  for (const cron of edge.crons) {
    if (cron !== "* * * * *") throw new Error(`wrangler.toml: cron "${cron}" is unknown to the one-machine mode`);
  }
  if (edge.crons.length === 0) return () => undefined;
  const stops = [
    ticking(60_000, () => call("* * * * *")),
    // Half a period aside, so that the two never come together.
    ticking(LOOK_EVERY_MS, () => call(SCHEDULES_ONLY), LOOK_EVERY_MS / 2),
  ];
  function call(cron: string): void {
    edge.tick(cron).catch((error: Error) => log(`cron: ${error.message}`));
  }
  return () => {
    for (const stop of stops) stop();
  };
}

/** Calls at each full multiple of `every` ms, and `offset` later. */
function ticking(every: number, call: () => void, offset = 0): () => void {
  let timer: NodeJS.Timeout;
  function arm(): void {
    timer = setTimeout(tick, every - ((Date.now() - offset) % every));
    timer.unref();
  }
  function tick(): void {
    arm();
    call();
  }
  arm();
  return () => clearTimeout(timer);
}
