// The fleet as OpenWhisk's operators look at it. It is open to everybody: names of machines are shown on loopback only,
// or where a variable says so; the administrator sees them at /admin/v1/schedulers.

import type { RosterEntry } from "../../protocol/rpc.ts";
import type { App, AppContext } from "../context.ts";
import { fleetNow, healthyCount, invokerStates } from "../fleet.ts";
import { json } from "../reply.ts";

export function invokerRoutes(app: App): void {
  for (const path of ["/invokers", "/invokers/"]) app.get(path, states);
  app.get("/invokers/healthy/count", async (c) => json(c, String(healthyCount(await fleetOf(c)))));
  app.get("/invokers/ready", ready);
}

async function states(c: AppContext): Promise<Response> {
  const { onLoopback, invokerNames } = c.get("settings");
  return json(c, JSON.stringify(invokerStates(await fleetOf(c), { named: onLoopback || invokerNames })));
}

/** Why a host takes nothing is for its operator (admin API); what is wrong with the platform itself is told here. */
async function ready(c: AppContext): Promise<Response> {
  const all = await fleetOf(c);
  const healthy = healthyCount(all);
  if (all.length > 0 && healthy === all.length) return json(c, JSON.stringify({ healthy: `${healthy}/${all.length}` }));
  const reason = await c.get("services").stores.machine.ailing();
  const body = { unhealthy: `${all.length - healthy}/${all.length}`, ...(reason === null ? {} : { reason }) };
  return json(c, JSON.stringify(body), { status: 500 });
}

function fleetOf(c: AppContext): Promise<RosterEntry[]> {
  const services = c.get("services");
  return fleetNow({
    ailing: () => services.stores.machine.ailing(),
    schedulers: () => services.schedulers((work) => c.executionCtx.waitUntil(work)),
    lastHeard: () => services.schedulersOnceHeard(),
  });
}
