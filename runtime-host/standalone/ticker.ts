// The cron trigger's clock: calls the Worker's scheduled handler at each full minute, as Cloudflare does for "* * * *
// *".

import type { Edge } from "./edge.ts";

/** Returns what stops it. Only the every-minute cron is kept here; any other in wrangler.toml is refused at once. */
export function startTicking(edge: Pick<Edge, "tick" | "crons">, log: (line: string) => void): () => void {
  for (const cron of edge.crons) {
    if (cron !== "* * * * *") throw new Error(`wrangler.toml: cron "${cron}" is unknown to the one-machine mode`);
  }
  if (edge.crons.length === 0) return () => undefined;
  let timer: NodeJS.Timeout;
  function arm(): void {
    timer = setTimeout(tick, 60_000 - (Date.now() % 60_000));
    timer.unref();
  }
  function tick(): void {
    arm();
    edge.tick("* * * * *").catch((error: Error) => log(`cron: ${error.message}`));
  }
  arm();
  return () => clearTimeout(timer);
}
