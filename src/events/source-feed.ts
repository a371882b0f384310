// What a client gave the feeds of databases, buckets and queues, as settings, or why not. Parsed once,
// from a feed's arguments.

import type { z } from "zod";
import type { RawJson } from "../entities/raw-json.ts";
import {
  DatabaseFeed,
  type FeedKind,
  isSourceName,
  ObjectStoreFeed,
  QueueFeed,
  type SourceFeed,
} from "../entities/source.ts";
import { fail, ok, type Result } from "../errors.ts";

/** What is known of each, and what of it can be changed: by the rest it is known what has fired. */
const KNOWN: Readonly<Record<FeedKind, { schema: z.ZodObject; changeable: readonly string[] }>> = {
  database: { schema: DatabaseFeed, changeable: ["columns", "interval", "maxRows"] },
  objectstore: { schema: ObjectStoreFeed, changeable: ["events", "interval", "suffix"] },
  queue: { schema: QueueFeed, changeable: [] },
};

/** Arguments that it does not know are others'. Fails with `bad-request`. */
export function newSourceFeed(kind: FeedKind, args: RawJson): Result<SourceFeed> {
  const given = JSON.parse(args) as Record<string, unknown>;
  const { schema } = KNOWN[kind];
  const named = Object.keys(schema.shape).map((name) => [name, given[name] ?? undefined] as const);
  const known = Object.fromEntries(named.filter(([, value]) => value !== undefined));
  const parsed = schema.safeParse({ ...known, kind });
  if (!parsed.success) return faultOf(parsed.error, known);
  const feed = parsed.data as SourceFeed;
  if (feed.kind !== "objectstore") return ok(feed);
  if (feed.queue === undefined && feed.bucket === undefined) {
    return fail(
      "bad-request",
      "The parameter 'bucket' is missing, or 'queue', to which the bucket's notifications go.",
    );
  }
  if (feed.queue === undefined && !isSourceName({ kind: "r2", name: feed.bucket ?? "" })) {
    return fail("bad-request", "The parameter 'bucket' must be a name of capital letters, digits and _, e.g. UPLOADS.");
  }
  return ok(feed);
}

/** What is not named stays. Fails with `bad-request`. */
export function changedSourceFeed(feed: SourceFeed, args: RawJson): Result<SourceFeed> {
  const given = JSON.parse(args) as Record<string, unknown>;
  const { schema, changeable } = KNOWN[feed.kind];
  const fixed = Object.keys(schema.shape).filter((name) => name !== "kind" && !changeable.includes(name));
  const told = fixed.find((name) => given[name] !== undefined);
  if (told !== undefined)
    return fail("bad-request", `The parameter '${told}' cannot be changed: create the feed anew.`);
  const changes = changeable.filter((name) => given[name] !== undefined);
  if (changes.length === 0) {
    return changeable.length === 0
      ? fail("bad-request", "Nothing of this feed can be changed: create it anew.")
      : fail("bad-request", `No parameter that can be changed was given: ${changeable.join(", ")}.`);
  }
  const { kind, ...stored } = feed;
  return newSourceFeed(
    kind,
    JSON.stringify({ ...stored, ...Object.fromEntries(changes.map((name) => [name, given[name]])) }),
  );
}

function faultOf({ issues }: z.ZodError, given: Record<string, unknown>): Result<never> {
  const [issue] = issues;
  const [name = "", ...inner] = (issue?.path ?? []).map(String);
  if (given[name] === undefined) return fail("bad-request", `The parameter '${name}' is missing.`);
  const message = issue?.message ?? "is wrong";
  const where = inner.length === 0 ? "" : ` (${inner.join(".")})`;
  return fail(
    "bad-request",
    `The parameter '${name}'${where} ${/^must /.test(message) ? message : `is wrong: ${message}`}.`,
  );
}
