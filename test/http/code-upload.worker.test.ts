// Long code: streamed into the blob store and out again, and every way in which that can go wrong.

import { beforeAll, expect, test } from "vitest";
import { testEnv, testStores } from "../storage/stores.worker.ts";
import { answer, type Client, newClient, send } from "./platform.worker.ts";

const MB = 1024 * 1024;
const MAX_CODE = 48 * MB;

let me: Client;
let counter = 0;
const fresh = () => `code-${counter++}`;

beforeAll(async () => {
  me = await newClient();
});

/** A request whose body comes in chunks; without `length` nobody knows how long it will be. */
async function upload(name: string, body: string | ReadableStream<Uint8Array>, query = "?overwrite=true") {
  const headers = { Authorization: `Basic ${btoa(me.key)}`, "Content-Type": "application/json" };
  return answer(await send(`/api/v1/namespaces/_/actions/${name}${query}`, { method: "PUT", headers, body }));
}

function chunked(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function storedCode(name: string): Promise<{ key: string; hash: string; size: number }> {
  const stored = await testStores().entities.get({ path: me.namespace, name });
  return JSON.parse(stored?.document ?? "{}").exec.code;
}

const source = `// ü ☃ 😀 "quoted" \\ back\n${"const line = 1;\t// some text\n".repeat(100_000)}`;

test.each([
  ["in one piece", (text: string) => text],
  ["in pieces of unknown total", (text: string) => chunked(text, 77_777)],
])("code of several megabytes %s comes back as it was sent", async (_, body) => {
  const name = fresh();
  const { status, json } = await upload(
    name,
    body(JSON.stringify({ exec: { kind: "nodejs:20", code: source, main: "m" }, publish: true })),
  );
  expect(status).toBe(200);
  expect(json.exec.code === source).toBe(true);
  expect(json).toMatchObject({ publish: true, exec: { binary: false, main: "m" } });
  const read = await me.call("GET", `/actions/${name}`);
  expect(read.json.exec.code === source).toBe(true);
  const stored = await storedCode(name);
  const size = new TextEncoder().encode(source).length;
  expect(stored).toMatchObject({ hash: await sha256(source), size });
  const blob = await testStores().blobs.get(stored.key);
  expect(blob?.size).toBe(size);
  expect((await new Response(blob?.body ?? null).text()) === source).toBe(true);
  const gone = await me.call("DELETE", `/actions/${name}`);
  expect(gone.json.exec.code === source).toBe(true);
});

test("a long archive is told from source", async () => {
  const code = `${"QUJD".repeat(400_000)}QQ==\n`;
  const { json } = await upload(fresh(), JSON.stringify({ exec: { code, kind: "python:default" } }));
  expect(json.exec.binary).toBe(true);
  expect(json.exec.code === code).toBe(true);
});

test("hosts can fetch by the stored key what was uploaded", async () => {
  const name = fresh();
  await upload(name, JSON.stringify({ exec: { kind: "nodejs:20", code: source } }));
  expect((await storedCode(name)).key).toMatch(/^code\/[\w.:-]{1,200}$/);
});

test("an update without exec keeps the code, and new code replaces it", async () => {
  const name = fresh();
  await upload(name, JSON.stringify({ exec: { kind: "nodejs:20", code: source } }));
  const before = await storedCode(name);
  const kept = await upload(name, JSON.stringify({ publish: true }));
  expect(kept.json.exec.code === source).toBe(true);
  expect(await storedCode(name)).toEqual(before);
  await upload(name, JSON.stringify({ exec: { kind: "nodejs:20", code: "short" } }));
  expect((await me.call("GET", `/actions/${name}`)).json.exec.code).toBe("short");
  const { results } = await testEnv()
    .DB.prepare("SELECT blob FROM garbage WHERE blob = ?")
    .bind(before.key.split("..")[0])
    .all();
  expect(results).toHaveLength(1);
});

test("of two codes in one body the last one wins, also when the first has streamed away", async () => {
  const long = JSON.stringify(source);
  const name = fresh();
  const two = await upload(name, `{"exec":{"code":${long},"kind":"nodejs:20","code":"second"}}`);
  expect(two.json.exec.code).toBe("second");
  const none = await upload(fresh(), `{"exec":{"code":${long}},"exec":{"kind":"nodejs:20"}}`);
  expect(none.status).toBe(400);
  const other = await upload(fresh(), `{"exec":{"code":"first"},"exec":{"kind":"nodejs:20","code":${long}}}`);
  expect(other.json.exec.code === source).toBe(true);
});

test.each([
  ["is cut short", (text: string) => text.slice(0, -30), "The text is not JSON"],
  ["ends within its code", (text: string) => text.slice(0, 2 * MB), "The text is not JSON"],
  [
    "has a bare line break in its code",
    (text: string) => text.replace("\\n", "\n"),
    "a control character stands in a string",
  ],
  ["has an unknown escape in its code", (text: string) => text.replace("\\n", "\\q"), "a string has an unknown escape"],
  ["has no kind", (text: string) => text.replace("nodejs:20", "cobol:85"), "The specified runtime 'cobol:85'"],
])("a long body that %s is refused and leaves no action", async (_, damage, reason) => {
  const name = fresh();
  const { status, json } = await upload(name, damage(JSON.stringify({ exec: { code: source, kind: "nodejs:20" } })));
  expect(json.error).toContain(reason);
  expect(status).toBe(400);
  expect((await me.call("GET", `/actions/${name}`)).status).toBe(404);
});

test("code that is not UTF-8 is refused", async () => {
  const head = new TextEncoder().encode('{"exec":{"kind":"nodejs:20","code":"');
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(head);
      controller.enqueue(new Uint8Array(MB * 2).fill(0x61));
      controller.enqueue(Uint8Array.from([0xff, 0xfe]));
      controller.enqueue(new TextEncoder().encode('"}}'));
      controller.close();
    },
  });
  expect(await upload(fresh(), body)).toMatchObject({
    status: 400,
    json: { error: expect.stringContaining("not UTF-8") },
  });
});

test("parameters beside long code keep their bytes", async () => {
  const body = `{"parameters":[{"key":"p","value":1.0}],"exec":{"kind":"nodejs:20","code":${JSON.stringify(source)}},"annotations":[{"key":"a","value":1e400}]}`;
  const name = fresh();
  await upload(name, body);
  const { text } = await me.call("GET", `/actions/${name}?code=false`);
  expect(text).toContain('"value":1.0}');
  expect(text).toContain('"value":1e400}');
});

test("a body that is large without its code is refused", async () => {
  const value = "v".repeat(5 * MB);
  const body = JSON.stringify({ exec: { kind: "nodejs:20", code: "x" }, other: value });
  expect(await upload(fresh(), body)).toMatchObject({
    status: 413,
    json: { error: expect.stringContaining("Request without its code larger than allowed") },
  });
});

/** A body with `size` bytes of code, made as it is read. */
function longBody(size: number): ReadableStream<Uint8Array> {
  const chunk = new Uint8Array(256 * 1024).fill(0x61);
  let left = size;
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"exec":{"kind":"nodejs:20","code":"')),
    pull(controller) {
      if (left > 0) controller.enqueue(chunk.slice(0, Math.min(left, chunk.length)));
      else {
        controller.enqueue(new TextEncoder().encode('"}}'));
        controller.close();
      }
      left -= chunk.length;
    },
  });
}

test("48 MB of code are taken, one byte more is refused with the figure", async () => {
  const name = fresh();
  const taken = await upload(name, longBody(MAX_CODE));
  expect(taken.status).toBe(200);
  expect(taken.json.exec.code).toHaveLength(MAX_CODE);
  expect((await storedCode(name)).size).toBe(MAX_CODE);
  expect(await upload(fresh(), longBody(MAX_CODE + 1))).toMatchObject({
    status: 413,
    json: { error: `exec larger than allowed: ${MAX_CODE + 1} > ${MAX_CODE} bytes.` },
  });
});

test("a body beyond 50 MB is refused while it comes, also where it does not say how long it is", async () => {
  const refused = await upload(fresh(), longBody(51 * MB));
  expect(refused).toMatchObject({
    status: 413,
    json: { error: expect.stringMatching(/^Request larger than allowed: \d+ > 52428800 bytes\.$/) },
  });
});

test("a sender that breaks off leaves no action", async () => {
  const name = fresh();
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"exec":{"kind":"nodejs:20","code":"')),
    pull(controller) {
      if (sent++ === 30) controller.error(new Error("gone"));
      else controller.enqueue(new Uint8Array(100_000).fill(0x61));
    },
  });
  await upload(name, body).catch(() => undefined);
  expect((await me.call("GET", `/actions/${name}`)).status).toBe(404);
  expect((await upload(name, JSON.stringify({ exec: { kind: "nodejs:20", code: "x" } }))).status).toBe(200);
});
