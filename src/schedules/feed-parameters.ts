// What the feeds' callers give, as plans. The words of refusals are those of upstream's alarms package,
// where it has some.

import { membersOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import type {
  AlarmSettings,
  DeleteAfterFire,
  GivenDate,
  Misfire,
  Overlap,
  SchedulePlan,
  Timing,
} from "../entities/schedule.ts";
import { fail, ok, type Result } from "../errors.ts";
import { cronOf, epochOf, nextSlot } from "./slots.ts";

/** Arguments of a feed action: parsed, and the payload as it was written. */
export interface FeedParameters {
  fields: Readonly<Record<string, unknown>>;
  /** Text of the value, or absent. */
  payload?: RawJson;
}

export interface Circumstances {
  /** Epoch ms. */
  now: number;
  /** Of the trigger, without its namespace. */
  name: string;
  settings: AlarmSettings;
}

const DELETIONS: readonly string[] = ["false", "true", "rules"];
const MISFIRES: readonly string[] = ["skip", "once", "all"];
const OVERLAPS: readonly string[] = ["allow", "skip", "queue"];
const MAX_CRON = 256;
/** Ten years. */
const MAX_MINUTES = 5_256_000;
const MAX_FIRES = 2_147_483_647;
/** Seconds. */
const MAX_JITTER = 3_600;

/** Reads the text of a JSON object. */
export function readParameters(args: RawJson): FeedParameters {
  const fields = JSON.parse(args) as Record<string, unknown>;
  const payload = (membersOf(args) ?? []).findLast((each) => each.key === "trigger_payload")?.value;
  return { fields, ...(payload === undefined ? {} : { payload }) };
}

/** The plan of a new schedule. Fails with `bad-request`. */
export function planOf(parameters: FeedParameters, about: Circumstances): Result<SchedulePlan> {
  const { fields } = parameters;
  const timing = timingOf(fields, about);
  if (!timing.ok) return timing;
  const payload = payloadOf(parameters);
  if (!payload.ok) return payload;
  const maxTriggers = countOf(fields.maxTriggers);
  if (!maxTriggers.ok) return maxTriggers;
  const policies = policiesOf(fields);
  if (!policies.ok) return policies;
  return ok({
    timing: timing.value,
    payload: payload.value ?? "{}",
    maxTriggers: maxTriggers.value,
    ...policies.value,
  });
}

/** The plan as its owner changes it. Fails with `bad-request`, also where nothing that can be changed is given. */
export function changedPlan(
  plan: SchedulePlan,
  parameters: FeedParameters,
  about: Circumstances,
): Result<SchedulePlan> {
  const { fields } = parameters;
  const payload = fields.trigger_payload ? payloadOf(parameters) : ok(undefined);
  if (!payload.ok) return payload;
  const timing = changedTiming(plan.timing, fields, about);
  if (!timing.ok) return timing;
  const policies = policiesOf(fields);
  if (!policies.ok) return policies;
  const given = payload.value === undefined ? {} : { payload: payload.value };
  const changes = { ...timing.value, ...given, ...policies.value };
  if (Object.keys(changes).length === 0) return refused("no updatable parameters were specified");
  return ok({ ...plan, ...given, ...policies.value, timing: { ...plan.timing, ...timing.value } as Timing });
}

type Fields = FeedParameters["fields"];

function timingOf(fields: Fields, about: Circumstances): Result<Timing> {
  if (fields.fireOnce) return onceOf(fields, about);
  const every = fields.isInterval ? minutesOf(fields) : cronFieldsOf(fields, about);
  if (!every.ok) return every;
  const span = spanOf(fields, about);
  if (!span.ok) return span;
  const timing = { ...every.value, ...span.value } as Timing;
  return firstFireFault(timing, about.now) ?? ok(timing);
}

function onceOf(fields: Fields, { now }: Circumstances): Result<Timing> {
  if (!fields.date) return refused("alarms once trigger feed is missing the date parameter");
  const date = dateOf(fields.date, "date", { now });
  if (!date.ok) return date;
  const deletion = deletionOf(fields);
  return deletion.ok ? ok({ kind: "once", date: date.value, ...deletion.value }) : deletion;
}

function minutesOf({ minutes }: Fields): Result<{ kind: "interval"; minutes: number }> {
  if (!minutes) return refused("interval trigger feed is missing the minutes parameter");
  const value = typeof minutes === "string" || typeof minutes === "number" ? Number(minutes) : Number.NaN;
  if (!Number.isSafeInteger(value)) return refused("the minutes parameter must be an integer");
  if (value <= 0) return refused("the minutes parameter must be an integer greater than zero");
  if (value > MAX_MINUTES) return refused(`the minutes parameter must be an integer of at most ${MAX_MINUTES}`);
  return ok({ kind: "interval", minutes: value });
}

type Alarm = Timing & { kind: "alarm" };

function cronFieldsOf(fields: Fields, about: Circumstances): Result<Alarm> {
  const { cron, timezone, strict } = fields;
  if (!cron) return refused("alarms trigger feed is missing the cron parameter");
  return patternFor({ cron, timezone, strict }, { ...about, limited: limits(fields, about) });
}

function limits(fields: Fields, { settings }: Circumstances): boolean {
  return settings.limitCronFields || isTrue(fields.limitCronFields);
}

function patternFor(
  { cron, timezone, strict }: { cron: unknown; timezone: unknown; strict: unknown },
  { name, settings, limited }: Circumstances & { limited: boolean },
): Result<Alarm> {
  if (timezone !== undefined && timezone !== null && !isTimezone(timezone)) return refused("Invalid timezone.");
  const bad = `cron pattern '${String(cron)}' is not valid`;
  if (typeof cron !== "string" || cron.length > MAX_CRON) return refused(bad);
  const zone = typeof timezone === "string" ? { timezone } : {};
  try {
    cronOf(cron, zone.timezone);
  } catch {
    return refused(bad);
  }
  const parts = cron.trim().split(/\s+/);
  if (limited && parts.length > 5 && parts[0] !== "0") {
    return refused("cron pattern is limited to 5 fields with 1 minute as the finest granularity");
  }
  const exact = strict === undefined || strict === null ? settings.defaultStrict : isTrue(strict);
  const delay = exact || parts.length !== 5 || settings.delayLimit === 0 ? {} : { delay: delayOf(name, settings) };
  const given = strict === undefined ? {} : { strict };
  return ok({ kind: "alarm", cron, ...zone, ...given, ...delay });
}

/** Seconds that follow from a trigger's name, so that it keeps them. */
function delayOf(name: string, { delayLimit }: AlarmSettings): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) % 2_147_483_647;
  return Math.abs(hash % (delayLimit + 1));
}

/** From when until when. */
function spanOf(fields: Fields, { now }: Circumstances): Result<{ startDate?: GivenDate; stopDate?: GivenDate }> {
  const span: { startDate?: GivenDate; stopDate?: GivenDate } = {};
  if (fields.startDate) {
    const start = dateOf(fields.startDate, "startDate", { now });
    if (!start.ok) return start;
    span.startDate = start.value;
  } else if (fields.isInterval) span.startDate = now + 30_000;
  if (!fields.stopDate) return ok(span);
  if (fields.maxTriggers) {
    return refused(
      fields.isInterval
        ? "maxTriggers is not supported for the interval trigger feed"
        : "maxTriggers is not allowed when the stopDate parameter is specified",
    );
  }
  const stop = dateOf(fields.stopDate, "stopDate", { now, after: span.startDate });
  return stop.ok ? ok({ ...span, stopDate: stop.value }) : stop;
}

function changedTiming(timing: Timing, fields: Fields, about: Circumstances): Result<Partial<Timing>> {
  const { now } = about;
  if (timing.kind === "once") {
    const date = fields.date ? dateOf(fields.date, "date", { now }) : ok(undefined);
    if (!date.ok) return date;
    const deletion = deletionOf(fields);
    if (!deletion.ok) return deletion;
    return ok({ ...(date.value === undefined ? {} : { date: date.value }), ...deletion.value });
  }
  const every = timing.kind === "interval" ? changedMinutes(fields) : changedCron(timing, fields, about);
  if (!every.ok) return every;
  const span = changedSpan(timing, fields, now);
  if (!span.ok) return span;
  const changes: Partial<Timing> = { ...every.value, ...span.value };
  if (Object.keys(changes).length === 0) return ok(changes);
  return firstFireFault({ ...timing, ...changes } as Timing, now) ?? ok(changes);
}

function changedMinutes(fields: Fields): Result<Partial<Timing>> {
  return fields.minutes ? minutesOf(fields) : ok({});
}

function changedCron(timing: Alarm, fields: Fields, about: Circumstances): Result<Partial<Timing>> {
  const hasStrict = Object.hasOwn(fields, "strict");
  if (!fields.cron && !fields.timezone && !hasStrict) return ok({});
  const made = patternFor(
    {
      cron: fields.cron || timing.cron,
      timezone: fields.timezone || timing.timezone,
      strict: hasStrict ? fields.strict : timing.strict,
    },
    { ...about, limited: Boolean(fields.cron) && limits(fields, about) },
  );
  if (!made.ok) return made;
  const { delay } = made.value;
  // Named also where there is none any more, so that it replaces the one there was.
  return ok({
    ...made.value,
    ...(delay === undefined && timing.delay === undefined ? {} : { delay }),
  } as Partial<Timing>);
}

function changedSpan(
  timing: Exclude<Timing, { kind: "once" }>,
  fields: Fields,
  now: number,
): Result<{ startDate?: GivenDate; stopDate?: GivenDate }> {
  const span: { startDate?: GivenDate; stopDate?: GivenDate } = {};
  if (fields.startDate) {
    const start = dateOf(fields.startDate, "startDate", { now });
    if (!start.ok) return start;
    span.startDate = start.value;
  }
  if (fields.stopDate) {
    const stop = dateOf(fields.stopDate, "stopDate", { now, after: span.startDate ?? timing.startDate });
    return stop.ok ? ok({ ...span, stopDate: stop.value }) : stop;
  }
  const { stopDate } = timing;
  if (span.startDate !== undefined && stopDate !== undefined && epochOf(span.startDate) >= epochOf(stopDate)) {
    return refused(`startDate parameter '${span.startDate}' must be less than the stopDate parameter '${stopDate}'`);
  }
  return ok(span);
}

/** A schedule that never fires is refused. */
function firstFireFault(timing: Timing, now: number) {
  if (nextSlot(timing, now) !== null) return null;
  if (timing.kind === "alarm") {
    const { stopDate: _, startDate: __, ...endless } = timing;
    if (nextSlot(endless, now) === null) return refused(`cron pattern '${timing.cron}' is not valid: it never matches`);
  }
  return refused("the first scheduled trigger fire is not until after the stop date");
}

function dateOf(
  given: unknown,
  what: string,
  { now, after }: { now: number; after?: GivenDate | undefined },
): Result<GivenDate> {
  const date = typeof given === "string" || typeof given === "number" ? given : String(given);
  const at = epochOf(date);
  const named = `${what} parameter '${date}'`;
  if (Number.isNaN(at)) return refused(`${named} is not a valid Date`);
  if (now >= at) return refused(`${named} must be in the future`);
  if (after !== undefined && at <= epochOf(after)) {
    return refused(`${named} must be greater than the startDate parameter '${after}'`);
  }
  return ok(date);
}

function deletionOf({ deleteAfterFire }: Fields): Result<{ deleteAfterFire?: DeleteAfterFire }> {
  if (!deleteAfterFire) return ok({});
  const given = String(deleteAfterFire).trim().toLowerCase();
  if (!DELETIONS.includes(given)) return refused("deleteAfterFire parameter must be one of [false, true, rules].");
  return ok({ deleteAfterFire: given as DeleteAfterFire });
}

/** Absent: nothing was said. */
function payloadOf({ payload }: FeedParameters): Result<RawJson | undefined> {
  if (payload === undefined) return ok(undefined);
  switch (shapeOf(payload)) {
    case "object":
      return ok(payload.trim());
    case "string":
      return ok(`{"payload":${payload.trim()}}`);
    case "null":
      return ok("{}");
    default:
      return refused("the trigger_payload parameter must be a string or an object");
  }
}

function countOf(maxTriggers: unknown): Result<number> {
  if (!maxTriggers) return ok(-1);
  const count = Number(maxTriggers);
  if (count === -1) return ok(-1);
  if (Number.isInteger(count) && count > 0 && count <= MAX_FIRES) return ok(count);
  return refused("the maxTriggers parameter must be an integer greater than zero");
}

function policiesOf({
  jitter,
  misfire,
  overlap,
}: Fields): Result<Pick<SchedulePlan, "jitter" | "misfire" | "overlap">> {
  const policies: Pick<SchedulePlan, "jitter" | "misfire" | "overlap"> = {};
  if (jitter !== undefined && jitter !== null) {
    const seconds = typeof jitter === "number" || typeof jitter === "string" ? Number(jitter) : Number.NaN;
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_JITTER) {
      return refused(`the jitter parameter must be an integer from 0 to ${MAX_JITTER} (seconds)`);
    }
    policies.jitter = seconds;
  }
  if (misfire) {
    if (!MISFIRES.includes(String(misfire))) return refused("misfire parameter must be one of [skip, once, all].");
    policies.misfire = String(misfire) as Misfire;
  }
  if (overlap) {
    if (!OVERLAPS.includes(String(overlap))) return refused("overlap parameter must be one of [allow, skip, queue].");
    policies.overlap = String(overlap) as Overlap;
  }
  return ok(policies);
}

function isTimezone(zone: unknown): boolean {
  if (typeof zone !== "string" || zone === "") return zone === "";
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

function isTrue(value: unknown): boolean {
  return String(value).toLowerCase() === "true";
}

function refused(text: string) {
  return fail("bad-request", text);
}
