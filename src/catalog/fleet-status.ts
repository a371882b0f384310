// The fleet and what waits for it, as an administrator looks at it: each object is asked itself, and who does not
// answer in time is shown as such. Nothing is changed.

import type { HostAnswer, HostItem, IdleItem, SchedulerLoad, WaitingItem } from "../entities/administration.ts";
import type { Namespace } from "../entities/identity.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { IdleContainers } from "../protocol/messages.ts";
import type {
  ActivationStoreRpc,
  HostToken,
  InvokerSchedulerRpc,
  RosterEntry,
  RosterRpc,
  SchedulerName,
  StoreName,
} from "../protocol/rpc.ts";
import type { RegistryStore } from "../storage/registry-store.ts";

/** All that these ask of the world. */
export interface StatusContext {
  roster: Pick<RosterRpc, "hosts" | "schedulers" | "waitingStores">;
  scheduler(name: SchedulerName): Pick<InvokerSchedulerRpc, "status" | "busy">;
  store(name: StoreName): Pick<ActivationStoreRpc, "backlog">;
  registry: Pick<RegistryStore, "namesOf">;
  /** Namespaces that are there though no row has them. */
  wellKnown: readonly Namespace[];
  /** Entries with what differs from the others. */
  marked(entries: readonly RosterEntry[]): (RosterEntry & { differs: string[] })[];
  /** Epoch ms. */
  now(): number;
  /** Rejects after a while. */
  soon<T>(work: Promise<T>): Promise<T>;
}

type Marked = ReturnType<StatusContext["marked"]>[number];

/** Stores that are asked what waits in them. */
const MAX_STORES = 100;

/** Hosts by name, each with the load of its schedulers. */
export async function fleet(context: StatusContext): Promise<{ host: HostItem; schedulers: SchedulerLoad[] }[]> {
  const { roster } = context;
  const [hosts, entries] = await Promise.all([roster.hosts(), roster.schedulers()]);
  const marked = context.marked(entries);
  return Promise.all(
    hosts.map(async (host) => {
      const own = marked.filter((entry) => entry.host === host.name);
      const schedulers = await Promise.all(own.map((entry) => loadOf(context, entry)));
      return { host: itemOf(host, own, schedulers), schedulers };
    }),
  );
}

/** Fails with `not-found`. */
export async function hostStatus(context: StatusContext, name: string): Promise<Result<HostAnswer>> {
  const { roster } = context;
  const [hosts, entries] = await Promise.all([roster.hosts(), roster.schedulers()]);
  const host = hosts.find((each) => each.name === name);
  if (host === undefined) return fail("not-found");
  const own = context.marked(entries).filter((entry) => entry.host === name);
  const schedulers = await Promise.all(own.map((entry) => loadOf(context, entry)));
  const there = own.filter(({ connected }) => connected);
  // All schedulers of a host know the same idle containers: the first one asks.
  const said = await Promise.all(there.map((entry, at) => busyOf(context, entry, { idle: at === 0 })));
  const idle = said.find((each) => each.idle !== undefined)?.idle;
  const [first] = own;
  return ok({
    ...itemOf(host, own, schedulers),
    schedulers,
    runtimes: first?.runtimes ?? [],
    lacks: first?.security?.lacks ?? [],
    busy: said.flatMap(({ items }) => items),
    moreBusy: said.some(({ more }) => more),
    ...(idle === undefined ? {} : { idle: await idleItems(context, idle.items), moreIdle: idle.more }),
  });
}

/** What waits, where, since when and why; the oldest first. `more`: there are others. */
export async function waitingNow(context: StatusContext): Promise<{ items: WaitingItem[]; more: boolean }> {
  const all = await context.roster.waitingStores();
  const stores = all.slice(0, MAX_STORES);
  const names = await namesOf(context, stores.map(namespaceIdOf));
  const items = await Promise.all(
    stores.map(async (store): Promise<WaitingItem> => {
      const place = { namespace: names.get(namespaceIdOf(store)) ?? null, store };
      try {
        return { ...place, ...(await context.soon(context.store(store).backlog())) };
      } catch (error) {
        const nothing = { waiting: 0, running: 0, fires: 0, oldestWaitMs: 0, lines: [] };
        return { ...place, ...nothing, unanswered: textOf(error) };
      }
    }),
  );
  const waits = items.filter((each) => each.waiting + each.fires > 0 || each.unanswered !== undefined);
  return { items: waits.sort((one, other) => other.oldestWaitMs - one.oldestWaitMs), more: all.length > stores.length };
}

async function loadOf(context: StatusContext, entry: Marked): Promise<SchedulerLoad> {
  const { scheduler, connected, draining, memory } = entry;
  const known = { scheduler, connected, draining, ready: false, memory, used: 0, running: 0 };
  try {
    const status = await context.soon(context.scheduler(scheduler).status());
    const { ready, used, running, containers = 0, silence } = status;
    const now = { connected: status.connected, draining: status.draining, ready, used, running, containers };
    return { ...known, ...now, ...(silence === undefined ? {} : { silence }) };
  } catch (error) {
    return { ...known, unanswered: textOf(error) };
  }
}

/** Of one that does not answer nothing is known; its load says so. */
async function busyOf(
  context: StatusContext,
  { scheduler }: Marked,
  options: { idle: boolean },
): ReturnType<InvokerSchedulerRpc["busy"]> {
  try {
    return await context.soon(context.scheduler(scheduler).busy(options));
  } catch {
    return { items: [], more: true };
  }
}

async function idleItems(context: StatusContext, idle: readonly IdleContainers[]): Promise<IdleItem[]> {
  const ids = idle.flatMap(({ namespaceId }) => namespaceId ?? []);
  const names = await namesOf(context, ids);
  const now = context.now();
  return idle.map(({ namespaceId = "", action = null, runtime, idleMs, ...each }) => ({
    ...{ namespace: names.get(namespaceId) ?? null, action, kind: runtime },
    ...each,
    since: Math.max(0, now - Math.round(idleMs)),
  }));
}

function itemOf(host: HostToken, entries: readonly Marked[], loads: readonly SchedulerLoad[]): HostItem {
  const connected = entries.filter((entry) => entry.connected);
  const reasons = [...new Set(entries.flatMap(({ unhealthy, impaired }) => unhealthy ?? impaired ?? []))];
  const differs = [...new Set(entries.flatMap((entry) => entry.differs))];
  const newest = connected[0] ?? entries[0];
  const sum = (value: (load: SchedulerLoad) => number) => loads.reduce((total, load) => total + value(load), 0);
  return {
    ...host,
    state: stateOf(entries, connected, loads),
    ...(reasons.length === 0 ? {} : { reason: reasons.join("; ") }),
    memory: sum((load) => (load.connected ? load.memory : 0)),
    used: sum((load) => load.used),
    running: sum((load) => load.running),
    containers: sum((load) => load.containers ?? 0),
    ...(newest === undefined ? {} : { build: newest.build, engine: newest.engine }),
    ...(newest?.security === undefined ? {} : { level: newest.security.level }),
    ...(newest?.labels === undefined ? {} : { labels: newest.labels }),
    ...(differs.length === 0 ? {} : { differs }),
  };
}

function stateOf(
  entries: readonly Marked[],
  connected: readonly Marked[],
  loads: readonly SchedulerLoad[],
): HostItem["state"] {
  if (entries.length === 0) return "new";
  if (connected.length === 0) return "down";
  if (loads.some((load) => load.connected && load.draining)) return "draining";
  return connected.some((entry) => entry.unhealthy !== undefined) ? "unhealthy" : "up";
}

async function namesOf(
  { registry, wellKnown }: StatusContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const stored = await registry.namesOf([...new Set(ids)]);
  return new Map([...wellKnown.map(({ uuid, name }) => [uuid, name] as const), ...stored]);
}

function namespaceIdOf(store: StoreName): string {
  return store.slice(0, store.lastIndexOf(":"));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : String(error).slice(0, 200);
}
