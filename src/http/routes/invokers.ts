// The fleet as OpenWhisk's operators look at it: name and state of each scheduler shard.

import type { RosterEntry } from "../../protocol/rpc.ts";
import type { App, AppContext } from "../context.ts";
import { json } from "../reply.ts";

export function invokerRoutes(app: App): void {
  for (const path of ["/invokers", "/invokers/"]) {
    app.get(path, async (c) => {
      const states = (await fleet(c)).map((entry) => [entry.scheduler, stateOf(entry)]);
      return json(c, JSON.stringify(Object.fromEntries(states)));
    });
  }
  app.get("/invokers/healthy/count", async (c) => json(c, String((await fleet(c)).filter(isUp).length)));
  app.get("/invokers/ready", ready);
}

async function ready(c: AppContext): Promise<Response> {
  const all = await fleet(c);
  const healthy = all.filter(isUp).length;
  if (all.length > 0 && healthy === all.length) return json(c, JSON.stringify({ healthy: `${healthy}/${all.length}` }));
  return json(c, JSON.stringify({ unhealthy: `${all.length - healthy}/${all.length}` }), { status: 500 });
}

function fleet(c: AppContext): RosterEntry[] | Promise<RosterEntry[]> {
  return c.get("services").schedulers((work) => c.executionCtx.waitUntil(work));
}

function stateOf(entry: RosterEntry): "up" | "unhealthy" | "down" {
  if (!entry.connected) return "down";
  return entry.unhealthy === undefined ? "up" : "unhealthy";
}

function isUp(entry: RosterEntry): boolean {
  return stateOf(entry) === "up";
}
