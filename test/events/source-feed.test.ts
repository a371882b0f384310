// What the feeds of databases, buckets and queues are told by their arguments.

import { expect, it } from "vitest";
import { sourceOf } from "../../src/entities/source.ts";
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
