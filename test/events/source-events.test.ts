// Rows, objects and messages as events: what each carries, by what it is known, and what is none.

import { expect, it } from "vitest";
import { MAX_PAYLOAD } from "../../src/entities/limits.ts";
import { ObjectStoreFeed } from "../../src/entities/source.ts";
import {
  eventFault,
  messageEvent,
  notificationEvent,
  objectChanges,
  rowEvent,
} from "../../src/events/source-events.ts";

const FEED = ObjectStoreFeed.parse({
  ...{ kind: "objectstore", queue: "changes", prefix: "in/", suffix: ".pdf", events: ["created"] },
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
  const event = notificationEvent(FEED, "changes", message(NOTIFICATION));
  if (event === null || typeof event === "string") throw new Error("no event");
  expect(JSON.parse(event.payload)).toEqual({
    ...{ event: "created", action: "PutObject", bucket: "uploads", key: "in/1.pdf", size: 7, etag: "e1" },
    time: "2026-11-28T10:00:00.000Z",
  });
  const told = (change: object) => notificationEvent(FEED, "changes", message({ ...NOTIFICATION, ...change }));
  expect(told({ action: "LifecycleDeletion" })).toBeNull();
  expect(told({ object: { key: "out/1.pdf" } })).toBeNull();
  expect(notificationEvent({ ...FEED, bucket: "others" }, "changes", message(NOTIFICATION))).toBeNull();
  expect(told({ action: "Explode" })).toContain("Explode");
  expect(told({ object: null })).toContain("no event notification");
  expect(notificationEvent(FEED, "changes", message(null))).toContain("no event notification");
});

it("carries a message's body as it is, and says what is too large", () => {
  const event = messageEvent("orders", { id: "m1", at: 0, body: '{"n":12345678901234567890}' });
  expect(event.payload).toContain("12345678901234567890");
  expect(eventFault(event)).toBeNull();
  const large = messageEvent("orders", { id: "m1", at: 0, body: JSON.stringify("x".repeat(1_048_577)) });
  expect(eventFault(large)).toContain("larger than allowed");
});

it("carries a row with its values as they are, known by its cursor", () => {
  const row = [
    ["id", "12345678901234567890"],
    ["note", '"a"'],
  ] as const;
  expect(rowEvent({ database: "D", table: 'a"b' }, "12345678901234567890", row)).toEqual({
    key: "12345678901234567890",
    payload:
      '{"database":"D","table":"a\\"b","cursor":12345678901234567890,"row":{"id":12345678901234567890,"note":"a"}}',
  });
});

it("knows an object by its version, so that one written again fires again, and one that is gone by its last", () => {
  const known = new Map([["a", "1"]]);
  const keys = (listed: ReturnType<typeof object>[]) =>
    objectChanges(LIST, { known, listed, since: NEVER, now: 5_000 }).events.map(({ key }) => key);
  expect(keys([object("a", "2")])).toEqual(["created\0a\u00002"]);
  expect(keys([])).toEqual(["deleted\0a\u00001"]);
  expect(keys([object("a", "1")])).toEqual([]);
});

it("fires for none that is as old as the beginning, but for one that is younger", () => {
  const told = (uploaded: number) =>
    objectChanges(LIST, { known: new Map(), listed: [object("a", "1", uploaded)], since: 2_000, now: 5_000 });
  expect([told(2_000).events.length, told(2_001).events.length]).toEqual([0, 1]);
  expect(told(2_000).put.length).toBe(1);
});

it.each([
  ["PutObject", "created"],
  ["CopyObject", "created"],
  ["CompleteMultipartUpload", "created"],
  ["DeleteObject", "deleted"],
  ["LifecycleDeletion", "deleted"],
])("takes %s for %s", (action, event) => {
  const feed = { ...FEED, events: ["created" as const, "deleted" as const] };
  const told = notificationEvent(feed, "changes", message({ ...NOTIFICATION, action }));
  expect(told).toMatchObject({ key: "changes\0m1", payload: expect.stringContaining(`"event":"${event}"`) });
});

it("leaves out what a notification does not tell, or tells wrongly", () => {
  const { eventTime: _, ...timeless } = NOTIFICATION;
  const told = notificationEvent(
    FEED,
    "changes",
    message({ ...timeless, object: { key: "in/1.pdf", size: "7", eTag: 1 } }),
  );
  expect(told !== null && typeof told !== "string" && JSON.parse(told.payload)).toEqual({
    ...{ event: "created", action: "PutObject", bucket: "uploads", key: "in/1.pdf", time: "" },
  });
});

it("fires for any object where no prefix, suffix or bucket is named", () => {
  const feed = ObjectStoreFeed.parse({ kind: "objectstore", queue: "changes" });
  expect(notificationEvent(feed, "changes", message({ ...NOTIFICATION, object: { key: "x" } }))).toMatchObject({
    payload: expect.stringContaining('"key":"x"'),
  });
  for (const wrong of [{ bucket: 1 }, { action: null }, { object: { key: 1 } }, { object: [] }]) {
    expect(notificationEvent(feed, "changes", message({ ...NOTIFICATION, ...wrong }))).toContain("m1 is no event");
  }
});

it("can fire for the largest event, and for none that is no JSON", () => {
  const event = (length: number) => ({ key: "k", payload: `"${"x".repeat(length - 2)}"` });
  expect([eventFault(event(MAX_PAYLOAD)), eventFault(event(MAX_PAYLOAD + 1))]).toEqual([
    ...[null, `an event is larger than allowed: ${MAX_PAYLOAD + 1} > ${MAX_PAYLOAD} bytes`],
  ]);
  expect(eventFault({ key: "k", payload: "{" })).toContain("no JSON that can be taken");
});
