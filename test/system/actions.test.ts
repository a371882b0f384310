// What the code of slack and websocket sends, to servers of our own: the very code that hosts run.

import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { WebSocketServer } from "ws";
import { SLACK } from "../../src/system/slack.ts";
import type { SystemPackage } from "../../src/system/system-package.ts";
import { WEBSOCKET } from "../../src/system/websocket.ts";

type Params = Record<string, unknown>;

const closing: (() => void)[] = [];
vi.spyOn(console, "log").mockImplementation(() => undefined);

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function run({ actions }: SystemPackage, name: string, params: Params): Promise<Params> {
  const action = actions[name];
  if (action === undefined || !("code" in action)) throw new Error(`${name} has no code`);
  const main = new Function("require", `${action.code}; return main;`)(createRequire(import.meta.url));
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
