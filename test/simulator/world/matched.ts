// Judges that work and hosts find each other, kind by kind, by what callers and containers saw: no call waits while a
// host that can run it is idle; none is refused for want of room there; what nobody can run troubles nobody, and ends
// with what it lacked.

import type { ActivationRecord } from "../../../src/entities/activation.ts";
import type { Call } from "./history.ts";
import type { SimHost } from "./host.ts";
import { type ActionPlan, suits } from "./scenario.ts";
import type { World } from "./world.ts";

/** A call may wait this long beside an idle host (ms). */
const IDLE_WAIT = 12_000;
/** A host that has been idle so long (ms) and has refused nothing itself lately has room. */
const IDLE = 3_000;
const LATELY = 15_000;
const ON_ITS_WAY = 500;
/** Attempts of a row: one for each host that was lost or refused it, and where nothing broke none but for that. */
const MAX_ATTEMPTS = 40;
const MAX_ATTEMPTS_CALM = 6;

/** Where nothing breaks, at any time. */
export function noneWaits(world: World): void {
  const { history, kernel, scenario } = world;
  if (scenario.profile !== "calm") return;
  const now = kernel.elapsed;
  for (const call of history.calls) {
    if (now - call.sentAt < IDLE_WAIT || call.composition === true || isOver(world, call)) continue;
    const action = scenario.actions.find((each) => each.name === call.action);
    const host = action && idleFor(world, action, IDLE_WAIT);
    if (host === undefined) continue;
    history.violate(`call ${call.number} of ${call.action} waits since ${call.sentAt} beside ${host.plan.name}`);
  }
}

/** A scheduler said that it has no room. */
export function noRefusal(world: World, scheduler: string, name: string): void {
  const { history, kernel, scenario, hosts } = world;
  if (scenario.profile !== "calm") return;
  const host = hosts.find((each) => scheduler.startsWith(`${each.plan.name}/`));
  const action = scenario.actions.find((each) => each.name === name);
  if (host === undefined || action === undefined || !host.suits(action)) return;
  const { containers } = host;
  if (host.idleFor() < IDLE || containers === null || kernel.elapsed - containers.refusedAt < LATELY) return;
  const { changedAt } = containers;
  // What was given that room instead is on its way.
  kernel.after(ON_ITS_WAY, null, () => {
    if (containers !== host.containers || containers.changedAt !== changedAt) return;
    history.violate(`${scheduler} had no room for ${name}, and its host is idle since ${changedAt}`);
  });
}

/** No line of rows waits beside an idle host that suits it, and no row is sent round in circles. */
export async function linesOf(world: World): Promise<boolean> {
  const { history, kernel, scenario } = world;
  const most = scenario.profile === "calm" ? MAX_ATTEMPTS_CALM : MAX_ATTEMPTS;
  for (const node of world.nodes("store")) {
    const { lines } = await world.bindings.ACTIVATIONS.getByName(node.name).backlog();
    for (const { kind, memory, labels, oldestWaitMs, reason } of lines) {
      if (oldestWaitMs < IDLE_WAIT) continue;
      const need = { kind, memory, labels: [...labels] } as ActionPlan;
      const host = idleFor(world, need, IDLE_WAIT);
      if (host === undefined) continue;
      const since = (kernel.elapsed - oldestWaitMs).toFixed(0);
      history.violate(
        `${node.label}: ${kind} of ${memory} MB waits since ${since} beside ${host.plan.name}: ${reason}`,
      );
      return false;
    }
    const [row] = node.shelf.sql.exec<{ most: number | null }>("SELECT max(attempt) AS most FROM rows").toArray();
    if ((row?.most ?? 0) <= most) continue;
    history.violate(`${node.label}: a row is at attempt ${row?.most}`);
    return false;
  }
  return true;
}

/** Its record says that no host took it in time. */
export function isStuck(record: ActivationRecord | undefined): boolean {
  return record?.statusCode === 3 && "inline" in record.result && record.result.inline.includes(" s for a host, and ");
}

/** Where nothing breaks, only what no host ever could run may end so, and it says what was missing. */
export function rightlyStuck(world: World, call: Call, record: ActivationRecord): boolean {
  const { scenario } = world;
  if (!isStuck(record) || call.composition === true) return false;
  const action = scenario.actions.find((each) => each.name === call.action);
  if (action === undefined) return true;
  const { result } = record;
  const says = "inline" in result && /no connected host|it needs/.test(result.inline);
  return says && !scenario.hosts.some((host) => suits(host, host.kinds, action));
}

function isOver(world: World, call: Call): boolean {
  if (call.told?.kind === "refused" || call.told?.kind === "result") return true;
  return world.history.starts.some((start) => start.call === call.number);
}

/** A host that could run it and has had nothing to do for so long. */
function idleFor(world: World, action: ActionPlan, ms: number): SimHost | undefined {
  return world.hosts.find((host) => host.idleFor() >= ms && host.suits(action));
}
