// Webhooks: an address for a trigger, and what others post there. Beyond OpenWhisk, through its feeds, so that other
// platforms are not asked.

import { createHmac } from "node:crypto";
import { expect } from "vitest";
import { withinOneMinute } from "../support/minutes.ts";
import {
  admin,
  annotation,
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
  tenant,
  useApi,
} from "./suite.ts";

await useApi();

const FEED = "/whisk.system/webhook/webhook";
const SECRET = "a secret of its own";
const JSON_TYPE = { "content-type": "application/json" };

/** The feed is called as these lines say; the rest is beyond them. */
const LINES = "6.01 6.02";

/** A case for this platform alone. */
function webhook(title: string, run: () => Promise<void>): void {
  line(LINES, title, run, { needs: "admin" });
}

interface Hook {
  trigger: string;
  url: string;
  secret?: string;
}

/** As the command line asks a feed. */
function feed(event: string, trigger: string, params: object = {}, which: 1 | 2 = 1): Promise<Loose> {
  const body = { ...params, lifecycleEvent: event, triggerName: `/_/${trigger}`, authKey: key(which) };
  const path = "/api/v1/namespaces/whisk.system/actions/webhook/webhook?blocking=true&result=false";
  return ask("POST", path, { body, key: key(which) }).then(({ json }) => json.response.result);
}

/** A trigger with a rule and an address. */
async function hookOf(params: object): Promise<Hook> {
  const trigger = fresh("hook");
  await make(`triggers/${trigger}`, { annotations: [pair("feed", FEED)], parameters: [pair("own", 1)] });
  await make(`actions/${trigger}-echo`, code(ECHO));
  await make(`rules/${trigger}-rule`, { trigger: `/_/${trigger}`, action: `/_/${trigger}-echo` });
  const { url, secret, status } = await feed("CREATE", trigger, params);
  expect([status, url]).toEqual(["success", expect.stringMatching(/\/api\/v1\/webhooks\/[\w-]{22}$/)]);
  return { trigger, url, ...(secret === undefined ? {} : { secret }) };
}

interface Post {
  method?: string;
  headers?: Record<string, string>;
}

async function post(
  url: string,
  body: string | Uint8Array | null,
  { method = "POST", headers = JSON_TYPE }: Post = {},
) {
  const place = apiUrl() + new URL(url).pathname;
  const answer = await fetch(place, { method, headers, body: body as string | null });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: text.startsWith("{") ? JSON.parse(text) : null };
}

const mac = (body: string, secret = SECRET) => createHmac("sha256", secret).update(body).digest("hex");
const github = (body: string, more: object = {}, secret = SECRET) => ({
  headers: { ...JSON_TYPE, "X-Hub-Signature-256": `sha256=${mac(body, secret)}`, "X-GitHub-Event": "push", ...more },
});

/** The result of the action that a fire's rule called. */
async function ran(activationId: string): Promise<Loose> {
  for (let tries = 0; tries < 300; tries++) {
    const { status, json } = await ask("GET", `activations/${activationId}`);
    const logs = status === 200 ? json.logs : [];
    if (logs.length > 0) {
      const { activationId: started } = JSON.parse(logs[0]);
      const record = await ask("GET", `activations/${started}`);
      if (record.status === 200) return record.json.response.result;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`nothing came of ${activationId}`);
}

webhook("a signed delivery fires the trigger with its bytes, its headers and no key", async () => {
  const { url, secret, trigger } = await hookOf({ signature: "github" });
  const body = '{"ref":"main","n":18446744073709551616,"f":1.0}';
  const answer = await post(url, body, github(body, { authorization: "Basic eDp5", cookie: "c" }, secret));
  expect([answer.status, answer.json]).toEqual([202, { activationId: expect.any(String) }]);
  const result = await ran(answer.json.activationId);
  expect(result).toMatchObject({ own: 1, ref: "main", f: 1 });
  expect(result.__ow_headers["x-github-event"]).toBe("push");
  expect(result.__ow_headers).not.toHaveProperty("authorization");
  expect(result.__ow_headers).not.toHaveProperty("cookie");
  const shown = await feed("READ", trigger);
  expect(shown.config).toMatchObject({ name: trigger, namespace: namespace(1), signature: "github", maxPerMinute: 60 });
  expect(shown.status).toMatchObject({ active: true, addresses: [{ until: null }] });
  const told = JSON.stringify(shown);
  expect(told).not.toContain(secret);
  expect(told).not.toContain(new URL(url).pathname.split("/").at(-1));
  expect(annotation((await ask("GET", `triggers/${trigger}`)).json, "feed")).toBe(FEED);
});

webhook("forged, unsigned and altered deliveries fire nothing, and say why", async () => {
  const { url } = await hookOf({ signature: "github", secret: SECRET });
  const body = '{"a":1}';
  const signed = github(body).headers;
  const forged: [string, Record<string, string>][] = [
    [body, JSON_TYPE],
    [`${body} `, signed],
    [body, github(body, {}, "another secret").headers],
    [body, { ...signed, "X-Hub-Signature-256": "sha256=" }],
    [body, { ...signed, "X-Hub-Signature-256": mac(body) }],
    ["{", { ...signed, "content-type": "nonsense" }],
  ];
  for (const [text, headers] of forged) {
    const answer = await post(url, text, { headers });
    expect([text, answer.status, answer.json?.error]).toEqual([text, 401, expect.stringMatching(/^The signature/)]);
  }
  const broken = await post(url, "{", github("{"));
  expect([broken.status, broken.json.error]).toEqual([400, expect.stringContaining("malformed")]);
});

webhook("what is too large, to nowhere, or by another verb is refused; the address is in no answer", async () => {
  const { url } = await hookOf({ signature: "none", maxBytes: 2_048 });
  for (const size of [2_049, 10 * 1024 * 1024]) {
    const answer = await post(url, new Uint8Array(size).fill(0x20));
    expect([size, answer.status]).toEqual([size, 413]);
    expect(answer.text).not.toContain(new URL(url).pathname);
  }
  const chunked = new Blob([new Uint8Array(1_000_000)]).stream();
  const streamed = { method: "POST", headers: JSON_TYPE, body: chunked, duplex: "half" };
  expect((await fetch(apiUrl() + new URL(url).pathname, streamed as RequestInit)).status).toBe(413);
  const place = url.slice(0, -22);
  for (const token of ["x".repeat(22), "short", `${url.slice(-22)}x`, "%00"]) {
    expect([token, (await post(place + token, "{}")).status]).toEqual([token, 404]);
  }
  for (const method of ["GET", "PUT", "DELETE"]) {
    const answer = await post(url, null, { method });
    expect([method, answer.status, answer.headers.get("allow")]).toEqual([method, 405, "POST, OPTIONS"]);
  }
});

webhook("a delivery that comes again within five minutes fires nothing and hears the first one's id", async () => {
  const { url } = await hookOf({ signature: "github", secret: SECRET });
  const send = (body: string, id: string) => post(url, body, github(body, { "X-GitHub-Delivery": id }));
  const [one, other] = await Promise.all([send('{"a":1}', "d-1"), send('{"a":1}', "d-1")]);
  expect([one?.status, other?.status]).toEqual([202, 202]);
  expect(other?.json.activationId).toBe(one?.json.activationId);
  expect((await send('{"a":2}', "d-1")).json.activationId).toBe(one?.json.activationId);
  expect((await send('{"a":1}', "d-2")).json.activationId).not.toBe(one?.json.activationId);
});

webhook("GitHub's ping, Slack's challenge and the question of CloudEvents are answered and fire nothing", async () => {
  const { url } = await hookOf({ signature: "github", secret: SECRET });
  const ping = await post(url, '{"zen":"x"}', github('{"zen":"x"}', { "X-GitHub-Event": "ping" }));
  expect([ping.status, ping.json]).toEqual([200, { pong: true }]);
  const asked = await post(url, null, { method: "OPTIONS", headers: { "WebHook-Request-Origin": "events.example" } });
  expect([
    asked.status,
    asked.headers.get("webhook-allowed-origin"),
    asked.headers.get("webhook-allowed-rate"),
  ]).toEqual([200, "events.example", "60"]);
  const slack = await hookOf({ signature: "slack", secret: SECRET });
  const at = String(Math.floor(Date.now() / 1_000));
  const sign = (body: string) => ({
    headers: {
      ...JSON_TYPE,
      "X-Slack-Request-Timestamp": at,
      "X-Slack-Signature": `v0=${mac(`v0:${at}:${body}`)}`,
    },
  });
  const challenge = '{"type":"url_verification","challenge":"3eZbrw1a"}';
  expect((await post(slack.url, challenge)).status).toBe(401);
  expect((await post(slack.url, challenge, sign(challenge))).json).toEqual({ challenge: "3eZbrw1a" });
  const event = '{"type":"event_callback","event_id":"Ev1"}';
  const taken = await post(slack.url, event, sign(event));
  expect([taken.status, taken.text]).toEqual([200, ""]);
});

webhook("an address is rotated with an overlap, a secret too; made anew the old ones end at once", async () => {
  const { url, trigger } = await hookOf({ signature: "github", secret: SECRET });
  const body = "{}";
  const taken = async (place: string, secret?: string) => (await post(place, body, github(body, {}, secret))).status;
  const rotated = await feed("UPDATE", trigger, { rotate: true, secret: "the next secret" });
  expect(rotated).toMatchObject({ status: "success", formerUntil: expect.any(String) });
  for (const place of [url, rotated.url]) {
    expect([await taken(place), await taken(place, "the next secret")]).toEqual([202, 202]);
  }
  expect((await feed("READ", trigger)).status.addresses).toHaveLength(2);
  const last = await feed("UPDATE", trigger, { rotate: true, overlap: 0 });
  expect(await Promise.all([taken(url), taken(rotated.url), taken(last.url)])).toEqual([404, 404, 202]);
  const anew = await feed("CREATE", trigger, { signature: "none" });
  expect(await Promise.all([taken(last.url), taken(anew.url)])).toEqual([404, 202]);
});

webhook("a filter by header and by JSON takes what is wanted, and answers 204 to the rest", async () => {
  const filter = { header: { "X-GitHub-Event": ["issues", "push"] }, json: { "$.issue.labels[0].name": "bug" } };
  const { url, trigger } = await hookOf({ signature: "none", filter });
  const labelled = (name: string) => JSON.stringify({ issue: { labels: [{ name }] } });
  const send = (name: string, event: string) =>
    post(url, labelled(name), { headers: { ...JSON_TYPE, "X-GitHub-Event": event } }).then(({ status }) => status);
  expect([await send("bug", "push"), await send("bug", "star"), await send("ui", "push")]).toEqual([202, 204, 204]);
  expect(await feed("UPDATE", trigger, { filter: null })).toEqual({ status: "success" });
  expect(await send("ui", "star")).toBe(202);
});

webhook("so many a minute, then 429 with when to come again", async () => {
  const { url } = await hookOf({ signature: "none", maxPerMinute: 2 });
  const statuses = await withinOneMinute(async () => {
    const heard: number[] = [];
    for (let at = 0; at < 6; at++) {
      const { status, headers } = await post(url, "{}");
      heard.push(status);
      if (status === 429) expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
    return heard;
  });
  expect(statuses).toEqual([202, 202, 429, 429, 429, 429]);
});

webhook("what makes no sense is an error of the feed; what is gone is gone for its senders", async () => {
  const { url, trigger } = await hookOf({ signature: "none" });
  const errors: [string, string, object][] = [
    ["CREATE", trigger, {}],
    ["CREATE", trigger, { signature: "slack" }],
    ["CREATE", fresh("missing"), { signature: "none" }],
    ["CREATE", trigger, { signature: "none", apihost: "nonsense" }],
    ["UPDATE", trigger, {}],
    ["UPDATE", fresh("missing"), { rotate: true }],
    ["READ", fresh("missing"), {}],
    ["PAUSE", trigger, {}],
  ];
  for (const [event, name, params] of errors) {
    expect([event, params, await feed(event, name, params)]).toEqual([event, params, { error: expect.any(String) }]);
  }
  const body = { lifecycleEvent: "CREATE", triggerName: `/${namespace(1)}/${trigger}`, signature: "none" };
  const foreign = await ask("POST", "/api/v1/namespaces/whisk.system/actions/webhook/webhook?blocking=true", {
    body,
    key: key(2),
  });
  expect([foreign.status, foreign.json.response.result.error]).toEqual([502, expect.stringContaining("namespace")]);
  expect((await post(url, "{}")).status).toBe(202);
  await ask("DELETE", `triggers/${trigger}`);
  expect((await post(url, "{}")).status).toBe(410);
  expect(await feed("DELETE", trigger)).toEqual({ status: "success" });
  expect(await feed("DELETE", trigger)).toEqual({ status: "success" });
  expect((await post(url, "{}")).status).toBe(404);
});

webhook(
  "github/webhook makes the address itself, takes it back where GitHub cannot be reached, and shows it nowhere",
  async () => {
    const { trigger } = await hookOf({ signature: "none" });
    const params = { username: "ada", repository: "engines", accessToken: "t", baseUrl: "http://127.0.0.1:2" };
    const call = async (event: string, more: object = {}) => {
      const body = { ...params, ...more, lifecycleEvent: event, triggerName: `/_/${trigger}` };
      const path = "/api/v1/namespaces/whisk.system/actions/github/webhook?blocking=true";
      return (await ask("POST", path, { body })).json.response.result;
    };
    expect(await call("CREATE")).toEqual({ error: "Expected an argument 'events'." });
    expect((await call("READ")).config).toMatchObject({ signature: "none" });
    expect(await call("CREATE", { events: "push" })).toEqual({ error: "GitHub cannot be reached: ECONNREFUSED" });
    expect(await feed("READ", trigger)).toEqual({ error: expect.stringContaining("has no webhook") });
  },
);

webhook("of a blocked owner takes nothing, and takes deliveries again when he is not", async () => {
  const owner = await tenant();
  const trigger = fresh("blocked");
  await ask("PUT", `triggers/${trigger}`, { body: {}, key: owner.key });
  const body = { lifecycleEvent: "CREATE", triggerName: `/_/${trigger}`, signature: "none" };
  const path = "/api/v1/namespaces/whisk.system/actions/webhook/webhook?blocking=true&result=true";
  const { url } = (await ask("POST", path, { body, key: owner.key })).json;
  expect((await post(url, "{}")).status).toBe(204);
  await admin("POST", `identities/${owner.subject}/block`, {});
  expect((await post(url, "{}")).status).toBe(410);
  await admin("POST", `identities/${owner.subject}/unblock`, {});
  expect((await post(url, "{}")).status).toBe(204);
});
