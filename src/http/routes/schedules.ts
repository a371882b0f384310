// What the clock will do: the schedule of a trigger, and what the next runs of one would be that is not made yet.
// Schedules are made and changed by the feeds of /whisk.system/alarms.

import { fail } from "../../errors.ts";
import type { ScheduleViews } from "../../services/schedule-views.ts";
import { described } from "../api/operations.ts";
import { authorOf } from "../author.ts";
import type { App, AppContext } from "../context.ts";
import { answer, respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { ownKeyOf, ownNamespaceOf } from "../namespace.ts";
import { json } from "../reply.ts";
import { wishOf } from "../schedule-wish.ts";

const SCHEDULE = "/api/v1/namespaces/:ns/triggers/:name/schedule";
const PREVIEW = "/api/v1/namespaces/:ns/schedules/preview";

export function scheduleRoutes(app: App): void {
  app.get(SCHEDULE, described("getSchedule", show));
  app.all(SCHEDULE, methodNotAllowed("GET"));
  app.get(PREVIEW, described("previewSchedule", preview));
  app.all(PREVIEW, methodNotAllowed("GET"));
}

async function show(c: AppContext): Promise<Response> {
  const key = ownKeyOf(c);
  if (!key.ok) return respond(c, key);
  const { name } = key.value;
  const text = await schedulesOf(c).show(c.get("identity").namespace, name);
  return text === null ? respond(c, fail("not-found", `schedule of ${name}`)) : json(c, text);
}

async function preview(c: AppContext): Promise<Response> {
  const namespace = ownNamespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const wish = wishOf(c);
  if (!wish.ok) return respond(c, wish);
  const runs = schedulesOf(c).preview(wish.value, Date.now());
  return answer(c, runs, (slots) => JSON.stringify({ next: slots.map((at) => new Date(at).toISOString()) }));
}

function schedulesOf(c: AppContext): ScheduleViews {
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  return c
    .get("services")
    .context(later, () => authorOf(c))
    .schedules();
}
