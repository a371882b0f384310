// The packages `database`, `objectstore` and `queue`, whose feeds fire triggers for what changes in the operator's
// sources: what becomes of their calls. What they read of, and who may, the operator says.

import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import { objectOf, type RawJson } from "../entities/raw-json.ts";
import { declarationOf, type FeedKind, type SourceFeed, type SourceView, sourceOf } from "../entities/source.ts";
import { changedSourceFeed, newSourceFeed } from "../events/source-feed.ts";
import type { BuiltinContext } from "../invocation/builtin.ts";
import { changing, error, type FeedCall, type LifeCycle, serveFeed } from "./feed-call.ts";
import type { SystemPorts } from "./ports.ts";
import type { SystemPackage } from "./system-package.ts";

const INTERVAL = {
  name: "interval",
  required: false,
  description: "Seconds between two looks, from 10; 60 if not given",
};
const DELIVER = { name: "deliver", required: false, description: "new (if not given) or all that is there already" };

export const DATABASE: SystemPackage = {
  name: "database",
  notes: { description: "Fires triggers for new rows of a table" },
  actions: {
    database: {
      notes: {
        feed: true,
        description: "Fires a trigger for each new row of a table, in the order of a column",
        parameters: [
          { name: "database", required: true, description: "As the operator has named and granted it" },
          { name: "table", required: true },
          { name: "cursor", required: true, description: "A column whose values are unique and only grow" },
          { name: "columns", required: false, description: "Those that are wanted, in an array; all if not given" },
          { name: "maxRows", required: false, description: "Rows that are read at a time, 1 to 100" },
          ...[INTERVAL, DELIVER],
        ],
        sampleInput: { database: "ORDERS", table: "orders", cursor: "id" },
        sampleOutput: { status: "success" },
      },
      run: (args, context, ports) => serveFeed(lifeOf("database"), { args, context, ports }),
    },
  },
};

export const OBJECT_STORE: SystemPackage = {
  name: "objectstore",
  notes: { description: "Fires triggers for objects of a bucket that are written or deleted" },
  actions: {
    objectstore: {
      notes: {
        feed: true,
        description: "Fires a trigger for each object that is created, written anew or deleted",
        parameters: [
          { name: "bucket", required: false, description: "Whose list is looked at, as the operator has named it" },
          { name: "queue", required: false, description: "Instead: to which the bucket's notifications go" },
          { name: "prefix", required: false, description: "How the keys begin" },
          { name: "suffix", required: false, description: "How the keys end" },
          { name: "events", required: false, description: "An array of created and deleted; both if not given" },
          ...[INTERVAL, DELIVER],
        ],
        sampleInput: { bucket: "UPLOADS", prefix: "invoices/", suffix: ".pdf", events: ["created"] },
        sampleOutput: { status: "success" },
      },
      run: (args, context, ports) => serveFeed(lifeOf("objectstore"), { args, context, ports }),
    },
  },
};

export const QUEUE: SystemPackage = {
  name: "queue",
  notes: { description: "Fires triggers for messages of a queue of Cloudflare" },
  actions: {
    queue: {
      notes: {
        feed: true,
        description: "Fires a trigger for each message of a queue",
        parameters: [{ name: "queue", required: true, description: "As the operator has granted it" }],
        sampleInput: { queue: "orders" },
        sampleOutput: { status: "success" },
      },
      run: (args, context, ports) => serveFeed(lifeOf("queue"), { args, context, ports }),
    },
  },
};

interface Asked extends FeedCall {
  kind: FeedKind;
}

function lifeOf(kind: FeedKind): LifeCycle {
  return {
    CREATE: (call) => create({ ...call, kind }),
    READ: (call) => read({ ...call, kind }),
    UPDATE: (call) => update({ ...call, kind }),
    PAUSE: (call) => pause({ ...call, kind }, true),
    UNPAUSE: (call) => pause({ ...call, kind }, false),
    DELETE: (call) => remove({ ...call, kind }),
  };
}

/** In place of what the trigger had. */
async function create({ kind, trigger, args, context, ports }: Asked): Promise<RawJson> {
  const wish = newSourceFeed(kind, args);
  if (!wish.ok) return error(wish.text);
  const feed = wish.value;
  const refusal = await refusalOf(feed, context, ports);
  if (refusal !== null) return error(refusal);
  const begin = await beginningOf(feed, ports);
  if ("fault" in begin) return error(begin.fault);
  const { name, uuid } = context.caller.namespace;
  const { book, of, shards } = ports.sources;
  // First the list of who reads what: a queue delivers to those that stand in it.
  await book.addFeed({ namespaceId: uuid, trigger, source: sourceOf(feed) });
  const { apiHost } = context;
  const put = await of(uuid).put({ trigger, feed, namespace: { name, uuid }, apiHost, shards, cursor: begin.cursor });
  if (put === "put") return JSON.stringify({ status: "success" });
  await book.removeFeed(uuid, trigger);
  return error("The namespace has as many feeds of sources as it can have.");
}

async function read({ kind, trigger, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const found = await ports.sources.of(uuid).find(trigger);
  if (found === null || found.view.feed.kind !== kind) return error(unknown(kind, trigger));
  const refusal = await refusalOf(found.view.feed, context, ports);
  const { kind: _, ...settings } = found.view.feed;
  return objectOf([
    ["config", JSON.stringify({ name: trigger, namespace: name, ...settings })],
    ["status", statusOf(found.view, refusal)],
  ]);
}

/** How it stands; a table's cursor with all its digits. */
function statusOf({ feed, cursor, ...view }: SourceView, refusal: string | null): RawJson {
  const { paused, stopped, blocked, lastPoll, nextPoll, lastError, known, created, ...counts } = view;
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const reason = stopped || (paused ? "it was paused by its owner" : (refusal ?? blocked));
  const isPolled = sourceOf(feed).kind !== "queue";
  const members = {
    active: reason === "",
    ...(reason === "" ? {} : { reason }),
    ...(isPolled ? { lastPoll: iso(lastPoll), nextPoll: stopped || paused ? null : iso(nextPoll) } : {}),
    ...(isPolled && feed.kind === "objectstore" ? { known } : {}),
    ...counts,
    created: iso(created),
    ...(lastError === null ? {} : { lastError: { text: lastError.text, at: iso(lastError.at) } }),
  };
  return objectOf([
    ...(feed.kind === "database" ? [["cursor", cursor ?? "null"] as const] : []),
    ...Object.entries(members).map(([key, value]) => [key, JSON.stringify(value)] as const),
  ]);
}

/** One that was stopped is tried again. */
async function update({ kind, trigger, args, context, ports }: Asked): Promise<RawJson> {
  const { name, uuid } = context.caller.namespace;
  const { of, shards } = ports.sources;
  return changing("feed", async () => {
    const found = await of(uuid).find(trigger);
    if (found === null || found.view.feed.kind !== kind) return error(unknown(kind, trigger));
    const { view, revision } = found;
    const change = changedSourceFeed(view.feed, args);
    if (!change.ok) return error(change.text);
    const feed = change.value;
    const refusal = await refusalOf(feed, context, ports);
    if (refusal !== null) return error(refusal);
    const fault = feed.kind === "database" ? await tableFault(feed, ports) : null;
    if (fault !== null) return error(fault);
    const { apiHost } = context;
    const { cursor } = view;
    const put = await of(uuid).put({ trigger, feed, namespace: { name, uuid }, apiHost, shards, cursor, revision });
    return put === "put" ? JSON.stringify({ status: "success" }) : null;
  });
}

async function pause({ kind, trigger, context, ports }: Asked, on: boolean): Promise<RawJson> {
  const feeds = ports.sources.of(context.caller.namespace.uuid);
  const found = await feeds.find(trigger);
  const isDone = found?.view.feed.kind === kind && (await feeds.pause(trigger, on));
  return isDone ? JSON.stringify({ status: "success" }) : error(unknown(kind, trigger));
}

/** Also where there is none: what is wanted is so. */
async function remove({ kind, trigger, context, ports }: Asked): Promise<RawJson> {
  const { uuid } = context.caller.namespace;
  const { of, book } = ports.sources;
  const found = await of(uuid).find(trigger);
  if (found === null || found.view.feed.kind === kind) {
    await of(uuid).remove(trigger);
    await book.removeFeed(uuid, trigger);
  }
  return JSON.stringify({ status: "success" });
}

/** Why the namespace cannot read it, or null. Who may not read a source does not hear whether there is one. */
async function refusalOf(feed: SourceFeed, { caller }: BuiltinContext, ports: SystemPorts): Promise<string | null> {
  const source = sourceOf(feed);
  const { book, bound } = ports.sources;
  const { name, uuid } = caller.namespace;
  if (!(await book.isGranted(source, uuid))) {
    return `The namespace may not read '${source.name}': its administrator grants it with 'edgewhisk source grant ${source.kind} ${source.name} ${name}'.`;
  }
  const isDeclared = bound.declared().some((each) => each.kind === source.kind && each.name === source.name);
  return isDeclared ? null : `This deployment has no '${source.name}' (any more): it lacks ${declarationOf(source)}.`;
}

/** Where a table is begun, which must be as it is told to be. */
async function beginningOf(
  feed: SourceFeed,
  ports: SystemPorts,
): Promise<{ cursor: RawJson | null } | { fault: string }> {
  if (feed.kind !== "database") return { cursor: null };
  const newest = await newestOf(feed, ports);
  if (newest.kind === "fault") return { fault: sentenceOf(newest.text) };
  return { cursor: feed.deliver === "all" ? null : newest.value };
}

async function tableFault(feed: Extract<SourceFeed, { kind: "database" }>, ports: SystemPorts): Promise<string | null> {
  const newest = await newestOf(feed, ports);
  return newest.kind === "fault" ? sentenceOf(newest.text) : null;
}

async function newestOf(feed: Extract<SourceFeed, { kind: "database" }>, { sources }: SystemPorts) {
  const table = sources.bound.table(feed.database);
  if (table === null) return { kind: "fault" as const, text: `there is no database '${feed.database}'` };
  try {
    return await table.newest(feed);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { kind: "fault" as const, text: `the database '${feed.database}' cannot be read: ${reason.slice(0, 300)}` };
  }
}

function sentenceOf(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function unknown(kind: FeedKind, trigger: string): string {
  return `The trigger '${trigger}' has no such feed: create /${SYSTEM_NAMESPACE}/${kind}/${kind} for it.`;
}
