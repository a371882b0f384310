// Actions: read, delete, list. How one is written is in action-put.ts, how it is called in ../invocation.

import type { Action } from "../entities/action.ts";
import { readAction } from "../entities/action-document.ts";
import { mergeParameters } from "../entities/parameters.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { EntityKey, StoredEntity } from "../storage/entity-store.ts";
import { type ActionAddress, placeToRead, type ReadPlace, type WritePlace } from "./action-place.ts";
import type { CatalogContext } from "./context.ts";
import { type EntityPage, listed, type Page } from "./list.ts";

/** A page of those at `place`, those in its packages too where it names none; or how many there are. */
export function listActions(
  { entities }: Pick<CatalogContext, "entities">,
  { place: { path, deep, names }, page }: { place: ReadPlace; page: Page },
): Promise<EntityPage> {
  return listed(entities, { path, type: "action", deep, names }, page);
}

/** With what its package, and the binding over it, give it under its own parameters. Fails as `placeToRead` does,
 * and with `not-found`, `wrong-collection` or `corrupted`. */
export async function getAction(
  context: Pick<CatalogContext, "caller" | "entities">,
  address: ActionAddress & { name: string },
): Promise<Result<Action>> {
  const place = await placeToRead(context, address);
  if (!place.ok) return place;
  const { path, parameters } = place.value;
  const stored = await storedAction(context.entities, { path, name: address.name });
  if (!stored.ok) return stored;
  const action = readAction(stored.value.document);
  if (action === null) return fail("corrupted");
  return ok({ ...action, parameters: mergeParameters(parameters, action.parameters) });
}

/** What was deleted; `action` is null where it was damaged: its name is all that is known of it. */
export async function deleteAction(
  context: CatalogContext,
  { key }: WritePlace,
): Promise<Result<{ key: EntityKey; action: Action | null }>> {
  const { caller, entities } = context;
  const stored = await storedAction(entities, key);
  if (!stored.ok) return stored;
  const { path, name, document, revision } = stored.value;
  const gone = await context.withWrite(caller.namespace.name, () =>
    entities.delete(stored.value, { expected: revision }),
  );
  if (gone.kind === "fixed") return fail("built-in", `${path}/${name}`);
  if (gone.kind === "conflict") return fail("concurrent-modification");
  return ok({ key: { path, name }, action: readAction(document) });
}

async function storedAction(
  entities: Pick<CatalogContext["entities"], "get">,
  key: EntityKey,
): Promise<Result<StoredEntity>> {
  const stored = await entities.get(key);
  if (stored === null) return fail("not-found");
  return stored.type === "action" ? ok(stored) : fail("wrong-collection");
}
