// Code that a power loss has left empty, short, altered or gone while its row knows nothing of it: who reads it is told
// what to do, and putting the same code again mends it.

import { beforeAll, describe, expect, it, vi } from "vitest";
import { testEnv, testStores } from "../storage/stores.worker.ts";
import { type Client, newClient } from "./platform.worker.ts";

const SHORT = "function main() { return { whole: true }; }";
const LONG = `// ${"x".repeat(1_500_000)}\n${SHORT}`;

let me: Client;
let counter = 0;

beforeAll(async () => {
  me = await newClient();
  vi.spyOn(console, "error").mockImplementation(() => {});
});

async function keyOf(name: string): Promise<string> {
  const stored = await testStores().entities.get({ path: me.namespace, name });
  return JSON.parse(stored?.document ?? "{}").exec.code.key.replace(/\.\.\d+$/, "");
}

async function put(name: string, code: string) {
  return me.call("PUT", `/actions/${name}?overwrite=true`, { exec: { kind: "nodejs:20", code } });
}

async function altered(key: string): Promise<void> {
  const { BLOBS } = testEnv();
  const bytes = new Uint8Array((await (await BLOBS.get(key))?.arrayBuffer()) ?? new ArrayBuffer(1));
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  await BLOBS.put(key, bytes);
}

const DAMAGES: [string, (key: string) => Promise<unknown>][] = [
  ["empty", (key) => testEnv().BLOBS.put(key, "")],
  ["short", async (key) => testEnv().BLOBS.put(key, SHORT.slice(0, 20))],
  ["altered", altered],
  ["gone", (key) => testEnv().BLOBS.delete(key)],
];

describe.each(DAMAGES)("code that is %s", (_, damage) => {
  it("is told with the action's name and the way out, and mended by putting it again", async () => {
    const name = `damaged-${counter++}`;
    await put(name, SHORT);
    await damage(await keyOf(name));
    const read = await me.call("GET", `/actions/${name}`);
    expect(read.status).toBe(500);
    expect(read.json.error).toBe(
      `The code of action '/${me.namespace}/${name}' is missing from the store, or damaged there: update the action with its code.`,
    );
    expect((await me.call("GET", `/actions/${name}?code=false`)).status).toBe(200);
    // What has nothing to do with the code is written, and says so.
    const updated = await me.call("PUT", `/actions/${name}?overwrite=true`, { limits: { memory: 128 } });
    expect(updated).toMatchObject({ status: 200, json: { limits: { memory: 128 } } });
    const mended = await put(name, SHORT);
    expect(mended.json.exec.code).toBe(SHORT);
    expect((await me.call("GET", `/actions/${name}`)).json.exec.code).toBe(SHORT);
  });

  it("can be deleted", async () => {
    const name = `damaged-${counter++}`;
    await put(name, SHORT);
    await damage(await keyOf(name));
    expect((await me.call("DELETE", `/actions/${name}`)).status).toBe(200);
    expect((await me.call("GET", `/actions/${name}`)).status).toBe(404);
  });
});

it("that is whole keeps its place when it is put again", async () => {
  await put("same", SHORT);
  const before = await keyOf("same");
  await put("same", SHORT);
  expect(await keyOf("same")).toBe(before);
});

describe("long code", () => {
  it.each(DAMAGES.filter(([how]) => how !== "altered"))("that is %s is refused and mended", async (_, damage) => {
    const name = `long-${counter++}`;
    await put(name, LONG);
    await damage(await keyOf(name));
    const read = await me.call("GET", `/actions/${name}`).catch(() => null);
    expect(read?.status ?? 500).toBe(500);
    await put(name, LONG);
    expect((await me.call("GET", `/actions/${name}`)).json.exec.code === LONG).toBe(true);
  });

  it("that was altered ends the answer before its end", async () => {
    await put("long-altered", LONG);
    await altered(await keyOf("long-altered"));
    await expect(me.call("GET", "/actions/long-altered")).rejects.toThrow();
    await put("long-altered", LONG);
    expect((await me.call("GET", "/actions/long-altered")).json.exec.code === LONG).toBe(true);
  });
});

it("an action whose long document is gone can be put anew or deleted", async () => {
  const parameters = Array.from({ length: 9 }, (_, at) => ({ key: `k${at}`, value: "x".repeat(100_000) }));
  const annotations = parameters.map(({ key, value }) => ({ key: `a${key}`, value }));
  const body = { exec: { kind: "nodejs:20", code: SHORT }, parameters, annotations };
  for (const name of ["doc-put", "doc-delete"]) {
    expect((await me.call("PUT", `/actions/${name}`, body)).status).toBe(200);
    const { DB, BLOBS } = testEnv();
    const row = await DB.prepare("SELECT document_blob AS blob FROM entities WHERE name = ?")
      .bind(name)
      .first<{ blob: string }>();
    const blob = row?.blob.replace(/\.\.\d+$/, "") ?? "";
    expect(blob).toMatch(/^entity\//);
    await BLOBS.put(blob, "{}");
    expect((await me.call("GET", `/actions/${name}`)).status).toBe(500);
  }
  expect((await put("doc-put", SHORT)).status).toBe(200);
  expect((await me.call("GET", "/actions/doc-put")).json.exec.code).toBe(SHORT);
  expect(await me.call("DELETE", "/actions/doc-delete")).toMatchObject({ status: 200, json: { name: "doc-delete" } });
  expect((await me.call("GET", "/actions/doc-delete")).status).toBe(404);
});
