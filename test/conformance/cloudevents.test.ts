// CloudEvents 1.0: an address for a trigger, and the events that the specification's own SDK, or somebody's hand, posts
// there. Beyond OpenWhisk, through its feeds, so that other platforms are not asked.

import { createHmac } from "node:crypto";
import { CloudEvent, emitterFor, HTTP, type Message, Mode } from "cloudevents";
import { expect } from "vitest";
import {
  apiUrl,
  ask,
  code,
  ECHO,
  fresh,
  key,
  type Loose,
  line,
  make,
  namespace,
  pair,
  recordOf,
  tenant,
  useApi,
} from "./suite.ts";

await useApi();

const FEED = "/whisk.system/cloudevents/cloudevents";
const STRUCTURED = "application/cloudevents+json";
const BATCH = "application/cloudevents-batch+json";
/** The feed is called as these lines say; the rest is beyond them. */
const LINES = "6.01 6.02";

/** A case for this platform alone. */
function cloudEvents(title: string, run: () => Promise<void>): void {
  line(LINES, title, run, { needs: "admin" });
}

function feed(lifecycleEvent: string, trigger: string, params: object = {}, secret = key(1)): Promise<Loose> {
  const body = { ...params, lifecycleEvent, triggerName: `/_/${trigger}` };
  const path = "/api/v1/namespaces/whisk.system/actions/cloudevents/cloudevents?blocking=true&result=false";
  return ask("POST", path, { body, key: secret }).then(({ json }) => json.response.result);
}

/** A trigger with an address and a rule, whose action is there or has gone. */
async function addressOf(params: object = {}, { acts = true }: { acts?: boolean } = {}): Promise<Loose> {
  const trigger = fresh("events");
  await make(`triggers/${trigger}`, { annotations: [pair("feed", FEED)], parameters: [pair("own", 1)] });
  await make(`actions/${trigger}-echo`, code(ECHO));
  await make(`rules/${trigger}-rule`, { trigger: `/_/${trigger}`, action: `/_/${trigger}-echo` });
  if (!acts) await ask("DELETE", `actions/${trigger}-echo`);
  const made = await feed("CREATE", trigger, { signature: "none", maxPerMinute: 1_000, ...params });
  expect([made.status, made.url]).toEqual(["success", expect.stringMatching(/\/api\/v1\/webhooks\/[\w-]{22}$/)]);
  return { ...made, trigger };
}

async function post(url: string, body: string | Uint8Array, headers: Record<string, string>) {
  const answer = await fetch(apiUrl() + new URL(url).pathname, { method: "POST", headers, body: body as string });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: text.startsWith("{") ? JSON.parse(text) : null };
}

const sent = (url: string, { headers, body }: Message) => post(url, body as string, headers as Record<string, string>);
const structured = (url: string, event: object) => post(url, JSON.stringify(event), { "content-type": STRUCTURED });
const batch = (url: string, events: readonly object[]) => post(url, JSON.stringify(events), { "content-type": BATCH });
const EVENT = { specversion: "1.0", id: "1", source: "/here", type: "t" };

/** What the action of the fire's rule was called with. */
async function ran(activationId: string): Promise<Loose> {
  const { logs } = await recordOf(activationId);
  return (await recordOf(JSON.parse(logs[0]).activationId)).response.result;
}

cloudEvents("an event of the SDK fires the trigger, binary or structured, and is what the action gets", async () => {
  const { url } = await addressOf();
  const event = new CloudEvent({
    ...{ type: "com.example.order", source: "https://shop.example/orders", subject: "order 7" },
    ...{ time: new Date().toISOString(), datacontenttype: "application/json", traceid: "x1" },
    data: { n: 1, list: [1, "ä"] },
  });
  for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
    const copy = event.cloneWith({ id: `${event.id}-${mode}` });
    const emit = emitterFor((message) => sent(url, message), { binding: HTTP, mode });
    const answer = (await emit(copy)) as Awaited<ReturnType<typeof post>>;
    expect([answer.status, answer.json]).toEqual([202, { activationId: expect.any(String) }]);
    const { own, __ow_headers: headers, ...got } = await ran(answer.json.activationId);
    expect([own, headers]).toEqual([1, {}]);
    // The SDK writes the type of its data with a character set.
    expect(got).toEqual({ ...copy.toJSON(), datacontenttype: expect.stringMatching(/^application\/json/) });
    expect(new CloudEvent(got).validate()).toBe(true);
    expect((await recordOf(answer.json.activationId)).response.result).toEqual(got);
  }
});

cloudEvents("data that is no JSON is a text or base64, and what is JSON keeps its bytes", async () => {
  const { url } = await addressOf();
  const ce = (id: string) => ({ "ce-specversion": "1.0", "ce-id": id, "ce-source": "/s", "ce-type": "t" });
  const bytes = new Uint8Array([0, 1, 254, 255]);
  const octets = { "content-type": "application/octet-stream" };
  const binary = await post(url, bytes, { ...ce("b"), ...octets });
  expect(await ran(binary.json.activationId)).toMatchObject({ data_base64: "AAH+/w==" });
  const base64 = await structured(url, { ...EVENT, id: "s", data_base64: "AAH+/w==" });
  expect(await ran(base64.json.activationId)).toMatchObject({ data_base64: "AAH+/w==" });
  const bySdk = await sent(
    url,
    HTTP.binary(new CloudEvent({ type: "t", source: "/s", data: bytes, datacontenttype: "application/octet-stream" })),
  );
  expect(bySdk.status).toBe(202);
  const text = await post(url, "grüß", { ...ce("t"), "content-type": "text/plain; charset=utf-8" });
  expect(await ran(text.json.activationId)).toMatchObject({ data: "grüß" });
  const subject = encodeURIComponent('Euro € "😀" 100%');
  const encoded = await post(url, "", { ...ce("e"), "ce-subject": subject });
  expect(await ran(encoded.json.activationId)).toMatchObject({ subject: 'Euro € "😀" 100%' });
  const exact = await post(url, '{"n":18446744073709551616,"f":1.0}', {
    ...ce("n"),
    "content-type": "application/json",
  });
  const path = `/api/v1/namespaces/_/activations/${exact.json.activationId}`;
  await recordOf(exact.json.activationId);
  expect((await ask("GET", path)).text).toContain('"data":{"n":18446744073709551616,"f":1.0}');
});

cloudEvents("an event fires once, however often and in whatever mode it comes, also at the same time", async () => {
  const { url, trigger } = await addressOf();
  const event = new CloudEvent({ type: "t", source: "/once", id: "a" });
  const modes = [HTTP.binary, HTTP.structured, HTTP.binary, HTTP.structured];
  const answers = await Promise.all(modes.map((mode) => sent(url, mode(event))));
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
  const ids = new Set(answers.map(({ json }) => json.activationId));
  expect(ids.size).toBe(1);
  const inBatch = await batch(url, [{ ...EVENT, source: "/once", id: "a" }, EVENT, EVENT]);
  expect(inBatch.json.activationIds[0]).toBe([...ids][0]);
  expect(inBatch.json.activationIds[1]).toBe(inBatch.json.activationIds[2]);
  expect(inBatch.json.repeated).toBe(2);
  const other = await structured(url, { ...EVENT, source: "/elsewhere" });
  expect(other.json.activationId).not.toBe(inBatch.json.activationIds[1]);
  await recordOf(other.json.activationId);
  const counted = () => ask("GET", `activations?name=${trigger}&limit=0&count=true`);
  await expect.poll(async () => (await counted()).json.activations).toBe(3);
  expect((await feed("READ", trigger)).status.events).toEqual({ known: 3, forgotten: 0, repeated: 4 });
});

cloudEvents("a batch is all or nothing, of 1,000 events and 1 MB at most", async () => {
  const { url, trigger } = await addressOf({}, { acts: false });
  const many = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, n) => ({ ...EVENT, id: `${prefix}${n}`, data: { n } }));
  const bad = await batch(url, [...many(20, "bad"), { ...EVENT, source: "" }]);
  expect([bad.status, bad.json.error]).toEqual([400, expect.stringMatching(/^Event 20 of the batch: .*source/)]);
  expect((await batch(url, many(1_001, "x"))).status).toBe(413);
  const large = many(2, "large").map((event) => ({ ...event, data: "x".repeat(530_000) }));
  expect((await batch(url, large)).status).toBe(413);
  expect((await feed("READ", trigger)).status.events.known).toBe(0);
  const began = performance.now();
  const whole = await batch(url, many(1_000, "whole"));
  console.log(`a batch of 1,000 events was answered in ${Math.round(performance.now() - began)} ms`);
  expect([whole.status, new Set(whole.json.activationIds).size, whole.json.repeated]).toEqual([202, 1_000, 0]);
  const again = await batch(url, many(1_000, "whole"));
  expect(again.json).toEqual({ activationIds: whole.json.activationIds, repeated: 1_000 });
  expect((await feed("READ", trigger)).status.events).toMatchObject({ known: 1_000, repeated: 1_000 });
  const last = await recordOf(whole.json.activationIds.at(-1));
  expect(last.response.result).toMatchObject({ id: "whole999", data: { n: 999 } });
  expect((await batch(url, [])).status).toBe(204);
});

cloudEvents("what is no CloudEvent is refused with what is wrong, and fires nothing", async () => {
  const { url, trigger } = await addressOf();
  const ce = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };
  const json = { "content-type": "application/json" };
  const cases: [number, string, string | Uint8Array, Record<string, string>][] = [
    [400, "ce-specversion", "{}", json],
    [400, "id is missing", "{}", { ...json, "ce-specversion": "1.0" }],
    [400, '"0.3"', "{}", { ...json, ...ce, "ce-specversion": "0.3" }],
    [400, "percent-encoded", "{}", { ...json, ...ce, "ce-subject": "%C0%A0" }],
    [400, "my-name has a name", "{}", { ...json, ...ce, "ce-my-name": "x" }],
    [400, "ce-datacontenttype", "{}", { ...json, ...ce, "ce-datacontenttype": "a/b" }],
    [400, "malformed", "{", { ...json, ...ce }],
    [400, "not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), { ...json, ...ce }],
    [400, "malformed", "{", { "content-type": STRUCTURED }],
    [400, "object", "[]", { "content-type": STRUCTURED }],
    [400, "array", "{}", { "content-type": BATCH }],
    [400, "whole number", JSON.stringify({ ...EVENT, ext: 0.5 }), { "content-type": STRUCTURED }],
    [400, "not base64", JSON.stringify({ ...EVENT, data_base64: "!" }), { "content-type": STRUCTURED }],
    [415, "Content-Type", JSON.stringify(EVENT), { "content-type": `${STRUCTURED}; charset=utf-16` }],
    [415, "Content-Type", JSON.stringify(EVENT), { "content-type": "application/cloudevents+protobuf" }],
    [413, "larger", new Uint8Array(10 * 1024 * 1024).fill(0x20), { ...json, ...ce }],
  ];
  for (const [status, words, body, headers] of cases) {
    const answer = await post(url, body, headers);
    expect([headers, answer.status, answer.json?.error]).toEqual([headers, status, expect.stringContaining(words)]);
  }
  expect((await feed("READ", trigger)).status.events).toEqual({ known: 0, forgotten: 0, repeated: 0 });
});

cloudEvents("a filter takes what is wanted by attributes and data, of a batch some", async () => {
  const { url } = await addressOf({ filter: { json: { type: ["a", "b"], "data.n": 1 } } });
  const event = (id: string, type: string, n: number) => ({ ...EVENT, id, type, data: { n } });
  expect((await structured(url, event("1", "a", 2))).status).toBe(204);
  const some = await batch(url, [event("2", "a", 1), event("3", "c", 1), event("4", "b", 1)]);
  const id = expect.any(String);
  expect([some.status, some.json]).toEqual([202, { activationIds: [id, null, id], repeated: 0 }]);
});

cloudEvents("a signature over the bytes is asked for where the feed says so", async () => {
  const { url, secret, trigger } = await addressOf({ signature: "hmac" });
  const body = JSON.stringify(EVENT);
  const signed = (by: string) => ({
    "content-type": STRUCTURED,
    "x-signature": createHmac("sha256", by).update(body).digest("hex"),
  });
  expect((await structured(url, EVENT)).status).toBe(401);
  expect((await post(url, body, signed("another"))).status).toBe(401);
  expect((await post(url, body, signed(secret))).status).toBe(202);
  expect(JSON.stringify(await feed("READ", trigger))).not.toContain(secret);
});

cloudEvents("the address is rotated and read, and what is gone is known no more; senders ask first", async () => {
  const { url, trigger } = await addressOf();
  expect((await structured(url, EVENT)).status).toBe(202);
  const shown = await feed("READ", trigger);
  expect(shown.config).toEqual({
    ...{ name: trigger, namespace: namespace(1), signature: "none", maxPerMinute: 1_000, maxBytes: 1_048_576 },
  });
  const rotated = await feed("UPDATE", trigger, { rotate: true, overlap: 0 });
  const [old, next] = [await structured(url, EVENT), await structured(rotated.url, EVENT)];
  expect([old.status, next.status]).toEqual([404, 202]);
  const consent = await fetch(apiUrl() + new URL(rotated.url).pathname, {
    method: "OPTIONS",
    headers: { "WebHook-Request-Origin": "events.example" },
  });
  expect([consent.status, consent.headers.get("webhook-allowed-rate")]).toEqual([200, "1000"]);
  const webhook = { lifecycleEvent: "READ", triggerName: `/_/${trigger}` };
  const path = "/api/v1/namespaces/whisk.system/actions/webhook/webhook?blocking=true";
  const asWebhook = await ask("POST", path, { body: webhook });
  expect(asWebhook.json.response.result.error).toContain("has no webhook");
  expect(await feed("DELETE", trigger)).toEqual({ status: "success" });
  expect((await structured(rotated.url, EVENT)).status).toBe(404);
  const anew = await feed("CREATE", trigger, { signature: "none" });
  expect((await feed("READ", trigger)).status.events.known).toBe(0);
  expect((await structured(anew.url, EVENT)).status).toBe(202);
  for (const params of [{}, { signature: "github" }, { signature: "none", idHeader: "x" }]) {
    expect(await feed("CREATE", trigger, params)).toEqual({ error: expect.any(String) });
  }
});

cloudEvents("a namespace's limit of fires counts each event, and refuses a batch beyond it as a whole", async () => {
  const owner = await tenant({ firesPerMinute: 3 });
  const trigger = fresh("limited");
  const put = (path: string, body: object) => ask("PUT", path, { body, key: owner.key });
  await put(`triggers/${trigger}`, {});
  await put(`actions/${trigger}`, code(ECHO));
  await put(`rules/${trigger}`, { trigger: `/_/${trigger}`, action: `/_/${trigger}` });
  const { url } = await feed("CREATE", trigger, { signature: "none" }, owner.key);
  const events = [1, 2, 3, 4].map((n) => ({ ...EVENT, id: `e${n}` }));
  const refused = await batch(url, events);
  expect([refused.status, Number(refused.headers.get("retry-after"))]).toEqual([429, expect.any(Number)]);
  expect((await feed("READ", trigger, {}, owner.key)).status.events.known).toBe(0);
});
