// Messages of real brokers fire triggers, while hosts, workerd and the brokers themselves are killed -9: how often, is
// what the feed says.

import { afterAll, beforeAll, type ExpectStatic, expect, it } from "vitest";
import {
  type Account,
  type Broker,
  publish,
  publishPlain,
  startMosquitto,
  startNats,
  startStream,
  withBrokers,
} from "../support/brokers.ts";
import { type Authority, startAuthority } from "../support/certificates.ts";
import { ready } from "../support/platform.ts";
import { type Bench, type Loose, onEngines } from "./engines.ts";

const ACCOUNT: Account = { username: "whisk", password: "the broker's own password" };
/** What takes a lease to end, and a host to come back, on a machine that has other things to do. */
const SOON = { interval: 250 };

withBrokers("brokers", ["mosquitto", "mosquitto_pub", "nats-server", "openssl"], () => {
  onEngines("messages", suite, { engines: ["process"], start: { env: { EDGEWHISK_BROKER_NET: "127.0.0.1" } } });
});

function suite(bench: Bench): void {
  let mosquitto: Broker;
  let nats: Broker;
  let guarded: Broker;
  let secure: Broker;
  let authority: Authority;
  let stranger: Authority;
  let names = 0;

  beforeAll(async () => {
    authority = startAuthority();
    stranger = startAuthority();
    [mosquitto, secure, guarded, nats] = await Promise.all([
      startMosquitto(),
      startMosquitto({ tls: authority.issue("DNS:localhost") }),
      startMosquitto({ account: ACCOUNT, durable: true }),
      startNats(),
    ]);
  });
  afterAll(async () => {
    await Promise.all([mosquitto, secure, guarded, nats, authority, stranger].map((each) => each?.close()));
  });

  async function make(path: string, body: object): Promise<void> {
    const { status, text } = await bench.request(`${path}?overwrite=true`, { method: "PUT", body });
    if (status !== 200) throw new Error(`PUT ${path}: ${status} ${text}`);
  }

  async function feed(kind: string, lifecycleEvent: string, trigger: string, params: object = {}): Promise<Loose> {
    const path = `/api/v1/namespaces/whisk.system/actions/${kind}/${kind}?blocking=true&result=true`;
    const body = { ...params, lifecycleEvent, triggerName: `/_/${trigger}` };
    const { json } = await bench.request(path, { method: "POST", body });
    return json;
  }

  const statusOf = async (kind: string, trigger: string): Promise<Loose> =>
    (await feed(kind, "READ", trigger)).status ?? {};

  /** A trigger with a rule, which hears of the broker. */
  async function subscribed(kind: string, params: object): Promise<string> {
    const trigger = `broker-${++names}`;
    await make(`triggers/${trigger}`, {});
    await make(`rules/${trigger}-rule`, { trigger: `/_/${trigger}`, action: "/whisk.system/utils/echo" });
    expect(await feed(kind, "CREATE", trigger, params)).toMatchObject({ status: "success" });
    return trigger;
  }

  /** `poll`: of the test that waits. */
  const receiving = (kind: string, trigger: string, { poll }: Pick<ExpectStatic, "poll">) =>
    poll(async () => (await statusOf(kind, trigger)).state, SOON).toBe("receiving");

  const counted = async (trigger: string): Promise<number> =>
    (await bench.request(`activations?name=${trigger}&count=true`)).json?.activations ?? 0;

  /** What the records of the trigger say that came, in any order. */
  async function heard(trigger: string): Promise<string[]> {
    const found: string[] = [];
    for (;;) {
      const path = `activations?name=${trigger}&docs=true&limit=200&skip=${found.length}`;
      const { json } = await bench.request(path);
      found.push(...json.map((each: Loose) => each.response.result.message));
      if (json.length < 200) return found.sort();
    }
  }

  const numbered = (first: number, count: number) => Array.from({ length: count }, (_, at) => `n${1e6 + first + at}`);

  it("are as many activations as is promised, across kill -9 of workerd and of the host", async () => {
    const url = `mqtt://127.0.0.1:${mosquitto.port}`;
    const server = `nats://127.0.0.1:${nats.port}`;
    const stream = await startStream(nats.port, { name: "ORDERS", subject: "orders.>" });
    const kinds: { kind: string; trigger: string; delivery: string; send: (messages: string[]) => Promise<void> }[] = [
      {
        ...{ kind: "mqtt", delivery: "exactly once" },
        trigger: await subscribed("mqtt", { url, topic: "exactly/#", qos: 2 }),
        send: (messages) => publish(mosquitto.port, messages, { topic: "exactly/once", qos: 2 }),
      },
      {
        ...{ kind: "mqtt", delivery: "at least once" },
        trigger: await subscribed("mqtt", { url, topic: "atleast", qos: 1, version: 4 }),
        send: (messages) => publish(mosquitto.port, messages, { topic: "atleast", qos: 1, version: 4 }),
      },
      {
        ...{ kind: "nats", delivery: "exactly once" },
        trigger: await subscribed("nats", { url: server, stream: "ORDERS", subject: "orders.*" }),
        send: (messages) => stream.publish("orders.made", messages),
      },
    ];
    await Promise.all(kinds.map(({ kind, trigger }) => receiving(kind, trigger, expect)));
    const sent: string[] = [];
    const all = <T>(each: (one: (typeof kinds)[number]) => Promise<T>) => Promise.all(kinds.map(each));
    const least = async () => Math.min(...(await all(({ trigger }) => counted(trigger).catch(() => 0))));
    // Amid them: what is on its way is anywhere.
    for (const kill of ["workerd", "host"] as const) {
      const before = sent.length;
      const messages = numbered(before, 100);
      sent.push(...messages);
      const under = all(({ send }) => send(messages));
      await expect.poll(least, SOON).toBeGreaterThan(before);
      for (const pid of bench.platform().pids()[kill]) process.kill(pid, "SIGKILL");
      await under;
      await expect.poll(() => ready(bench.platform().url), SOON).toBe(true);
      await expect.poll(least, SOON).toBeGreaterThanOrEqual(sent.length);
    }
    await stream.close();
    await all(async ({ kind, trigger, delivery }) => {
      const settled = { delivery, unacknowledged: 0, lag: kind === "nats" ? 0 : null };
      await expect.poll(() => statusOf(kind, trigger), SOON).toMatchObject(settled);
      const found = await heard(trigger);
      if (delivery === "exactly once") expect(found).toEqual(sent);
      else expect([...new Set(found)]).toEqual(sent);
    });
  });

  // What these two wait for is mostly their hosts' next question: they wait side by side.
  it.concurrent("of plain NATS and of QoS 0 fire what comes while somebody listens, and no broker is heard that cannot prove who it is", async ({
    expect,
  }) => {
    const url = `mqtt://127.0.0.1:${mosquitto.port}`;
    const server = `nats://127.0.0.1:${nats.port}`;
    const zero = await subscribed("mqtt", { url, topic: "zero", qos: 0, isJSONData: true });
    const plain = await subscribed("nats", { url: server, subject: "plain.*", isBinaryValue: true });
    const foreign = await subscribed("mqtt", {
      url: `mqtts://localhost:${secure.port}`,
      topic: "zero",
      ca: stranger.ca,
    });
    const elsewhere = await subscribed("mqtt", { url: `mqtt://127.0.0.2:${mosquitto.port}`, topic: "zero" });
    await receiving("mqtt", zero, expect);
    await receiving("nats", plain, expect);
    await publish(mosquitto.port, ["12345678901234567890"], { topic: "zero", qos: 0 });
    await publishPlain(nats.port, "plain.one", "a word");
    await expect.poll(() => heard(plain), SOON).toEqual([Buffer.from("a word").toString("base64")]);
    expect(await statusOf("nats", plain)).toMatchObject({ delivery: "at most once" });
    const refused = { state: "waiting", reason: expect.stringContaining("may not dial") };
    await expect.poll(() => statusOf("mqtt", elsewhere), SOON).toMatchObject(refused);
    expect((await statusOf("mqtt", elsewhere)).lastError.text).toContain("EDGEWHISK_BROKER_NET");
    await expect
      .poll(() => statusOf("mqtt", foreign), SOON)
      .toMatchObject({ state: "retrying", reason: expect.stringContaining("nobody whom 'ca' names") });
    expect(await feed("mqtt", "UPDATE", foreign, { ca: authority.ca })).toEqual({ status: "success" });
    await receiving("mqtt", foreign, expect);
    await expect.poll(() => counted(zero), SOON).toBe(1);
    const { text } = await bench.request(`activations?name=${zero}&docs=true`);
    expect(text).toContain('"message":12345678901234567890');
  });

  it.concurrent("wait at their broker while it, its credentials or the trigger keep them from firing, and each reason can be read", async ({
    expect,
  }) => {
    const url = `mqtt://127.0.0.1:${guarded.port}`;
    const { username } = ACCOUNT;
    const trigger = await subscribed("mqtt", { url, topic: "kept", qos: 1, username, password: "a wrong password" });
    const status = () => statusOf("mqtt", trigger);
    await expect
      .poll(status, SOON)
      .toMatchObject({ state: "retrying", reason: expect.stringMatching(/password|authorized/) });
    expect(await feed("mqtt", "UPDATE", trigger, ACCOUNT)).toEqual({ status: "success" });
    await receiving("mqtt", trigger, expect);
    const options = { topic: "kept", qos: 1, account: ACCOUNT } as const;
    await publish(guarded.port, ["one"], options);
    // At least once: a broker that forgets who has had a message sends it again.
    const different = async () => [...new Set(await heard(trigger))];
    await expect.poll(different, SOON).toEqual(["one"]);

    // The trigger goes without its feed being told.
    expect((await bench.request(`triggers/${trigger}`, { method: "DELETE" })).status).toBe(200);
    await publish(guarded.port, ["two"], options);
    await expect
      .poll(status, SOON)
      .toMatchObject({ state: "stopped", active: false, reason: expect.stringContaining(trigger) });
    await make(`triggers/${trigger}`, {});
    await bench.request(`rules/${trigger}-rule`, { method: "POST", body: { status: "active" } });
    expect(await feed("mqtt", "UNPAUSE", trigger)).toEqual({ status: "success" });
    await expect.poll(different, SOON).toEqual(["one", "two"]);

    // The broker dies, and comes back with what it has.
    await guarded.kill();
    await expect.poll(status, SOON).toMatchObject({ state: "retrying", lastError: { text: expect.any(String) } });
    await guarded.up();
    await publish(guarded.port, ["three"], options);
    await expect.poll(different, SOON).toEqual(["one", "three", "two"]);

    const shown = JSON.stringify(await feed("mqtt", "READ", trigger)) + bench.platform().output();
    for (const secret of [ACCOUNT.password, "a wrong password"]) expect(shown).not.toContain(secret);
    expect(await feed("mqtt", "DELETE", trigger)).toEqual({ status: "success" });
    expect(await feed("mqtt", "READ", trigger)).toMatchObject({ error: expect.stringContaining("no subscription") });
  });
}
