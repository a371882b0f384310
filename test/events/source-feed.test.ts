// What the feeds of databases, buckets and queues are told by their arguments, and what an event of each is.

import { expect, it } from "vitest";
import { sourceOf } from "../../src/entities/source.ts";
import { eventFault, messageEvent, notificationEvent, objectChanges } from "../../src/events/source-events.ts";
import { changedSourceFeed, newSourceFeed } from "../../src/events/source-feed.ts";

const TABLE = { database: "ORDERS", table: "orders", cursor: "id" };
const made = (kind: "database" | "objectstore" | "queue", args: object) => newSourceFeed(kind, JSON.stringify(args));

it("has defaults for all but what is read", () => {
  expect(made("database", { ...TABLE, triggerName: "/_/t", lifecycleEvent: "CREATE" })).toEqual({
    ok: true,
    value: { kind: "database", ...TABLE, interval: 60, maxRows: 100, deliver: "new" },
  });
  expect(made("objectstore", { bucket: "UPLOADS" })).toMatchObject({
    ok: true,
    value: { kind: "objectstore", bucket: "UPLOADS", interval: 60, events: ["created", "deleted"], deliver: "new" },
  });
  expect(made("queue", { queue: "orders" })).toEqual({ ok: true, value: { kind: "queue", queue: "orders" } });
});

it.each([
  ["database", {}, "database"],
  ["database", { ...TABLE, database: "orders" }, "database"],
  ["database", { ...TABLE, database: "ORDERS'; --" }, "database"],
  ["database", { ...TABLE, database: 7 }, "database"],
  ["database", { database: "ORDERS", table: "orders" }, "cursor"],
  ["database", { ...TABLE, table: "" }, "table"],
  ["database", { ...TABLE, table: "a\0b" }, "table"],
  ["database", { ...TABLE, interval: 9 }, "interval"],
  ["database", { ...TABLE, interval: "60" }, "interval"],
  ["database", { ...TABLE, interval: 2 ** 53 }, "interval"],
  ["database", { ...TABLE, maxRows: 101 }, "maxRows"],
  ["database", { ...TABLE, columns: [] }, "columns"],
  ["database", { ...TABLE, columns: [""] }, "columns"],
  ["database", { ...TABLE, deliver: "some" }, "deliver"],
  ["objectstore", {}, "bucket"],
  ["objectstore", { bucket: "uploads" }, "bucket"],
  ["objectstore", { bucket: "UPLOADS", events: ["changed"] }, "events"],
  ["objectstore", { bucket: "UPLOADS", events: [] }, "events"],
  ["objectstore", { bucket: "UPLOADS", prefix: 1 }, "prefix"],
  ["objectstore", { queue: "Orders" }, "queue"],
  ["queue", {}, "queue"],
  ["queue", { queue: "../orders" }, "queue"],
] as const)("refuses %s %j for '%s'", (kind, args, name) => {
  const feed = made(kind, args);
  expect(feed).toMatchObject({ ok: false, code: "bad-request" });
  expect(feed.ok ? "" : feed.text).toContain(`'${name}'`);
});

it("names nothing but what is behind FEED_: not the platform's own database, blobs and records", () => {
  for (const name of ["DB", "RECORDS_0"]) {
    const feed = made("database", { ...TABLE, database: name });
    expect(feed.ok && sourceOf(feed.value)).toEqual({ kind: "d1", name });
  }
  for (const name of ["../DB", "DB\0", "FEED.DB"])
    expect(made("database", { ...TABLE, database: name }).ok).toBe(false);
});

it("changes what does not say which events have fired, and nothing else", () => {
  const feed = made("database", TABLE);
  if (!feed.ok) throw new Error(feed.text);
  const change = (args: object) => changedSourceFeed(feed.value, JSON.stringify(args));
  expect(change({ interval: 10, triggerName: "/_/t" })).toMatchObject({ ok: true, value: { ...TABLE, interval: 10 } });
  expect(change({ interval: 1 })).toMatchObject({ ok: false });
  expect(change({ table: "others" })).toMatchObject({ ok: false, text: expect.stringContaining("'table'") });
  expect(change({})).toMatchObject({ ok: false, text: expect.stringContaining("interval") });
});

const LIST = { bucket: "UPLOADS", events: ["created" as const, "deleted" as const] };
const object = (key: string, version: string, uploaded = 1_000) => ({ key, version, size: 3, etag: version, uploaded });
const NEVER = Number.NEGATIVE_INFINITY;

it("tells which objects of a list are new, written anew, or gone", () => {
  const known = new Map([
    ["a", "1"],
    ["b", "1"],
    ["c", "1"],
  ]);
  const listed = [object("a", "1"), object("b", "2"), object("d", "1")];
  const changes = objectChanges(LIST, { known, listed, since: NEVER, now: 5_000 });
  expect(changes.events.map(({ payload }) => JSON.parse(payload))).toEqual([
    { event: "created", bucket: "UPLOADS", key: "b", size: 3, etag: "2", time: "1970-01-01T00:00:01.000Z" },
    { event: "created", bucket: "UPLOADS", key: "d", size: 3, etag: "1", time: "1970-01-01T00:00:01.000Z" },
    { event: "deleted", bucket: "UPLOADS", key: "c", time: "1970-01-01T00:00:05.000Z" },
  ]);
  expect(changes.put.map(({ key }) => key)).toEqual(["b", "d"]);
  expect(changes.gone).toEqual(["c"]);
});

it("knows what it does not fire for: what was there before, other suffixes, events that are not wanted", () => {
  const listed = [object("old.txt", "1", 1_000), object("new.txt", "1", 3_000), object("new.png", "1", 3_000)];
  const told = (more: object) =>
    objectChanges(
      { ...LIST, suffix: ".txt", ...more },
      { known: new Map([["x.txt", "1"]]), listed, since: 2_000, now: 5_000 },
    );
  expect(told({}).events.map(({ key }) => key)).toEqual(["created\0new.txt\u00001", "deleted\0x.txt\u00001"]);
  expect(told({}).put).toHaveLength(3);
  expect(told({ events: ["deleted"] }).events.map(({ key }) => key)).toEqual(["deleted\0x.txt\u00001"]);
});

const NOTIFICATION = {
  ...{ account: "a", action: "PutObject", bucket: "uploads", eventTime: "2026-11-28T10:00:00.000Z" },
  object: { key: "in/1.pdf", size: 7, eTag: "e1" },
};
const message = (body: object | null) => ({ id: "m1", at: 1_000, body: JSON.stringify(body) });

it("takes a bucket's notification, and what it does not want to hear is no event", () => {
  const feed = made("objectstore", { queue: "changes", prefix: "in/", suffix: ".pdf", events: ["created"] });
  if (!feed.ok || feed.value.kind !== "objectstore") throw new Error("no feed");
  const { value } = feed;
  const event = notificationEvent(value, "changes", message(NOTIFICATION));
  if (event === null || typeof event === "string") throw new Error("no event");
  expect(JSON.parse(event.payload)).toEqual({
    ...{ event: "created", action: "PutObject", bucket: "uploads", key: "in/1.pdf", size: 7, etag: "e1" },
    time: "2026-11-28T10:00:00.000Z",
  });
  const told = (change: object) => notificationEvent(value, "changes", message({ ...NOTIFICATION, ...change }));
  expect(told({ action: "LifecycleDeletion" })).toBeNull();
  expect(told({ object: { key: "out/1.pdf" } })).toBeNull();
  expect(notificationEvent({ ...value, bucket: "others" }, "changes", message(NOTIFICATION))).toBeNull();
  expect(told({ action: "Explode" })).toContain("Explode");
  expect(told({ object: null })).toContain("no event notification");
  expect(notificationEvent(value, "changes", message(null))).toContain("no event notification");
});

it("carries a message's body as it is, and says what is too large", () => {
  const event = messageEvent("orders", { id: "m1", at: 0, body: '{"n":12345678901234567890}' });
  expect(event.payload).toContain("12345678901234567890");
  expect(eventFault(event)).toBeNull();
  const large = messageEvent("orders", { id: "m1", at: 0, body: JSON.stringify("x".repeat(1_048_577)) });
  expect(eventFault(large)).toContain("larger than allowed");
});
