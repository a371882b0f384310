// Feeds of brokers, and the doors by which hosts run them: what a host is given, and that it fires for nothing but what
// it has a lease of.

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { roster } from "../../support/fake-host.worker.ts";
import { admin, answer, type Client, newClient, send } from "../platform.worker.ts";

const URL = "mqtt://broker.example";
const PASSWORD = "the broker's own password";

const { DB } = env as unknown as { DB: D1Database };
type Loose = ReturnType<typeof JSON.parse>;

/** A host, as far as subscriptions go. */
class Host {
  readonly name: string;
  token = "";
  held: Loose[] = [];

  constructor(name: string) {
    this.name = name;
  }

  async open(): Promise<this> {
    const made = await roster().createHost(this.name, { rotate: true });
    if (made.kind !== "made") throw new Error("no token");
    this.token = made.token;
    return this;
  }

  async post(path: string, body: unknown) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    return answer(await send(`/host/v1/subscriptions${path}`, { method: "POST", headers, body: text }));
  }

  /** Asks which subscriptions are its own; those it has been given are told as they should be. */
  async turn(more: object = {}): Promise<Loose> {
    const counts = { received: 0, fired: 0, idle: 0, duplicates: 0, rejected: 0, dropped: 0 };
    const held = this.held.map(({ id, counter }) => {
      return { id, counter, state: "receiving", lag: null, unacknowledged: 0, counts };
    });
    const { json } = await this.post("", { boot: `boot-${this.name}`, room: 500, held, ...more });
    const kept = this.held.filter(({ id }) => json.held.some((each: Loose) => each.id === id));
    this.held = [...kept, ...json.granted];
    return json;
  }

  async leave(): Promise<void> {
    await this.turn({ leaving: true });
    this.held = [];
  }

  fire({ id, counter }: Loose, ...fires: object[]) {
    const at = Date.now();
    const all = fires.map((each, number) => ({ key: `k${number}`, at, payload: '{"message":1}', ...each }));
    return this.post("/fires", { boot: `boot-${this.name}`, id, counter, fires: all }).then(({ json }) => json);
  }
}

let made = 0;

async function feed(client: Client, lifecycleEvent: string, trigger: string, params: object = {}, kind = "mqtt") {
  const path = `/../whisk.system/actions/${kind}/${kind}?blocking=true&result=true`;
  return (await client.call("POST", path, { ...params, lifecycleEvent, triggerName: `/_/${trigger}` })).json;
}

/** A trigger with an active rule, and a subscription. */
async function subscribed(client: Client, params: object = {}): Promise<string> {
  const trigger = `heard-${made++}`;
  await client.call("PUT", `/triggers/${trigger}`, {});
  await client.call("PUT", "/actions/noop?overwrite=true", {
    exec: { kind: "nodejs:default", code: "function main() {}" },
  });
  await client.call("PUT", `/rules/${trigger}-rule`, { trigger: `/_/${trigger}`, action: "/_/noop" });
  const given = { url: URL, topic: "a/#", username: "whisk", password: PASSWORD, ...params };
  expect(await feed(client, "CREATE", trigger, given)).toMatchObject({ status: "success" });
  return trigger;
}

const countOf = async (client: Client, trigger: string): Promise<number> =>
  (await client.call("GET", `/activations?name=${trigger}&count=true`)).json.activations;

let one: Host;
let two: Host;

beforeAll(async () => {
  one = await new Host("broker-one").open();
  two = await new Host("broker-two").open();
});

describe("a subscription", () => {
  it("comes with its credentials to the one host that has it, and lies sealed elsewhere", async () => {
    const me = await newClient();
    const trigger = await subscribed(me, { qos: 2 });
    const { granted } = await one.turn();
    expect(granted).toMatchObject([
      {
        settings: { kind: "mqtt", url: URL, topics: ["a/#"], qos: 2 },
        credentials: { username: "whisk", password: PASSWORD },
      },
    ]);
    expect((await two.turn()).granted).toEqual([]);
    const shown = await feed(me, "READ", trigger);
    expect(shown).toMatchObject({ config: { topics: ["a/#"] }, status: { active: true, delivery: "exactly once" } });
    const { results: rows } = await DB.prepare("SELECT * FROM subscriptions").all();
    const { results: secrets } = await DB.prepare("SELECT * FROM secrets WHERE purpose = 'broker-credentials'").all();
    expect(secrets.length).toBeGreaterThan(0);
    expect(JSON.stringify([shown, rows, secrets])).not.toContain(PASSWORD);
    await feed(me, "DELETE", trigger);
    expect(await one.turn()).toMatchObject({ held: [], gone: [granted[0].id] });
    const left = await DB.prepare("SELECT count(*) AS n FROM secrets WHERE purpose = 'broker-credentials'").first("n");
    expect(left).toBe(secrets.length - 1);
  });

  it("fires for the host that has the lease alone, once for each key, and each packet by what it came with first", async () => {
    const me = await newClient();
    const trigger = await subscribed(me, { qos: 2 });
    const [lease] = (await one.turn()).granted;
    expect(await two.fire(lease, {})).toMatchObject({ kind: "lost" });
    expect(await one.fire({ ...lease, counter: lease.counter + 1 }, {})).toMatchObject({ kind: "lost" });
    expect(await one.fire({ ...lease, id: crypto.randomUUID() }, {})).toMatchObject({ kind: "lost" });
    const at = Date.now();
    const twice = [
      { key: "a", at },
      { key: "b", at },
    ] as const;
    for (let times = 0; times < 2; times++) {
      const { kind, outcomes } = await one.fire(lease, ...twice);
      expect([kind, outcomes]).toEqual(["done", [{ kind: "fired" }, { kind: "fired" }]]);
    }
    expect(await countOf(me, trigger)).toBe(2);
    const packet = { number: 9, again: false, digest: "d" };
    await one.fire(lease, { key: "c", at, packet });
    await one.fire(lease, { key: "d", at: at + 5, packet: { ...packet, again: true } });
    expect(await countOf(me, trigger)).toBe(3);
    await one.leave();
    const [next] = (await two.turn()).granted;
    expect(await one.fire(lease, { key: "e" })).toMatchObject({ kind: "lost" });
    await two.fire(next, { key: "f", at: at + 9, packet: { ...packet, again: true } });
    expect(await countOf(me, trigger)).toBe(3);
    await two.leave();
    await feed(me, "DELETE", trigger);
  });

  it("takes no message that can never fire, and says why, beside others", async () => {
    const me = await newClient();
    const trigger = await subscribed(me);
    const [lease] = (await one.turn()).granted;
    const { outcomes } = await one.fire(
      lease,
      { payload: "[1]" },
      { payload: '{"a":' },
      { payload: JSON.stringify({ message: "x".repeat(1_048_576) }) },
      { at: Date.now() + 2 * 86_400_000 },
      {},
    );
    expect(outcomes).toMatchObject([
      { kind: "rejected", text: expect.stringContaining("no JSON object") },
      { kind: "rejected", text: expect.stringContaining("no JSON object") },
      { kind: "rejected", text: expect.stringContaining("larger than allowed") },
      { kind: "rejected", text: expect.stringContaining("future") },
      { kind: "fired" },
    ]);
    await one.leave();
    await feed(me, "DELETE", trigger);
  });

  it("ends when its trigger is gone or its owner is blocked, says so, and goes on when it is told to", async () => {
    const me = await newClient();
    const trigger = await subscribed(me);
    const [lease] = (await one.turn()).granted;
    await me.call("DELETE", `/triggers/${trigger}`);
    expect(await one.fire(lease, {})).toMatchObject({ kind: "lost", text: expect.stringContaining(trigger) });
    expect(await one.turn()).toMatchObject({ held: [], granted: [] });
    expect(await feed(me, "READ", trigger)).toMatchObject({ status: { active: false, state: "stopped" } });
    await feed(me, "UNPAUSE", trigger);
    expect(await one.turn()).toMatchObject({ held: [], granted: [] });
    expect(await feed(me, "READ", trigger)).toMatchObject({ status: { reason: expect.stringContaining("is gone") } });
    await me.call("PUT", `/triggers/${trigger}`, {});
    await feed(me, "UNPAUSE", trigger);
    const [again] = (await one.turn()).granted;
    expect(again).toMatchObject({ id: lease.id });
    await admin("POST", `/identities/${me.namespace}/block`);
    expect(await one.fire(again, {})).toMatchObject({ kind: "lost", text: expect.stringContaining("blocked") });
    await admin("POST", `/identities/${me.namespace}/unblock`);
    expect(await one.turn()).toMatchObject({ held: [], granted: [] });
    await feed(me, "DELETE", trigger);
  });

  it("is paused, changed and made anew", async () => {
    const me = await newClient();
    const trigger = await subscribed(me);
    const [lease] = (await one.turn()).granted;
    await feed(me, "PAUSE", trigger);
    expect(await one.fire(lease, {})).toMatchObject({ kind: "lost" });
    expect(await one.turn()).toMatchObject({ held: [], granted: [], gone: [] });
    expect(await feed(me, "READ", trigger)).toMatchObject({ status: { state: "paused", active: false } });
    await feed(me, "UNPAUSE", trigger);
    await feed(me, "UPDATE", trigger, { isJSONData: true });
    const [changed] = (await one.turn()).granted;
    expect(changed).toMatchObject({
      id: lease.id,
      settings: { isJSONData: true },
      credentials: { password: PASSWORD },
    });
    await feed(me, "UPDATE", trigger, { username: "other" });
    const [other] = (await one.turn()).granted;
    expect(other.credentials).toEqual({ username: "other" });
    await feed(me, "CREATE", trigger, { url: URL, topic: "b" });
    const { granted, gone } = await one.turn();
    expect([gone, granted.length]).toEqual([[lease.id], 1]);
    expect(granted[0].credentials).toEqual({});
    await one.leave();
    await feed(me, "DELETE", trigger);
  });
});

it.each([
  ["", { error: expect.stringContaining("malformed") }],
  ["{", { error: expect.stringContaining("no JSON") }],
  [{ boot: "b", room: 501, held: [] }, { error: expect.stringContaining("room") }],
  [{ boot: "b", room: 1, held: [{ id: "x" }] }, { error: expect.stringContaining("held.0") }],
  [{ boot: "b", room: 1, held: [], more: 1 }, { error: expect.any(String) }],
])("a host's question %j is refused", async (body, said) => {
  const { status, json } = await one.post("", body);
  expect([status, json]).toMatchObject([400, said]);
});

it.each(["", "/fires"])("nobody without a host's token asks at %s", async (path) => {
  const stranger = new Host("stranger");
  stranger.token = "ewh.broker-one.0123456789012345678901234567890123456789012";
  expect((await stranger.post(path, {})).status).toBe(401);
});

describe("a feed", () => {
  let me: Client;
  beforeAll(async () => {
    me = await newClient();
    await me.call("PUT", "/triggers/fed", {});
  });

  it.each<[string, object, RegExp]>([
    ["mqtt", {}, /'url'.*mqtt:\/\//],
    ["mqtt", { url: "http://a", topic: "t" }, /'url'.*mqtt, mqtts/],
    ["mqtt", { url: "mqtt://user:pw@a", topic: "t" }, /'url'.*without user/],
    ["mqtt", { url: "mqtt://a/path", topic: "t" }, /'url'/],
    ["mqtt", { url: `mqtt://${"a".repeat(600)}`, topic: "t" }, /'url'/],
    ["mqtt", { url: "mqtt://a" }, /'topics'/],
    ["mqtt", { url: "mqtt://a", topic: "" }, /'topics' \(0\) must not be empty/],
    ["mqtt", { url: "mqtt://a", topic: Array.from({ length: 51 }, () => "t") }, /'topics'/],
    ["mqtt", { url: "mqtt://a", topic: "t", qos: 3 }, /'qos' must be 0, 1 or 2/],
    ["mqtt", { url: "mqtt://a", topic: "t", version: 3 }, /'version' must be 4/],
    ["mqtt", { url: "mqtt://a", topic: "t", sessionExpiry: 2 ** 53 }, /'sessionExpiry'/],
    ["mqtt", { url: "mqtt://a", topic: "t", password: "x" }, /'username' is missing/],
    ["mqtt", { url: "mqtt://a", topic: "t", isJSONData: true, isBinaryValue: true }, /exclude/],
    ["nats", { url: "nats://a" }, /'stream' or 'subject'/],
    ["nats", { url: "nats://a", stream: "a b" }, /'stream' must be/],
    ["nats", { url: "nats://a", subject: "a b" }, /'subject' must not hold blanks/],
    ["nats", { url: "nats://a", stream: "S", deliver: "last" }, /'deliver'/],
    ["nats", { url: "mqtt://a", stream: "S" }, /'url'.*nats, tls/],
  ])("of %s refuses %j", async (kind, params, text) => {
    expect(await feed(me, "CREATE", "fed", params, kind)).toEqual({ error: expect.stringMatching(text) });
    expect(await feed(me, "READ", "fed", {}, kind)).toEqual({ error: expect.stringContaining("no subscription") });
  });

  it("wants a trigger of the caller's, an event it knows, and a change that can be made", async () => {
    const given = { url: URL, topic: "t" };
    expect(await feed(me, "CREATE", "absent", given)).toEqual({ error: expect.stringContaining("create it first") });
    expect(await feed(me, "EXPLODE", "fed")).toEqual({ error: "unsupported lifecycleEvent" });
    const path = "/../whisk.system/actions/mqtt/mqtt?blocking=true&result=true";
    const foreign = { ...given, lifecycleEvent: "CREATE", triggerName: "/other/fed" };
    expect((await me.call("POST", path, foreign)).json).toEqual({ error: expect.stringContaining("whose key") });
    for (const event of ["UPDATE", "PAUSE", "UNPAUSE"])
      expect(await feed(me, event, "fed", { qos: 1 })).toEqual({ error: expect.stringContaining("no subscription") });
    expect(await feed(me, "DELETE", "fed")).toEqual({ status: "success" });
    await feed(me, "CREATE", "fed", given);
    expect(await feed(me, "UPDATE", "fed", { topic: "u" })).toEqual({
      error: expect.stringContaining("'topic' cannot"),
    });
    expect(await feed(me, "UPDATE", "fed")).toEqual({ error: expect.stringContaining("isJSONData") });
    await feed(me, "DELETE", "fed");
  });

  it("goes with its namespace, and its credentials with it", async () => {
    const other = await newClient();
    await subscribed(other);
    const rows = () =>
      DB.prepare("SELECT (SELECT count(*) FROM subscriptions WHERE namespace = ?1) AS n")
        .bind(other.namespace)
        .first("n");
    expect(await rows()).toBe(1);
    expect((await admin("DELETE", `/namespaces/${other.namespace}`, { confirm: other.namespace })).status).toBeLessThan(
      300,
    );
    expect(await rows()).toBe(0);
  });
});
