// An action as it is answered: its text with the code in it, which flows through where it is long.

import { type ShowOptions, shownAction } from "../catalog/code/action-text.ts";
import type { Action } from "../entities/action.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import type { AppContext } from "./context.ts";
import { respond } from "./errors.ts";
import { json } from "./reply.ts";

/** Of one that was damaged its key is all that is known. */
export async function actionReply(
  c: AppContext,
  action: Action | EntityKey,
  { code = true, written = false, held }: Partial<Pick<ShowOptions, "code" | "written" | "held">>,
): Promise<Response> {
  if (!("exec" in action)) return json(c, JSON.stringify({ namespace: action.path, name: action.name }));
  const { blobs } = c.get("services").stores;
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const shown = await shownAction(action, { code, written, held: held ?? null, blobs, later });
  return shown.ok ? json(c, shown.value) : respond(c, shown);
}
