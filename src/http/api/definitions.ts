// What the API's bodies and answers look like, and what its query parameters mean, in the words of Swagger 2.0.

import { OUTCOMES, STEP_NAMES } from "../../entities/figures.ts";
import { HOOK_FORMATS } from "../../entities/record-hook.ts";
import { START_KINDS, STATUS_WORDS } from "../../entities/record-search.ts";
import { ROLES } from "../../entities/rights.ts";

export type Schema = Readonly<Record<string, unknown>>;

const text = { type: "string" };
const whole = { type: "integer", format: "int64" };
const yesNo = { type: "boolean" };
const anything = { type: "object" };
export const list = (items: Schema): Schema => ({ type: "array", items });
export const ref = (name: string): Schema => ({ $ref: `#/definitions/${name}` });
const object = (properties: Schema, required: string[] = []): Schema => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
});

const common = {
  namespace: text,
  name: text,
  version: text,
  publish: yesNo,
  annotations: list(ref("KeyValue")),
  updated: whole,
};
const link = { path: text, name: text };
const rule = { ...common, trigger: object(link), action: object(link) };
const described = { version: text, publish: yesNo, annotations: list(ref("KeyValue")) };
const writable = { ...described, parameters: list(ref("KeyValue")) };
const fraction = { type: "number" };
const percentiles = object({ p50: fraction, p95: fraction, p99: fraction });
const figures = {
  type: "object",
  properties: {
    count: whole,
    outcomes: object(Object.fromEntries(OUTCOMES.map((each) => [each, whole]))),
    started: whole,
    cold: whole,
    coldShare: fraction,
    duration: percentiles,
    wait: percentiles,
  },
} as const;
const key = {
  ...{ id: text, subject: text, namespace: text, name: text, created: whole, ends: whole, replacedBy: text },
  ...{ role: { type: "string", enum: ROLES }, scope: list(text), blocked: yesNo, good: yesNo },
};
const bounds = { maxAge: whole, maxRecords: whole, maxBytes: whole };
const bound = object({ value: whole, from: text });
const amount = object({ records: whole, bytes: whole });
const hook = { url: text, format: { type: "string", enum: HOOK_FORMATS }, index: text, gzip: yesNo };
const ended = { result: anything, success: yesNo, status: text, size: whole };

export const DEFINITIONS = {
  RecordLine: object({ v: whole, name: text, sum: whole, record: anything, page: anything }, ["v"]),
  ImportReport: object({
    imported: whole,
    duplicates: list(text),
    refused: list(object({ line: whole, id: text, reason: text })),
  }),
  EventsPut: object({ url: text, secret: text, authorization: text, gzip: yesNo }, ["url"]),
  ErrorMessage: object({ error: text, code: text }, ["error", "code"]),
  KeyValue: object({ key: text, value: anything, init: yesNo }, ["key"]),
  Count: { type: "object", additionalProperties: whole },
  ActionExec: object({ kind: text, code: text, image: text, main: text, binary: yesNo, components: list(text) }, [
    "kind",
  ]),
  ActionExecMeta: object({ binary: yesNo }),
  ActionLimits: object({ timeout: whole, memory: whole, logs: whole, concurrency: whole, instances: whole }),
  Action: object({
    ...common,
    parameters: list(ref("KeyValue")),
    limits: ref("ActionLimits"),
    exec: ref("ActionExec"),
  }),
  ActionMeta: object({ ...common, limits: ref("ActionLimits"), exec: ref("ActionExecMeta") }),
  ActionPut: object({ ...writable, exec: ref("ActionExec"), limits: ref("ActionLimits"), delAnnotations: list(text) }),
  Binding: object({ namespace: text, name: text }),
  PackageAction: object({ name: text, version: text, annotations: list(ref("KeyValue")) }),
  Package: object({
    ...common,
    parameters: list(ref("KeyValue")),
    binding: ref("Binding"),
    actions: list(ref("PackageAction")),
    feeds: list(ref("PackageAction")),
  }),
  PackageMeta: object({ ...common, binding: ref("Binding") }),
  PackagePut: object({ ...writable, binding: ref("Binding") }),
  TriggerMeta: object(common),
  Trigger: object({
    ...common,
    parameters: list(ref("KeyValue")),
    limits: anything,
    rules: { type: "object", additionalProperties: ref("TriggerRule") },
  }),
  TriggerPut: object(writable),
  TriggerRule: object({ action: object(link), status: text }),
  Schedule: object({
    config: anything,
    status: object({ active: yesNo, dateChanged: whole, dateChangedISO: text, reason: anything }),
    schedule: object({
      next: list(text),
      firesLeft: whole,
      missed: whole,
      waiting: object({ slot: text, since: text, again: text, tries: whole, why: text }),
      history: list(object({ slot: text, outcome: text, lateMs: whole, activationId: text, text })),
    }),
  }),
  SchedulePreview: object({ next: list(text) }, ["next"]),
  RuleMeta: object(rule),
  Rule: object({ ...rule, status: text }),
  RulePut: object({ ...described, trigger: text, action: text }),
  RuleStatus: object({ status: { type: "string", enum: ["active", "inactive"] } }, ["status"]),
  ActivationId: object({ activationId: text }, ["activationId"]),
  ActivationResult: object(ended),
  ActivationLogs: object({ logs: list(text) }),
  ActivationMeta: object({
    ...common,
    activationId: text,
    cause: text,
    start: whole,
    end: whole,
    duration: whole,
    statusCode: whole,
  }),
  Activation: object({
    ...common,
    activationId: text,
    subject: text,
    cause: text,
    start: whole,
    end: whole,
    duration: whole,
    response: ref("ActivationResult"),
    logs: list(text),
  }),
  Stats: object({
    namespace: text,
    step: { type: "string", enum: STEP_NAMES },
    since: whole,
    upto: whole,
    total: figures,
    names: list(
      object({ type: { type: "string", enum: ["action", "trigger", "other"] }, name: text, ...figures.properties }),
    ),
    series: list(object({ at: whole, ...figures.properties })),
  }),
  Limits: object({
    invocationsPerMinute: whole,
    concurrentInvocations: whole,
    firesPerMinute: whole,
    concurrentMemory: whole,
    maxParameterSize: text,
    used: object({
      invocationsThisMinute: whole,
      firesThisMinute: whole,
      secondsLeftOfMinute: whole,
      concurrentInvocations: whole,
      memoryInUse: whole,
    }),
  }),
  Key: object(key),
  KeyPage: object({ items: list(ref("Key")), next: text }),
  NewKey: object({ name: text, role: key.role, subject: text, ends: whole, scope: list(text) }, ["name", "role"]),
  IssuedKey: object({ key: text, now: ref("Key") }),
  KeyChange: object({ name: text, ends: whole, role: key.role, scope: list(text) }),
  KeyRotation: object({ overlap: whole }),
  RotatedKey: object({ key: text, now: ref("Key"), before: ref("Key") }),
  RetentionBounds: object(bounds),
  Retention: object({
    namespace: text,
    bounds: object(Object.fromEntries(Object.keys(bounds).map((each) => [each, bound]))),
    keptFrom: whole,
    nextLook: whole,
    fault: text,
  }),
  Usage: object({ namespace: text, total: amount, object: amount, d1: amount, r2: amount }),
  ForwardingPut: object({ ...hook, secret: text, authorization: text }, ["url"]),
  Forwarding: object({
    namespace: text,
    hook: object({ ...hook, authorization: yesNo, told: yesNo, setBy: text }),
    state: anything,
    secret: text,
  }),
  Secret: object({ purpose: text, of: text, created: whole }),
  Anything: anything,
  Name: text,
} satisfies Record<string, Schema>;

export type DefinitionName = keyof typeof DEFINITIONS;

export const QUERY = {
  limit: { type: "integer", description: "Most items, 0 to 200; 0 stands for 200. Default 30." },
  after: { type: "string", description: "Go on behind this: 'next' of the page before. `limit` is up to 1000 here." },
  skip: { type: "integer", description: "Items left out at the beginning." },
  count: { type: "boolean", description: "Answer how many there are instead." },
  overwrite: { type: "boolean", description: "Replace what is there." },
  ifVersion: {
    type: "string",
    description: "Replace this version alone; 409 where another one is there by now, or none.",
  },
  force: { type: "boolean", description: "Delete what is in it, too." },
  code: { type: "boolean", description: "Whether the code is shown. Default true." },
  blocking: { type: "boolean", description: "Wait for the end." },
  result: { type: "boolean", description: "Of a blocking call, answer the result alone." },
  timeout: { type: "integer", description: "Most ms to wait, up to 60000." },
  name: { type: "string", description: "Only of this action, as name or package/name." },
  since: { type: "integer", description: "Started at or after, epoch ms." },
  upto: { type: "integer", description: "Started at or before, epoch ms." },
  step: {
    type: "string",
    description: "The time of one figure: minute (kept for 48 h), hour (90 days) or day (2 years).",
  },
  docs: { type: "boolean", description: "Whole records." },
  kind: { type: "string", description: "Only of this kind, e.g. nodejs:20, nodejs, sequence, trigger." },
  status: { type: "string", description: `Only what ended so: ${STATUS_WORDS.join(", ")}.` },
  minDuration: { type: "integer", description: "Only what ran so many ms or longer." },
  maxDuration: { type: "integer", description: "Only what ran so many ms or less." },
  start: { type: "string", description: `Only what began so: ${START_KINDS.join(", ")}.` },
  cause: { type: "string", description: "Only what this activation made happen." },
  trigger: { type: "string", description: "Only this trigger's, and what its rules started." },
  text: { type: "string", description: "Only with this text in the result or in a line of the log." },
  cursor: {
    type: "string",
    description:
      "Go on where a list ended, by its header X-Next-Cursor; an export, by its last line. In a list with any of kind to cursor one request looks at 50,000 records at most, 64 MB or 500 ms; X-Scanned-To says how far it came (epoch ms).",
  },
  explain: {
    type: "boolean",
    description: "What became of it, step by step, or what it waits for and what would help.",
  },
  feed: { type: "string", description: "alarm, interval or once: which feed of /whisk.system/alarms." },
  triggerName: {
    type: "string",
    description: "Some schedules fire at a time within the minute that follows from this name.",
  },
  cron: { type: "string", description: "Five or six fields, or a word such as @hourly." },
  timezone: { type: "string", description: "IANA name. Default UTC." },
  minutes: { type: "integer", description: "Between two fires." },
  date: { type: "string", description: "ISO 8601, or epoch ms." },
  startDate: { type: "string", description: "ISO 8601, or epoch ms." },
  stopDate: { type: "string", description: "ISO 8601, or epoch ms." },
  follow: { type: "boolean", description: "As server-sent events, while it is written; Last-Event-ID goes on." },
} satisfies Record<string, { type: string; description: string }>;

export type QueryName = keyof typeof QUERY;
