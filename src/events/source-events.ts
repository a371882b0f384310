// Rows, objects and messages of a queue as events that fire a trigger. Pure.

import { byteLength } from "../entities/byte-length.ts";
import { jsonFault } from "../entities/json-check.ts";
import { MAX_PAYLOAD } from "../entities/limits.ts";
import { objectOf, type RawJson } from "../entities/raw-json.ts";
import type { ListedObject, ObjectEvent, ObjectStoreFeed, SourceEvent } from "../entities/source.ts";

/** A row of a table: its values as JSON texts by their columns. */
export type SourceRow = readonly (readonly [column: string, value: RawJson])[];

/** A message of a queue; `body`: JSON text. */
export interface QueueMessage {
  id: string;
  /** Epoch ms at which it was sent. */
  at: number;
  body: RawJson;
}

/** What a bucket's notification tells, as an event of an object. */
interface Notification {
  action: string;
  bucket: string;
  key: string;
  size?: number;
  etag?: string;
  time: string;
}

const ACTIONS: Readonly<Record<string, ObjectEvent>> = {
  PutObject: "created",
  CopyObject: "created",
  CompleteMultipartUpload: "created",
  DeleteObject: "deleted",
  LifecycleDeletion: "deleted",
};

/** `value`: JSON text of the row's cursor. */
export function rowEvent(
  { database, table }: { database: string; table: string },
  value: RawJson,
  row: SourceRow,
): SourceEvent {
  const payload = objectOf([
    ["database", JSON.stringify(database)],
    ["table", JSON.stringify(table)],
    ["cursor", value],
    ["row", objectOf(row)],
  ]);
  return { key: value, payload };
}

/** What has become of the objects with keys behind `after`, as far as they were listed: `known` are those that were
 * there before, by key; `since`: of none that is older (epoch ms) there is an event. */
export function objectChanges(
  { bucket, events, suffix }: Pick<ObjectStoreFeed, "bucket" | "events" | "suffix">,
  {
    known,
    listed,
    since,
    now,
  }: { known: ReadonlyMap<string, string>; listed: readonly ListedObject[]; since: number; now: number },
): { events: SourceEvent[]; put: ListedObject[]; gone: string[] } {
  const keys = new Set(listed.map(({ key }) => key));
  const put = listed.filter(({ key, version }) => known.get(key) !== version);
  const gone = [...known.keys()].filter((key) => !keys.has(key));
  const wanted = (key: string, event: ObjectEvent) => events.includes(event) && key.endsWith(suffix ?? "");
  const created = put
    .filter(({ key, uploaded }) => wanted(key, "created") && uploaded > since)
    .map(({ key, version, size, etag, uploaded }) => ({
      key: `created\0${key}\0${version}`,
      payload: JSON.stringify({ event: "created", bucket, key, size, etag, time: new Date(uploaded).toISOString() }),
    }));
  const deleted = gone
    .filter((key) => wanted(key, "deleted"))
    .map((key) => ({
      key: `deleted\0${key}\0${known.get(key)}`,
      payload: JSON.stringify({ event: "deleted", bucket, key, time: new Date(now).toISOString() }),
    }));
  return { events: [...created, ...deleted], put, gone };
}

export function messageEvent(queue: string, { id, at, body }: QueueMessage): SourceEvent {
  const about = { queue, id, timestamp: new Date(at).toISOString() };
  const members = Object.entries(about).map(([key, value]) => [key, JSON.stringify(value)] as const);
  return { key: `${queue}\0${id}`, payload: objectOf([...members, ["body", body]]) };
}

/** Null: not what the feed wants to hear. A text: it is no notification of a bucket. */
export function notificationEvent(
  { bucket, prefix = "", suffix = "", events }: ObjectStoreFeed,
  queue: string,
  { id, body }: QueueMessage,
): SourceEvent | null | string {
  const told = notificationOf(body);
  if (told === null) return `the message ${id} is no event notification of an R2 bucket`;
  const event = ACTIONS[told.action];
  if (event === undefined)
    return `the message ${id} tells of an action that is not known: '${told.action.slice(0, 100)}'`;
  const isWanted = events.includes(event) && told.key.startsWith(prefix) && told.key.endsWith(suffix);
  if (!isWanted || (bucket !== undefined && bucket !== told.bucket)) return null;
  return { key: `${queue}\0${id}`, payload: JSON.stringify({ event, ...told }) };
}

/** Why it can never fire, or null. */
export function eventFault({ payload }: SourceEvent): string | null {
  const size = byteLength(payload);
  if (size > MAX_PAYLOAD) return `an event is larger than allowed: ${size} > ${MAX_PAYLOAD} bytes`;
  const fault = jsonFault(payload);
  return fault === null ? null : `an event is no JSON that can be taken: ${fault}`;
}

function notificationOf(body: RawJson): Notification | null {
  const { action, bucket, object, eventTime } = asRecord(JSON.parse(body));
  const { key, size, eTag } = asRecord(object);
  if (typeof action !== "string" || typeof bucket !== "string" || typeof key !== "string") return null;
  return {
    ...{ action, bucket, key },
    ...(typeof size === "number" ? { size } : {}),
    ...(typeof eTag === "string" ? { etag: eTag } : {}),
    time: typeof eventTime === "string" ? eventTime : "",
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
