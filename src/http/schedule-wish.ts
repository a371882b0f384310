// What is asked of a schedule that is not made yet: the query of its preview.

import * as z from "zod";
import { ok, type Result } from "../errors.ts";
import type { ScheduleWish } from "../services/schedule-views.ts";
import type { AppContext } from "./context.ts";
import { malformed } from "./query.ts";

const word = z.string().max(256).optional();
const Wish = z.strictObject({
  feed: z.enum(["alarm", "interval", "once"], "must be one of alarm, interval, once"),
  triggerName: word,
  cron: word,
  timezone: word,
  minutes: word,
  date: word,
  startDate: word,
  stopDate: word,
});

/** What is not known is refused: a parameter that is misspelled would be left out. */
export function wishOf(c: AppContext): Result<ScheduleWish> {
  const parsed = Wish.safeParse(c.req.query());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = issue?.code === "unrecognized_keys" ? issue.keys[0] : issue?.path[0];
    return malformed(String(name), issue?.message ?? "");
  }
  const { feed, triggerName, ...rest } = parsed.data;
  const fields = Object.fromEntries(Object.entries(rest).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  return ok({ feed, fields, ...(triggerName === undefined ? {} : { trigger: triggerName }) });
}
