// How objects are named: whoever holds an activation's id and its namespace can address the store that keeps it.

import type { SchedulerName } from "./rpc.ts";

/** Schedulers one host may be split over. */
export const MAX_SHARDS = 16;

/** The one Roster object's name. */
export const ROSTER_NAME = "roster";
/** The one Subscriptions object. */
export const SUBSCRIPTIONS_NAME = "subscriptions";

/** Name of the object that keeps the epoch of the namespace with this name; its storage lies under it. */
export function epochNameOf(namespace: string): string {
  return `name:${namespace}`;
}

/** What a host may be called: it is part of its token, of its scheduler's name and of its containers' names. */
export const HOST_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** The same in words, for errors: "The name of a host has …". */
export const HOST_NAME_RULE = "lower-case letters, digits and '-', at most 63, beginning with a letter or digit";

const HOST_TOKEN = /^ewh\.([a-z0-9][a-z0-9-]{0,62})\.[A-Za-z0-9_-]{43}$/;

/** The host a token `ewh.<host>.<secret>` claims to be of, or null if it is no token. */
export function hostOfToken(token: string): string | null {
  return HOST_TOKEN.exec(token)?.[1] ?? null;
}

/** Name of the store object that keeps `id` for the namespace with this uuid. */
export function storeNameOf(activation: { id: string; about: { namespaceId: string } }): string {
  return `${activation.about.namespaceId}:${activation.id.slice(12, 14)}`;
}

/** Name of the store object of a shard of the namespace with this id. */
export function storeOfShard(namespaceId: string, shard: number): string {
  return `${namespaceId}:${shard.toString(16).padStart(2, "0")}`;
}

/** The host behind a scheduler's name `<host>/<shard>`. */
export function hostOfScheduler(scheduler: SchedulerName): string {
  return scheduler.split("/", 1)[0] ?? "";
}
