// POST /admin/v1/reseal: after MASTER_SECRET was changed, stored keys are sealed with the new one, a batch per request.

import { ResealOrder } from "../../entities/administration.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { bodyOf } from "../json-body.ts";
import { methodNotAllowed } from "../method.ts";
import { json } from "../reply.ts";

/** ms for which keys may be on their way with calls, sealed with the secret of before:
 * the longest wait and run, and some. */
const ON_THEIR_WAY_MS = 2 * 3_600_000;

export function resealRoutes(app: App, root: string): void {
  app.post(`${root}/reseal`, reseal);
  app.all(`${root}/reseal`, methodNotAllowed("POST"));
}

/** `next`: `after` of the request to follow, or null; then `mayGo` is when MASTER_SECRET_PREVIOUS is of no more use. */
async function reseal(c: AppContext): Promise<Response> {
  const body = await bodyOf(c, ResealOrder);
  if (!body.ok) return respond(c, body);
  const done = await c.get("services").stores.secrets.reseal(body.value.after ?? "");
  const mayGo = done.next === null ? { mayGo: new Date(Date.now() + ON_THEIR_WAY_MS).toISOString() } : {};
  return json(c, JSON.stringify({ ...done, ...mayGo }));
}
