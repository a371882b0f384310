// Lists of entities: a page of items, or how many there are.

import { scopeIn } from "../entities/permission.ts";
import { namesIn } from "../entities/scope.ts";
import type { EntityQuery, EntityStore, EntityType, ListedEntity } from "../storage/entity-store.ts";
import type { CatalogContext } from "./context.ts";
import type { OwnPath } from "./own.ts";

/** Which part of a list is asked for. */
export interface Page {
  /** Most items. */
  limit: number;
  /** Items left out at the beginning. */
  skip: number;
  /** How many there are is asked instead. */
  count: boolean;
}

/** What a list answers. */
export type EntityPage =
  /** Newest first. */
  | { kind: "items"; items: ListedEntity[] }
  /** Of all there are, those beyond `skip`. */
  | { kind: "count"; count: number };

/** One page of what `query` asks for. */
export async function listed(
  entities: Pick<EntityStore, "list" | "count">,
  query: EntityQuery,
  { limit, skip, count }: Page,
): Promise<EntityPage> {
  if (count) return { kind: "count", count: Math.max(0, (await entities.count(query)) - skip) };
  return { kind: "items", items: await entities.list({ ...query, limit, skip }) };
}

/** Triggers or rules: none is in a package. */
export function listOwn(
  { entities, caller }: Pick<CatalogContext, "entities" | "caller">,
  { path, type, page }: { path: OwnPath; type: EntityType; page: Page },
): Promise<EntityPage> {
  return listed(entities, { path, type, deep: false, names: namesIn(path, scopeIn(caller)) }, page);
}
