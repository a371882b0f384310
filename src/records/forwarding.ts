// To where the records of a namespace are forwarded, or its user events: set, told to its objects, and how it stands.
// What an object was not told, it is told in a later round.

import { idsOf, type Namespace } from "../entities/identity.ts";
import { type Drops, NO_DROPS, type RecordHook, type RecordHookOrder } from "../entities/record-hook.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { ForwardingOf, ForwardState } from "../protocol/forwarding.ts";
import type { NamespaceBook } from "../storage/namespace-book.ts";
import type { OpenHook, RecordHookBook, RecordHookEntry } from "../storage/record-hook-book.ts";

export interface ForwardingPorts {
  book: RecordHookBook;
  namespaces: Pick<NamespaceBook, "byId">;
  /** Namespaces that are there though the book may not have them. */
  wellKnown: readonly Namespace[];
  /** Every object of the namespace. */
  stores(namespace: Namespace): readonly ForwardingOf[];
  /** Shards of a namespace. */
  shards: number;
  /** Why this URL is not dialled, as a sentence's end, or null. */
  urlFault(url: string): string | null;
  /** A new secret. */
  newSecret(): string;
  now(): number;
}

const MAX_TOLD = 50;

/** Who sets or removes a hook. */
export type HookSetter = "owner" | "administrator";

/** How a namespace's hook stands, over all its objects. `lagMs`: how long the oldest record has waited. */
export interface ForwardingShown {
  hook: (RecordHook & { authorization: boolean; changed: number; told: boolean }) | null;
  state?: {
    waiting: number;
    bytes: number;
    lagMs: number;
    sent: number;
    dropped: Drops & { total: number };
    lastSent: number | null;
    lastDropped: number | null;
    lastError: { text: string; at: number } | null;
    /** Objects that did not answer. */
    unreachable: number;
  };
}

const ADMINISTRATORS =
  "An administrator has set where this namespace sends that: only an administrator changes or removes it.";

/** `secret`: the one that was made for it. Fails with `lacks-right` where an owner would change an administrator's. */
export async function setHook(
  ports: ForwardingPorts,
  namespace: Namespace,
  { by, secret, authorization, ...settings }: RecordHookOrder & { by: HookSetter },
): Promise<Result<{ secret?: string }>> {
  const hook: RecordHook = by === "administrator" ? { ...settings, setBy: by } : settings;
  if (by === "owner" && (await ports.book.isAdministrators(namespace.uuid))) return fail("lacks-right", ADMINISTRATORS);
  const fault = ports.urlFault(hook.url);
  if (fault !== null) return fail("bad-request", `Nothing is sent to this address: ${fault}.`);
  const before = secret !== undefined && authorization !== undefined ? null : await ports.book.open(namespace.uuid);
  const made = secret === undefined && before === null ? ports.newSecret() : undefined;
  const signing = secret ?? before?.secrets.signing ?? made ?? "";
  const sent = authorization === undefined ? (before?.secrets.authorization ?? null) : authorization;
  const secrets = { signing, authorization: sent };
  const entry = await ports.book.set(namespace.uuid, { hook, secrets }, ports.now());
  await tell(ports, namespace, entry);
  return ok(made === undefined ? {} : { secret: made });
}

/** Fails with `not-found` where there is none, and as setHook. */
export async function removeHook(ports: ForwardingPorts, namespace: Namespace, by: HookSetter): Promise<Result<true>> {
  if (by === "owner" && (await ports.book.isAdministrators(namespace.uuid))) return fail("lacks-right", ADMINISTRATORS);
  const entry = await ports.book.remove(namespace.uuid, ports.now());
  if (entry === null) return fail("not-found", "forwarding");
  await tell(ports, namespace, entry);
  return ok(true);
}

/** A bounded number of those whose objects have not all been told. One that cannot be told is told next time, and holds
 * up no other. */
export async function forwardingRound(ports: ForwardingPorts): Promise<void> {
  const entries = await ports.book.untold(ports.shards, MAX_TOLD);
  const told = await Promise.allSettled(
    entries.map(async (entry) => tell(ports, await namespaceOf(ports, entry.namespaceId), entry)),
  );
  const failed = told.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  if (failed.length > 0) throw new AggregateError(failed, `objects of ${failed.length} namespaces were not told`);
}

export async function showHook(ports: ForwardingPorts, namespace: Namespace): Promise<ForwardingShown> {
  const open = await ports.book.open(namespace.uuid);
  if (open === null) return { hook: null };
  const states = await Promise.allSettled(ports.stores(namespace).map((store) => store.forwarding()));
  return { hook: shownOf(open, ports.shards), state: stateOf(states, ports.now()) };
}

function shownOf({ hook, secrets, changed, told }: OpenHook, shards: number): NonNullable<ForwardingShown["hook"]> {
  return { ...hook, authorization: secrets.authorization !== null, changed, told: told >= shards };
}

function stateOf(
  answers: readonly PromiseSettledResult<ForwardState | null>[],
  now: number,
): NonNullable<ForwardingShown["state"]> {
  const states = answers.flatMap((each) => (each.status === "fulfilled" && each.value !== null ? [each.value] : []));
  const sum = (read: (state: ForwardState) => number) => states.reduce((total, each) => total + read(each), 0);
  const latest = (read: (state: ForwardState) => number | null) => {
    const times = states.flatMap((each) => read(each) ?? []);
    return times.length === 0 ? null : Math.max(...times);
  };
  const errors = states.flatMap(({ error }) => error ?? []).sort((one, other) => other.at - one.at);
  const oldest = states.flatMap((each) => each.oldest ?? []);
  const dropped = { ...NO_DROPS };
  for (const reason of Object.keys(dropped) as (keyof Drops)[]) dropped[reason] = sum((each) => each.dropped[reason]);
  return {
    ...{ waiting: sum((each) => each.waiting), bytes: sum((each) => each.bytes) },
    lagMs: oldest.length === 0 ? 0 : Math.max(0, now - Math.min(...oldest)),
    sent: sum((each) => each.sent),
    dropped: { ...dropped, total: Object.values(dropped).reduce((total, each) => total + each, 0) },
    ...{ lastSent: latest((each) => each.lastSent), lastDropped: latest((each) => each.lastDropped) },
    lastError: errors[0] ?? null,
    unreachable: answers.filter((each) => each.status === "rejected").length,
  };
}

async function tell(ports: ForwardingPorts, namespace: Namespace, entry: RecordHookEntry): Promise<void> {
  const order = { owner: entry.namespaceId, revision: entry.revision, on: entry.on };
  await Promise.all(ports.stores(namespace).map((store) => store.forward(order)));
  await ports.book.told(entry, ports.shards);
}

async function namespaceOf({ namespaces, wellKnown }: ForwardingPorts, id: string): Promise<Namespace> {
  const known = wellKnown.find((each) => idsOf(each).includes(id));
  return (await namespaces.byId(id)) ?? known ?? { name: "", uuid: id };
}
