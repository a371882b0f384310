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
