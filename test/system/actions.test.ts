// What the code of slack and websocket sends, to servers of our own: the very code that hosts run.

import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { WebSocketServer } from "ws";
import { GITHUB } from "../../src/system/github.ts";
import { SLACK } from "../../src/system/slack.ts";
import type { SystemPackage } from "../../src/system/system-package.ts";
import { WEBSOCKET } from "../../src/system/websocket.ts";

type Params = Record<string, unknown>;

const closing: (() => void)[] = [];
vi.spyOn(console, "log").mockImplementation(() => undefined);

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Require = (name: string) => unknown;

function run(
  { actions }: SystemPackage,
  name: string,
  params: Params,
  from: Require = createRequire(import.meta.url),
): Promise<Params> {
  const action = actions[name];
  if (action === undefined || !("code" in action)) throw new Error(`${name} has no code`);
  const main = new Function("require", `${action.code}; return main;`)(from);
  return main(params);
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Slack, as far as it is needed: notes forms, and answers what it is told to. */
async function slack(answer: { status: number; text: string }) {
  const forms: Params[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes) => {
      body += bytes;
    });
    request.on("end", () => {
      forms.push(Object.fromEntries(new URLSearchParams(body)));
      response.writeHead(answer.status).end(answer.text);
    });
  });
  return { url: `http://127.0.0.1:${await listening(server)}/services/x`, forms };
}

it("slack/post sends one JSON text to a webhook, and the fields themselves to the API", async () => {
  const { url, forms } = await slack({ status: 200, text: "ok" });
  expect(await run(SLACK, "post", { url, text: "hi", channel: "c", icon_emoji: ":+1:", as_user: true })).toEqual({});
  expect(JSON.parse(String(forms[0]?.payload))).toEqual({
    channel: "c",
    username: "Simple Message Bot",
    icon_emoji: ":+1:",
    as_user: true,
    text: "hi",
  });
  const attachments = [{ a: 1 }];
  expect(await run(SLACK, "post", { url, token: "t", username: "u", attachments })).toEqual({});
  expect(forms[1]).toEqual({ username: "u", attachments: '[{"a":1}]', token: "t" });
});

it.each([
  { status: 404, text: "no_service" },
  { status: 200, text: '{"ok":false,"error":"invalid_auth"}' },
])("slack/post fails where Slack answers $status $text", async (answer) => {
  const { url } = await slack(answer);
  expect(await run(SLACK, "post", { url, text: "hi" })).toEqual({
    error: `Slack answered ${answer.status}: ${answer.text}`,
  });
});

it("websocket/send sends short, long and very long texts, and JSON of what is none", async () => {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const heard: string[] = [];
  const closed: Promise<number>[] = [];
  sockets.on("connection", (socket) => {
    socket.on("message", (message) => heard.push(String(message)));
    closed.push(new Promise((done) => socket.on("close", done)));
  });
  closing.push(() => sockets.close());
  const uri = `ws://127.0.0.1:${await listening(server)}/path?q=1`;
  const payloads = ["häh", "x".repeat(126), "y".repeat(70_000), { a: [1] }, 7];
  for (const payload of payloads) expect(await run(WEBSOCKET, "send", { uri, payload })).toEqual({ payload });
  expect(await Promise.all(closed)).toEqual(payloads.map(() => 1000));
  expect(heard).toEqual(["häh", "x".repeat(126), "y".repeat(70_000), '{"a":[1]}', "7"]);
});

it("websocket/send says so where nobody speaks WebSocket", async () => {
  const port = await listening(createServer((_, response) => response.writeHead(403).end()));
  expect(await run(WEBSOCKET, "send", { uri: `ws://127.0.0.1:${port}`, payload: "a" })).toEqual({
    error: "Unexpected server response: 403",
  });
});

/** GitHub's hooks of one repository, as far as they are needed; refuses who has another token. */
async function hooksOf(repository: string) {
  const hooks: { id: number; events: string[]; config: Record<string, string> }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (bytes) => {
      body += bytes;
    });
    request.on("end", () => {
      const reply = (status: number, json: unknown) => response.writeHead(status).end(JSON.stringify(json));
      const isKnown = request.headers.authorization === `Basic ${btoa("ada:token")}`;
      const [, id] =
        new RegExp(`^/repos/${repository}/hooks(?:/(\\d+))?(?:\\?per_page=100)?$`).exec(request.url ?? "") ?? [];
      if (!isKnown || !request.url?.startsWith(`/repos/${repository}/`))
        return reply(401, { message: "Bad credentials" });
      if (request.method === "GET") return reply(200, hooks);
      if (request.method === "DELETE") {
        hooks.splice(
          hooks.findIndex((each) => each.id === Number(id)),
          1,
        );
        return response.writeHead(204).end();
      }
      const { events, config } = JSON.parse(body);
      hooks.push({ id: hooks.length + 1, events, config });
      return reply(201, hooks.at(-1));
    });
  });
  return { baseUrl: `http://127.0.0.1:${await listening(server)}`, hooks };
}

it("github/webhook gives GitHub an address and a secret, shows neither, and finds its hook again by the hash", async () => {
  const { baseUrl, hooks } = await hooksOf("lovelace/engines");
  hooks.push({ id: 7, events: ["push"], config: { url: "https://other.example/api/v1/webhooks/x" } });
  const token = "3q2-7wAAAAAAAAAAAAAAAA";
  const asked: Params[] = [];
  const sha256 = createHash("sha256").update(token).digest("hex");
  const answers: Record<string, Params> = {
    CREATE: { status: "success", url: `https://here.example/api/v1/webhooks/${token}`, secret: "made here" },
    READ: { config: {}, status: { addresses: [{ sha256 }] } },
    DELETE: { status: "success" },
  };
  const invoke = async ({ actionName, params }: { actionName: string; params: Params }) => {
    asked.push(params);
    expect(actionName).toBe("/whisk.system/webhook/webhook");
    return { response: { result: answers[String(params.lifecycleEvent)] } };
  };
  const from: Require = (name) =>
    name === "openwhisk" ? () => ({ actions: { invoke } }) : createRequire(import.meta.url)(name);
  const params = {
    baseUrl,
    username: "ada",
    repository: "lovelace/engines",
    triggerName: "/_/t",
    events: "push, star",
  };
  const good = { ...params, accessToken: "token" };
  const made = await run(GITHUB, "webhook", { ...good, lifecycleEvent: "CREATE" }, from);
  expect(made).toMatchObject({ response: { id: 2, events: ["push", "star"] } });
  expect(JSON.stringify(made)).not.toMatch(/made here|3q2/);
  expect(hooks[1]?.config).toEqual({
    ...{ url: `https://here.example/api/v1/webhooks/${token}`, content_type: "json", secret: "made here" },
    insecure_ssl: "0",
  });
  expect(await run(GITHUB, "webhook", { ...good, lifecycleEvent: "READ" }, from)).toEqual(answers.READ);
  expect(await run(GITHUB, "webhook", { ...good, lifecycleEvent: "DELETE" }, from)).toEqual({ status: "success" });
  expect(hooks.map(({ id }) => id)).toEqual([7]);
  expect(await run(GITHUB, "webhook", { ...good, lifecycleEvent: "DELETE" }, from)).toEqual({
    error: "Found no existing webhooks for trigger /_/t",
  });
  asked.length = 0;
  const refused = { ...params, accessToken: "wrong", lifecycleEvent: "CREATE" };
  expect(await run(GITHUB, "webhook", refused, from)).toEqual({
    error: { statusCode: 401, response: { message: "Bad credentials" } },
  });
  expect(asked.map(({ lifecycleEvent }) => lifecycleEvent)).toEqual(["CREATE", "DELETE"]);
});
