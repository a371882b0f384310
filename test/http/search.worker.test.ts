// Figures of a namespace, and lists with filters, as the API answers them.

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { ActivationMeta, Completion } from "../../src/entities/activation.ts";
import { newActivationId } from "../../src/entities/activation-id.ts";
import type { Env } from "../../src/env.ts";
import { about, completion } from "../durable-objects/host.worker.ts";
import { type Client, newClient } from "./platform.worker.ts";

const own = env as unknown as Env;
const MINUTE = 60_000;

let client: Client;
let stranger: Client;
let namespaceId: string;
/** Epoch ms around which all has ended. */
let now: number;

beforeAll(async () => {
  client = await newClient();
  stranger = await newClient();
  const row = await own.DB.prepare("SELECT id FROM namespaces WHERE name = ?").bind(client.namespace).first<{
    id: string;
  }>();
  namespaceId = row?.id ?? "";
  now = Date.now();
  for (let at = 0; at < 20; at++) await ended(at, { duration: 10 + at, initTime: at === 0 ? 5 : undefined });
  await ended(20, { statusCode: 1 }, { name: "other", kind: "python:3.12" });
  await ended(21, { statusCode: 2, timedOut: true, duration: 60_000 }, { name: "other", kind: "python:3.12" });
  await ended(22, { statusCode: 3, ran: false, duration: 0 }, { name: "tool", path: `${client.namespace}/pack/tool` });
});

type Ended = { [K in keyof Completion]?: Completion[K] | undefined };

/** As its host tells it, some ms ago. It goes to a shard by its number. */
async function ended(number: number, options: Ended = {}, meta: Partial<ActivationMeta> = {}): Promise<string> {
  const shard = number % 4;
  const acceptedAt = now - 10_000 + number * 100;
  const id = newActivationId(acceptedAt, shard);
  const { namespace } = client;
  const whole = about({ namespace, namespaceId, acceptedAt, path: `${namespace}/hello`, ...meta });
  const word = { ...completion(), ...options, endedAgo: Date.now() - acceptedAt - 1_000 } as Completion;
  if (word.initTime === undefined) delete word.initTime;
  const finished = { id, attempt: 1, lease: { epoch: 1, counter: 1 }, about: whole, completion: word };
  const store = own.ACTIVATIONS.getByName(`${namespaceId}:0${shard}`);
  await store.complete([finished], { scheduler: "h/0", epoch: 1 });
  return id;
}

describe("figures", () => {
  test("of all shards, by name and by time", async () => {
    for (const step of ["minute", "hour", "day"]) {
      const { status, json } = await client.call("GET", `/stats?step=${step}`);
      expect(status).toBe(200);
      expect(json).toMatchObject({ namespace: client.namespace, step });
      expect(json.total).toMatchObject({
        count: 23,
        outcomes: { success: 20, application_error: 1, developer_error: 0, internal_error: 1, timeout: 1 },
        ...{ started: 22, cold: 1, coldShare: 0.0455 },
      });
      const counts = json.names.map(({ type, name, count }: Record<string, unknown>) => [type, name, count]);
      const all = [
        ["action", "hello", 20],
        ["action", "other", 2],
        ["action", "pack/tool", 1],
      ];
      expect(counts).toEqual(all);
      const inSeries = json.series.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
      expect(inSeries).toBe(23);
      const hello = json.names[0].duration;
      expect(Math.abs(hello.p50 - 19) / 19).toBeLessThan(0.1);
      expect(Math.abs(hello.p99 - 29) / 29).toBeLessThan(0.1);
    }
  });

  test("of one name, and of another time", async () => {
    const { json } = await client.call("GET", "/stats?name=pack/tool");
    expect(json.names).toMatchObject([{ name: "pack/tool", count: 1, coldShare: null, duration: { p50: null } }]);
    const { json: before } = await client.call("GET", `/stats?step=minute&upto=${now - 5 * MINUTE}`);
    expect(before).toMatchObject({ names: [], series: [], total: { count: 0 } });
    expect((await stranger.call("GET", "/stats")).json.total.count).toBe(0);
  });

  test.each([
    ["step=week", 400, "'step' was malformed:\n'week' is not one of minute, hour, day."],
    ["since=yesterday", 400, "'since' was malformed"],
    ["since=20&upto=10", 400, "'since' was malformed:\n'20' is after 'upto', '10'."],
    ["name=a/b/c", 400, "'name' was malformed"],
    ["name=%2e%2a%28", 400, "'name' was malformed"],
  ])("not of %s", async (query, status, text) => {
    const answer = await client.call("GET", `/stats?${query}`);
    expect([answer.status, answer.json.error]).toEqual([status, expect.stringContaining(text)]);
  });

  test("not of another's namespace, and read only", async () => {
    const { call } = client;
    expect((await call("GET", `/../${stranger.namespace}/stats`)).status).toBe(403);
    expect((await call("DELETE", "/stats")).status).toBe(405);
  });
});

describe("a list with conditions", () => {
  const names = (json: { name: string }[]) => json.map((each) => each.name);

  test.each([
    ["status=timeout", ["other"]],
    ["status=error", ["tool", "other", "other"]],
    ["kind=python", ["other", "other"]],
    ["kind=python:3.12&status=application_error", ["other"]],
    ["start=cold", ["hello"]],
    ["start=none&name=pack/tool", ["tool"]],
    ["minDuration=29&maxDuration=60000&kind=nodejs", ["hello"]],
    [`cause=${"c".repeat(32)}`, []],
    ["trigger=nothing", []],
    ["text=.*", []],
    ["text=%22ok%22&name=pack/tool", ["tool"]],
  ])("by %s", async (query, wanted) => {
    const found: { name: string }[] = [];
    // A slow machine may need several requests.
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { status, json, headers } = await client.call("GET", `/activations?${query}&cursor=${cursor}`);
      expect(status).toBe(200);
      expect(headers.get("Access-Control-Expose-Headers")).toContain("X-Next-Cursor");
      found.push(...json);
      cursor = headers.get("X-Next-Cursor");
      expect(headers.has("X-Scanned-To")).toBe(cursor !== null);
    }
    expect(names(found)).toEqual(wanted);
  });

  test("is, item by item, what the list without conditions is", async () => {
    for (const docs of [false, true]) {
      const { json: plain, headers } = await client.call("GET", `/activations?limit=200&docs=${docs}`);
      expect(headers.get("X-Scanned")).toBeNull();
      const pages: unknown[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const page = await client.call("GET", `/activations?limit=5&docs=${docs}&cursor=${cursor}`);
        pages.push(...page.json);
        cursor = page.headers.get("X-Next-Cursor");
        if (cursor !== null) expect(page.headers.get("X-Scanned-To")).toBe(cursor.split("-", 1)[0]);
      }
      expect(pages).toEqual(plain);
      expect(plain).toHaveLength(23);
    }
  });

  test.each([
    ["status=failed", "'status' was malformed:\n'failed' is not one of success, application_error"],
    ["status=0", "'status' was malformed"],
    ["start=hot", "'hot' is not one of cold, prewarmed, warm, none."],
    ["minDuration=long", "'long' is not a number of milliseconds."],
    ["maxDuration=-1", "'-1' is not a number of milliseconds."],
    ["minDuration=5&maxDuration=4", "'5' is more than 'maxDuration', '4'."],
    ["cause=nobody", "'nobody' is not an activation id of 32 hexadecimal digits."],
    ["kind=.*", "'.*' is not a kind such as nodejs:20"],
    ["trigger=a/b", "'a/b' is not the name of a trigger."],
    [`text=${"x".repeat(257)}`, "is not a text of at most 256 characters."],
    ["cursor=next", "'next' is not what a list ended with."],
    ["since=20&upto=10&status=error", "'20' is after 'upto', '10'."],
    ["kind=nodejs&skip=1", "'skip' is not permitted with 'kind': go on with 'cursor' instead."],
    ["text=x&count=true", "'count' is not permitted with 'text'"],
    ["text=x&limit=201", "'limit' was malformed"],
    [
      "skip=200001",
      "'skip' was malformed:\nThe value '200001' is more than 200000: go on with 'cursor', or by 'upto'.",
    ],
    ["text=x&docs=maybe", "'docs' was malformed"],
  ])("refuses %s", async (query, text) => {
    const { status, json } = await client.call("GET", `/activations?${query}`);
    expect([status, json.error]).toEqual([400, expect.stringContaining(text)]);
  });

  test("has parameters that nobody knows left out of account, as OpenWhisk does; an id of a shard that is not there is nobody's", async () => {
    const { call } = client;
    const { json } = await call("GET", "/activations");
    expect((await call("GET", "/activations?fields=all&sort=-start&$where=1")).json).toEqual(json);
    for (const shard of [4, 250]) {
      expect((await call("GET", `/activations/${newActivationId(now, shard)}`)).status).toBe(404);
      expect((await call("GET", `/activations/${newActivationId(now, shard)}/logs`)).status).toBe(404);
    }
  });

  test("is of one's own namespace", async () => {
    const { call } = client;
    expect((await call("GET", `/../${stranger.namespace}/activations?status=error`)).status).toBe(403);
    expect((await stranger.call("GET", "/activations?status=error")).json).toEqual([]);
  });
});
