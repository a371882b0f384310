// Runtime hosts as an administrator lets them in and sends them away: a token that is replaced or revoked opens
// nothing, and no line that was opened with it stays.

import { fail, ok, type Result } from "../errors.ts";
import type { HostToken, InvokerSchedulerRpc, RosterEntry, RosterRpc, SchedulerName } from "../protocol/rpc.ts";

/** All that these ask of the world. */
export interface HostContext {
  roster: Pick<RosterRpc, "createHost" | "revokeHost" | "schedulers" | "hosts">;
  scheduler(name: SchedulerName): Pick<InvokerSchedulerRpc, "expel" | "drain">;
}

/** A host as its administrator sees it. */
export interface ShownHost extends HostToken {
  /** Why schedulers of it take nothing. */
  unhealthy?: string;
  /** What does not work there though the rest does. */
  impaired?: string;
}

/** Its token, which is told this once. `shards`: the schedulers it opens. Fails with `bad-request` for what can be no
 * name, and with `host-exists` without `rotate`. */
export async function createHost(
  context: HostContext,
  { name, rotate = false, shards }: { name: string; rotate?: boolean | undefined; shards?: number | undefined },
): Promise<Result<string>> {
  const lines = rotate ? await linesOf(context, name) : [];
  const made = await context.roster.createHost(name, { rotate, ...(shards === undefined ? {} : { shards }) });
  if (made.kind === "bad-name") return fail("bad-request", `The name of a host has ${made.rule}.`);
  if (made.kind === "exists") return fail("host-exists", name);
  await cut(context, lines);
  return ok(made.token);
}

/** Its name. Fails with `not-found`. */
export async function revokeHost(context: HostContext, name: string): Promise<Result<string>> {
  const lines = await linesOf(context, name);
  const gone = await context.roster.revokeHost(name);
  await cut(context, lines);
  return gone ? ok(name) : fail("not-found");
}

/** Nothing new is started on it, what runs goes on; or it takes work again. Holds also while it is away, and for its
 * next process. Fails with `not-found`. */
export async function drainHost(context: HostContext, name: string, on: boolean): Promise<Result<HostToken>> {
  const host = (await context.roster.hosts()).find((each) => each.name === name);
  if (host === undefined) return fail("not-found");
  const lines = await linesOf(context, name);
  await Promise.all(lines.map((each) => context.scheduler(each).drain(on)));
  return ok(host);
}

/** The token of a host that takes this one's place under another name, with as many schedulers: told this once. The one
 * before drains, and is there until it is revoked. Fails as `createHost`, and with `not-found`. */
export async function renameHost(
  context: HostContext,
  { name, to }: { name: string; to: string },
): Promise<Result<string>> {
  const host = (await context.roster.hosts()).find((each) => each.name === name);
  if (host === undefined) return fail("not-found");
  const made = await createHost(context, { name: to, shards: host.shards });
  if (!made.ok) return made;
  const drained = await drainHost(context, name, true);
  return drained.ok ? made : drained;
}

/** Each with the reasons why its schedulers take nothing, or what is impaired. */
export function withReasons(hosts: readonly HostToken[], entries: readonly RosterEntry[]): ShownHost[] {
  return hosts.map((host) => {
    const own = entries.filter((entry) => entry.host === host.name);
    const reasons = (kind: "unhealthy" | "impaired") => [...new Set(own.flatMap((entry) => entry[kind] ?? []))];
    const [unhealthy, impaired] = [reasons("unhealthy"), reasons("impaired")];
    return {
      ...host,
      ...(unhealthy.length === 0 ? {} : { unhealthy: unhealthy.join("; ") }),
      ...(impaired.length === 0 ? {} : { impaired: impaired.join("; ") }),
    };
  });
}

/** All that its token opens, since who came in just now may not have been heard of, and all that were heard of. */
async function linesOf({ roster }: HostContext, host: string): Promise<SchedulerName[]> {
  const [hosts, entries] = await Promise.all([roster.hosts(), roster.schedulers()]);
  const shards = hosts.find(({ name }) => name === host)?.shards ?? 0;
  const opened = Array.from({ length: shards }, (_, shard) => `${host}/${shard}`);
  const heard = entries.filter((entry) => entry.host === host).map((entry) => entry.scheduler);
  return [...new Set([...opened, ...heard])];
}

/** A line that was open before its token went would stay open. */
async function cut({ scheduler }: HostContext, lines: readonly SchedulerName[]): Promise<void> {
  await Promise.all(lines.map((name) => scheduler(name).expel()));
}
