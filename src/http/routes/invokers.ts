// The fleet as OpenWhisk's operators look at it: name and state of each scheduler shard. It is open to everybody: names of
// machines are shown on loopback only, or where a variable says so; the administrator sees them at /admin/v1/schedulers.

import type { RosterEntry } from "../../protocol/rpc.ts";
import type { App, AppContext } from "../context.ts";
import { json } from "../reply.ts";

export function invokerRoutes(app: App): void {
  for (const path of ["/invokers", "/invokers/"]) {
    app.get(path, async (c) => {
      const { onLoopback, invokerNames } = c.get("settings");
      const named = onLoopback || invokerNames;
      const all = (await fleet(c)).toSorted((one, other) => (one.scheduler < other.scheduler ? -1 : 1));
      const states = all.map((entry, index) => [named ? entry.scheduler : `invoker${index}`, stateOf(entry)]);
      return json(c, JSON.stringify(Object.fromEntries(states)));
    });
  }
  app.get("/invokers/healthy/count", async (c) => json(c, String((await fleet(c)).filter(isUp).length)));
  app.get("/invokers/ready", ready);
}

/** Why a host takes nothing is for its operator (admin API); what is wrong with the platform itself is told here. */
async function ready(c: AppContext): Promise<Response> {
  const all = await fleet(c);
  const healthy = all.filter(isUp).length;
  if (all.length > 0 && healthy === all.length) return json(c, JSON.stringify({ healthy: `${healthy}/${all.length}` }));
  const reason = await c.get("services").stores.machine.ailing();
  const body = { unhealthy: `${all.length - healthy}/${all.length}`, ...(reason === null ? {} : { reason }) };
  return json(c, JSON.stringify(body), { status: 500 });
}

/** Where nothing can be stored nobody is up, whatever the roster could write down last. */
async function fleet(c: AppContext): Promise<RosterEntry[]> {
  const services = c.get("services");
  const unhealthy = await services.stores.machine.ailing();
  try {
    const all = await services.schedulers((work) => c.executionCtx.waitUntil(work));
    return unhealthy === null ? all : all.map((entry) => ({ ...entry, unhealthy }));
  } catch (error) {
    if (unhealthy === null) throw error;
    return services.schedulersOnceHeard().map((entry) => ({ ...entry, unhealthy }));
  }
}

function stateOf(entry: RosterEntry): "up" | "unhealthy" | "down" {
  if (!entry.connected) return "down";
  return entry.unhealthy === undefined ? "up" : "unhealthy";
}

function isUp(entry: RosterEntry): boolean {
  return stateOf(entry) === "up";
}
