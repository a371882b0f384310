// Sources that an operator declares and grants: tables, buckets and queues whose changes fire triggers. Settings of
// feeds as they are stored, and how one stands.

import * as z from "zod";
import type { RawJson } from "./raw-json.ts";

/** "d1": databases, bound as FEED_D1_<name>. "r2": buckets, bound as FEED_R2_<name>. "queue":
 * queues that this Worker consumes. */
export type SourceKind = "d1" | "r2" | "queue";
export const SOURCE_KINDS: readonly SourceKind[] = ["d1", "r2", "queue"];

export interface SourceName {
  kind: SourceKind;
  name: string;
}

/** What feeds may read, and who may. */
export const SourcesAnswer = z.object({
  sources: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      /** Whether the deployment has it, or it is granted though it is not there. */
      declared: z.boolean(),
      namespaces: z.array(z.string()),
    }),
  ),
});
export type SourcesAnswer = z.infer<typeof SourcesAnswer>;

/** Of what binding names are made of: no other binding can be named by it. */
const BINDING_NAME = /^[A-Z][A-Z0-9_]{0,49}$/;
const QUEUE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MAX_IDENTIFIER = 128;
const MAX_KEY = 1_024;
/** Seconds between two looks at a source. */
const INTERVAL = { min: 10, max: 86_400, std: 60 };
const MAX_ROWS = 100;
const MAX_COLUMNS = 100;

const bindingName = z
  .string("must be a name, e.g. ORDERS")
  .regex(BINDING_NAME, "must be a name of capital letters, digits and _, e.g. ORDERS");
const queueName = z
  .string("must be the name of a queue")
  .regex(QUEUE_NAME, "must be the name of a queue: small letters, digits and hyphens");
const identifier = z
  .string("must be a name")
  .min(1, "must not be empty")
  .max(MAX_IDENTIFIER, `must have at most ${MAX_IDENTIFIER} characters`)
  .refine((text) => !text.includes("\0"), "must not hold a zero character");
const keyPart = z
  .string("must be a text")
  .min(1, "must not be empty")
  .max(MAX_KEY, `must have at most ${MAX_KEY} characters`);
const interval = z
  .int(`must be a number of seconds from ${INTERVAL.min} to ${INTERVAL.max}`)
  .min(INTERVAL.min, `must be at least ${INTERVAL.min} seconds`)
  .max(INTERVAL.max, `must be at most ${INTERVAL.max} seconds`)
  .default(INTERVAL.std);
/** Where a source is begun: with what comes, or with all that is there. */
const deliver = z.enum(["new", "all"], 'must be "new" or "all"').default("new");

export const DatabaseFeed = z.strictObject({
  kind: z.literal("database"),
  /** FEED_D1_<this>. */
  database: bindingName,
  table: identifier,
  /** A column whose values are unique and only grow. */
  cursor: identifier,
  /** Columns that an event carries, beside the cursor; absent: all. */
  columns: z.array(identifier).min(1).max(MAX_COLUMNS).optional(),
  interval,
  /** Rows that are read at a time. */
  maxRows: z
    .int(`must be a number from 1 to ${MAX_ROWS}`)
    .min(1, `must be a number from 1 to ${MAX_ROWS}`)
    .max(MAX_ROWS, `must be a number from 1 to ${MAX_ROWS}`)
    .default(MAX_ROWS),
  deliver,
});
export type DatabaseFeed = z.infer<typeof DatabaseFeed>;

export const ObjectEvent = z.enum(["created", "deleted"], 'must be "created" or "deleted"');
export type ObjectEvent = z.infer<typeof ObjectEvent>;

export const ObjectStoreFeed = z.strictObject({
  kind: z.literal("objectstore"),
  /** FEED_R2_<this>, whose list is looked at; with `queue` the bucket's own name, as messages tell it: of others
   * nothing is heard. */
  bucket: z.string("must be a name").min(1, "must not be empty").max(63, "must have at most 63 characters").optional(),
  /** The queue to which the bucket sends its event notifications; absent: its list is looked at. */
  queue: queueName.optional(),
  prefix: keyPart.optional(),
  suffix: keyPart.optional(),
  events: z
    .array(ObjectEvent, 'must be an array of "created" and "deleted"')
    .min(1, "must not be empty")
    .max(2)
    .default(["created", "deleted"]),
  interval,
  deliver,
});
export type ObjectStoreFeed = z.infer<typeof ObjectStoreFeed>;

export const QueueFeed = z.strictObject({ kind: z.literal("queue"), queue: queueName });
export type QueueFeed = z.infer<typeof QueueFeed>;

export type SourceFeed = DatabaseFeed | ObjectStoreFeed | QueueFeed;
export type FeedKind = SourceFeed["kind"];

/** What of the sources it reads. */
export function sourceOf(feed: SourceFeed): SourceName {
  if (feed.kind === "database") return { kind: "d1", name: feed.database };
  if (feed.kind === "queue") return { kind: "queue", name: feed.queue };
  return feed.queue === undefined ? { kind: "r2", name: feed.bucket ?? "" } : { kind: "queue", name: feed.queue };
}

/** False: its events come to us. */
export function isPolled(feed: SourceFeed): feed is DatabaseFeed | ObjectStoreFeed {
  return sourceOf(feed).kind !== "queue";
}

export function isSourceName({ kind, name }: SourceName): boolean {
  return (kind === "queue" ? QUEUE_NAME : BINDING_NAME).test(name);
}

/** What an operator wrote of it: a binding, or a consumer with the variable. */
export function declarationOf({ kind, name }: SourceName): string {
  return kind === "queue"
    ? `the consumer of the queue '${name}', and its name in FEED_QUEUES`
    : bindingOf({ kind, name });
}

export function bindingOf({ kind, name }: SourceName): string {
  return `FEED_${kind.toUpperCase()}_${name}`;
}

/** An object as a bucket lists it. `version` changes whenever it is written. */
export interface ListedObject {
  key: string;
  version: string;
  /** Bytes. */
  size: number;
  etag: string;
  /** Epoch ms. */
  uploaded: number;
}

/** What fires a trigger: `key` is never twice the same for one feed. */
export interface SourceEvent {
  key: string;
  payload: RawJson;
}

/** How a feed stands. */
export interface SourceView {
  feed: SourceFeed;
  paused: boolean;
  /** Why nothing comes of it any more until its owner changes it, or "". */
  stopped: string;
  /** Why nothing came of the last try, which is made again, or "". */
  blocked: string;
  /** Of a table: JSON text of the last value that was read; null: none. */
  cursor: RawJson | null;
  /** Objects that are known of a bucket. */
  known: number;
  /** Epoch ms; null: not yet. */
  lastPoll: number | null;
  nextPoll: number | null;
  /** Events that are read and have not fired yet. */
  waiting: number;
  /** Counts since it was made. `idle`: no rule was active; `rejected`: could never fire. */
  fired: number;
  idle: number;
  rejected: number;
  lastError: { text: string; at: number } | null;
  /** Epoch ms. */
  created: number;
}
