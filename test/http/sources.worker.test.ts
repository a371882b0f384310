// Feeds of tables, buckets and queues over workerd's own D1, R2 and Queues: who may read them, and that each row,
// object and message fires once.

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { consume, type QueuedMessage } from "../../src/http/sources/consume.ts";
import { R2FeedBucket } from "../../src/storage/r2/feed-bucket.ts";
import { type Answer, ask, stores } from "../support/client.worker.ts";

const { FEED_D1_SHOP, FEED_R2_UPLOADS, TEST_ORDERS, TEST_CHANGES, ADMIN_TOKEN } = env as unknown as {
  FEED_D1_SHOP: D1Database;
  FEED_R2_UPLOADS: R2Bucket;
  TEST_ORDERS: Queue;
  TEST_CHANGES: Queue;
  ADMIN_TOKEN: string;
};

type Kind = "database" | "objectstore" | "queue";

async function admin(method: string, path: string): Promise<Answer> {
  return ask(method, `/admin/v1${path}`, { key: null, headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
}

const grant = (source: string) => admin("PUT", `/sources/${source}/grants/guest`);
const revoke = (source: string) => admin("DELETE", `/sources/${source}/grants/guest`);

async function feed(kind: Kind, event: string, trigger: string, params: object = {}) {
  const path = `/api/v1/namespaces/whisk.system/actions/${kind}/${kind}?blocking=true&result=true`;
  const body = JSON.stringify({ ...params, lifecycleEvent: event, triggerName: `/_/${trigger}` });
  return (await ask("POST", path, { body })).json() as Record<string, never> & {
    error?: string;
    status: Record<string, unknown>;
    config: Record<string, unknown>;
  };
}

/** A trigger with a rule to what needs no host. */
async function trigger(name: string): Promise<void> {
  const at = "/api/v1/namespaces/_";
  expect((await ask("PUT", `${at}/triggers/${name}`, { body: "{}" })).status).toBe(200);
  const rule = { trigger: `/_/${name}`, action: "/whisk.system/utils/echo" };
  expect((await ask("PUT", `${at}/rules/${name}-rule`, { body: JSON.stringify(rule) })).status).toBe(200);
}

/** What it was fired with. */
async function fires(name: string): Promise<Record<string, unknown>[]> {
  const path = `/api/v1/namespaces/_/activations?name=${name}&docs=true&limit=200`;
  const records = (await ask("GET", path)).json() as { name: string; response: { result: Record<string, unknown> } }[];
  return records.filter((each) => each.name === name).map(({ response }) => response.result);
}

const state = async (kind: Kind, name: string) => (await feed(kind, "READ", name)).status;

describe("who may read a source", () => {
  it("is told by the administrator, of what is declared and nothing else", async () => {
    expect((await grant("d1/SHOP")).status).toBe(200);
    for (const wrong of ["d1/NOTHING", "d1/DB", "r2/BLOBS", "d1/RECORDS_0", "d1/shop", "queue/nobody", "kv/SHOP"]) {
      const answer = await grant(wrong);
      expect([wrong, answer.status]).toEqual([wrong, 400]);
    }
    expect((await admin("PUT", "/sources/d1/SHOP/grants/no-such-namespace")).status).toBe(404);
    expect((await admin("GET", "/sources")).json()).toMatchObject({
      sources: expect.arrayContaining([
        { kind: "d1", name: "SHOP", declared: true, namespaces: ["guest"] },
        { kind: "r2", name: "UPLOADS", declared: true, namespaces: [] },
      ]),
    });
    expect((await ask("PUT", "/admin/v1/sources/d1/SHOP/grants/guest")).status).toBe(401);
    await revoke("d1/SHOP");
  });

  it("is asked for first: without the grant, the trigger or the table nothing is made", async () => {
    const about = { database: "SHOP", table: "none", cursor: "id" };
    expect((await feed("database", "CREATE", "nobody", about)).error).toContain("no trigger 'nobody'");
    await trigger("refused");
    expect((await feed("database", "CREATE", "refused", about)).error).toContain(
      "edgewhisk source grant d1 SHOP guest",
    );
    for (const name of ["DB", "RECORDS_0"]) {
      expect((await feed("database", "CREATE", "refused", { ...about, database: name })).error).toContain(
        "may not read",
      );
    }
    await grant("d1/SHOP");
    expect((await feed("database", "CREATE", "refused", about)).error).toBe("The database has no table 'none'.");
    expect((await feed("database", "CREATE", "refused", { ...about, table: "t'; DROP TABLE t" })).error).toContain(
      "no table",
    );
    expect((await feed("database", "READ", "refused")).error).toContain("no such feed");
    expect((await feed("database", "BANG", "refused")).error).toBe("unsupported lifecycleEvent");
  });
});

describe("rows of a table", () => {
  beforeAll(async () => {
    await grant("d1/SHOP");
    await FEED_D1_SHOP.exec("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, what TEXT, price)");
  });

  const insert = (ids: number[]) =>
    FEED_D1_SHOP.batch(
      ids.map((id) => FEED_D1_SHOP.prepare("INSERT INTO orders VALUES (?, ?, 1.50)").bind(id, `no ${id}`)),
    );

  it("fire once each, new ones alone, with all their columns", async () => {
    await insert([1, 2]);
    await trigger("rows");
    const made = await feed("database", "CREATE", "rows", { database: "SHOP", table: "orders", cursor: "id" });
    expect(made).toEqual({ status: "success" });
    await expect
      .poll(() => state("database", "rows"))
      .toMatchObject({ active: true, cursor: 2, lastPoll: expect.any(String) });
    expect(await fires("rows")).toEqual([]);
    await insert([3, 4, 5]);
    // At once, instead of after its interval.
    expect(await feed("database", "UPDATE", "rows", { interval: 10 })).toEqual({ status: "success" });
    await expect.poll(() => state("database", "rows")).toMatchObject({ fired: 3, cursor: 5, waiting: 0 });
    const told = await fires("rows");
    expect(told).toHaveLength(3);
    expect(told).toContainEqual({
      database: "SHOP",
      table: "orders",
      cursor: 4,
      row: { id: 4, what: "no 4", price: 1.5 },
    });
  });

  it("wait while the grant is taken away, which can be read, and go on when it is back", async () => {
    await trigger("granted");
    await feed("database", "CREATE", "granted", { database: "SHOP", table: "orders", cursor: "id", deliver: "all" });
    await expect.poll(() => state("database", "granted")).toMatchObject({ active: true, waiting: 0, cursor: 5 });
    await revoke("d1/SHOP");
    expect(await state("database", "granted")).toMatchObject({
      active: false,
      reason: expect.stringContaining("may not read"),
    });
    expect((await feed("database", "UPDATE", "granted", { interval: 20 })).error).toContain("may not read");
    await grant("d1/SHOP");
    await insert([6]);
    await feed("database", "UPDATE", "granted", { interval: 20 });
    await expect.poll(() => state("database", "granted")).toMatchObject({ active: true, cursor: 6 });
    expect(await fires("granted")).toHaveLength(6);
  });

  it("stop where the trigger is gone, and a feed that is deleted reads nothing more", async () => {
    await trigger("gone");
    await feed("database", "CREATE", "gone", { database: "SHOP", table: "orders", cursor: "id", columns: ["what"] });
    await expect.poll(() => state("database", "gone")).toMatchObject({ lastPoll: expect.any(String) });
    await ask("DELETE", "/api/v1/namespaces/_/rules/gone-rule");
    await ask("DELETE", "/api/v1/namespaces/_/triggers/gone");
    await feed("database", "UNPAUSE", "gone");
    await expect
      .poll(() => state("database", "gone"))
      .toMatchObject({ active: false, reason: "the trigger 'gone' is gone" });
    for (let times = 0; times < 2; times++) {
      expect(await feed("database", "DELETE", "gone")).toEqual({ status: "success" });
    }
    expect((await feed("database", "READ", "gone")).error).toContain("no such feed");
    expect(await stores().sources.readers({ kind: "d1", name: "SHOP" })).toHaveLength(1);
  });
});

describe("objects of a bucket", () => {
  it("fire once for each change, by its list, with prefix and suffix", async () => {
    await grant("r2/UPLOADS");
    await trigger("objects");
    await FEED_R2_UPLOADS.put("in/old.txt", "x");
    const about = { bucket: "UPLOADS", prefix: "in/", suffix: ".txt", interval: 10 };
    expect(await feed("objectstore", "CREATE", "objects", about)).toEqual({ status: "success" });
    await expect.poll(() => state("objectstore", "objects")).toMatchObject({ known: 1, active: true });
    await Promise.all(["in/a.txt", "in/b.png", "out/c.txt"].map((key) => FEED_R2_UPLOADS.put(key, "xyz")));
    await FEED_R2_UPLOADS.delete("in/old.txt");
    await feed("objectstore", "UPDATE", "objects", { interval: 20 });
    await expect.poll(() => state("objectstore", "objects")).toMatchObject({ fired: 2, known: 2, waiting: 0 });
    const told = await fires("objects");
    expect(told).toHaveLength(2);
    expect(told).toContainEqual(
      expect.objectContaining({ event: "created", key: "in/a.txt", size: 3, bucket: "UPLOADS" }),
    );
    expect(told).toContainEqual(expect.objectContaining({ event: "deleted", key: "in/old.txt" }));
  });

  it("are listed a page at a time, behind a key", async () => {
    const asked: R2ListOptions[] = [];
    const bucket = new R2FeedBucket({
      list: async (options = {}) => {
        asked.push(options);
        return FEED_R2_UPLOADS.list({ ...options, limit: 1 });
      },
    } as Pick<R2Bucket, "list">);
    const first = await bucket.list({ prefix: "in/", after: "" });
    expect(first).toMatchObject({ more: true, objects: [{ key: "in/a.txt" }] });
    expect(await bucket.list({ prefix: "in/", after: "in/a.txt" })).toMatchObject({
      more: false,
      objects: [{ key: "in/b.png" }],
    });
    expect(asked).toEqual([
      { limit: 1_000, prefix: "in/" },
      { limit: 1_000, prefix: "in/", startAfter: "in/a.txt" },
    ]);
  });

  it("fire for the notifications that their bucket sends to a queue", async () => {
    await grant("queue/changes");
    await trigger("notified");
    const about = { queue: "changes", prefix: "in/", events: ["deleted"] };
    expect(await feed("objectstore", "CREATE", "notified", about)).toEqual({ status: "success" });
    const told = (action: string, key: string) => ({
      ...{ account: "a", action, bucket: "uploads", object: { key }, eventTime: "2026-11-28T10:00:00.000Z" },
    });
    for (const body of [
      told("DeleteObject", "in/a"),
      told("PutObject", "in/b"),
      told("DeleteObject", "out/c"),
      { no: 1 },
    ]) {
      await TEST_CHANGES.send(body);
    }
    await expect.poll(() => state("objectstore", "notified")).toMatchObject({ fired: 1, rejected: 1, waiting: 0 });
    expect(await fires("notified")).toEqual([
      { event: "deleted", action: "DeleteObject", bucket: "uploads", key: "in/a", time: "2026-11-28T10:00:00.000Z" },
    ]);
  });
});

describe("messages of a queue", () => {
  it("fire once each, texts, objects and bytes", async () => {
    await grant("queue/orders");
    await trigger("messages");
    expect(await feed("queue", "CREATE", "messages", { queue: "orders" })).toEqual({ status: "success" });
    await TEST_ORDERS.send("text", { contentType: "text" });
    await TEST_ORDERS.send(new Uint8Array([0, 255]), { contentType: "bytes" });
    await TEST_ORDERS.send({ n: 1 });
    await expect.poll(() => state("queue", "messages")).toMatchObject({ fired: expect.any(Number), waiting: 0 });
    await expect
      .poll(async () => (await fires("messages")).map(({ body }) => body))
      .toEqual(expect.arrayContaining(["text", "AP8=", { n: 1 }]));
    expect((await fires("messages"))[0]).toEqual({
      ...{ queue: "orders", id: expect.any(String), timestamp: expect.any(String), body: expect.anything() },
    });
  });

  it("are acknowledged each by itself, and only when they are kept", async () => {
    await grant("queue/orders");
    const { sources } = stores();
    const told: string[] = [];
    const message = (id: string, body: unknown = { id }): QueuedMessage => ({
      ...{ id, body, timestamp: new Date(1_000) },
      ack: () => told.push(`ack ${id}`),
      retry: () => told.push(`retry ${id}`),
    });
    const batch = { queue: "orders", messages: [message("1"), message("2"), message("3", { n: 1n })] };
    const with_ = (take: (queue: string, messages: { id: string }[]) => Promise<("taken" | "again")[]>) => ({
      stores: { sources },
      feedsOf: () => ({ take }),
    });
    const consumed = async (take: Parameters<typeof with_>[0]) => {
      told.length = 0;
      await consume(with_(take) as unknown as Parameters<typeof consume>[0], batch);
      return told.toSorted();
    };
    expect(await consumed(async () => ["taken", "again"])).toEqual(["ack 1", "retry 2", "retry 3"]);
    expect(await consumed(async () => Promise.reject(new Error("gone")))).toEqual(["retry 1", "retry 2", "retry 3"]);
    await revoke("queue/orders");
    expect(await consumed(async () => ["taken", "taken"])).toEqual(["retry 1", "retry 2", "retry 3"]);
  });
});
