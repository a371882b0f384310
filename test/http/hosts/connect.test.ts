// A host's dial: what it may ask for, and what its scheduler is told of it.

import { expect, test } from "vitest";
import { dialOf } from "../../../src/http/hosts/connect.ts";

const host = { host: "box", shards: 4 };

function dial(query: Record<string, string> = {}, upgrade: string | null = "websocket") {
  return dialOf(host, { upgrade, query: (name) => query[name] });
}

test.each<[Record<string, string>, string, string]>([
  [{}, "box/0", "?shard=0"],
  [{ shard: "03", boot: "boot-1" }, "box/3", "?shard=3&boot=boot-1"],
  [{ shard: "1", takeover: "1" }, "box/1", "?shard=1&takeover=1"],
  [{ takeover: "yes", more: "x" }, "box/0", "?shard=0"],
])("%j", (query, scheduler, search) => {
  const made = dial(query, "WebSocket");
  if (!made.ok) throw new Error(made.text);
  expect(made.value.scheduler).toBe(scheduler);
  const { request } = made.value;
  expect(request.url).toBe(`https://scheduler/connect${search}`);
  expect(request.headers.get("X-Edgewhisk-Host")).toBe("box");
});

test.each<[Record<string, string>, string | null, string, RegExp]>([
  [{}, null, "bad-request", /WebSocket upgrade/],
  [{}, "h2c", "bad-request", /WebSocket upgrade/],
  [{ shard: "-1" }, "websocket", "bad-request", /shard/],
  [{ shard: "100" }, "websocket", "bad-request", /shard/],
  [{ shard: "4" }, "websocket", "beyond-token", /4 of its schedulers/],
  [{ boot: "a b" }, "websocket", "bad-request", /boot id/],
  [{ boot: "b".repeat(65) }, "websocket", "bad-request", /boot id/],
])("%j by %s: refused", (query, upgrade, code, text) => {
  expect(dial(query, upgrade)).toMatchObject({ ok: false, code, text: expect.stringMatching(text) });
});
