// How an action is written, without HTTP: what is refused, in which order, and what is stored.

import { beforeEach, describe, expect, test } from "vitest";
import { placeToWrite } from "../../src/catalog/action-place.ts";
import { putAction } from "../../src/catalog/action-put.ts";
import { deleteAction, getAction, listActions } from "../../src/catalog/actions.ts";
import type { LiftedCode } from "../../src/catalog/code/code-sink.ts";
import { parseActionPut } from "../../src/entities/action-put.ts";
import { developmentNamespaces } from "../../src/entities/development.ts";
import type { RosterEntry } from "../../src/protocol/rpc.ts";
import { MemoryCatalog } from "./context.ts";

let context: MemoryCatalog;
beforeEach(() => {
  context = new MemoryCatalog();
});

const NODE = { kind: "nodejs:20", code: "" };

/** Code that waits in memory, as it was lifted out of a body. */
function lifted(text = "code"): LiftedCode & { stored: number } {
  const bytes = new TextEncoder().encode(text);
  const code = {
    ...{ size: bytes.length, hash: text, binary: false, blank: false, held: [bytes], stored: 0 },
    store: async () => {
      code.stored++;
      return { key: `code/${text}`, hash: text, size: bytes.length };
    },
  };
  return code;
}

interface Asked {
  code?: LiftedCode | null;
  overwrite?: boolean;
  onlyVersion?: string;
}

async function put(name: string, body: object, { code = lifted(), overwrite = false, ...only }: Asked = {}) {
  const place = await placeToWrite(context, { namespace: "ns", name });
  const parsed = parseActionPut(JSON.stringify(body));
  if (!place.ok) throw new Error(place.text);
  if (!parsed.ok) throw new Error(parsed.text);
  return putAction(context, { place: place.value, put: parsed.value, code, overwrite, ...only });
}

function host(kind: string, memory = 512): RosterEntry {
  return { memory, runtimes: [{ kind }], blackbox: false, connected: true } as unknown as RosterEntry;
}

describe("an action", () => {
  test("is made with its code, which its row owns, and shown with the bytes at hand", async () => {
    const code = lifted();
    const made = await put("a", { exec: NODE, limits: { memory: 128 } }, { code });
    expect(made).toMatchObject({ ok: true, value: { action: { version: "0.0.1", limits: { memory: 128 } } } });
    expect(made.ok && made.value.held).toBe(code.held);
    expect(code.stored).toBe(1);
    expect(context.entities.rows.get("ns/a")).toMatchObject({ type: "action", blobs: ["code/code"] });
    expect(context.writes).toEqual(["ns"]);
  });

  test("is replaced only where the version is there that its writer has seen", async () => {
    await put("seen", { exec: NODE });
    const first = await put("seen", { exec: NODE }, { overwrite: true, onlyVersion: "0.0.1" });
    expect(first).toMatchObject({ ok: true, value: { action: { version: "0.0.2" } } });
    const late = await put("seen", { exec: NODE }, { overwrite: true, onlyVersion: "0.0.1" });
    expect(late).toMatchObject({ ok: false, code: "concurrent-modification" });
    const gone = await put("never", { exec: NODE }, { overwrite: true, onlyVersion: "0.0.1" });
    expect(gone).toMatchObject({ ok: false, code: "concurrent-modification" });
  });

  test("is updated without its code, which it keeps", async () => {
    await put("a", { exec: NODE });
    const made = await put("a", { publish: true }, { code: null, overwrite: true });
    expect(made).toMatchObject({ value: { action: { version: "0.0.2", publish: true }, held: null } });
    expect(context.entities.rows.get("ns/a")?.blobs).toEqual(["code/code"]);
  });

  test("is what the last of two writers made, and the other hears of it", async () => {
    await put("a", { exec: NODE });
    context.entities.meanwhile = () => context.entities.rows.delete("ns/a");
    expect(await put("a", { publish: true }, { code: null, overwrite: true })).toMatchObject({
      code: "concurrent-modification",
    });
  });

  test("is read, listed and deleted", async () => {
    await put("a", { exec: NODE });
    const address = { namespace: "ns", name: "a" };
    expect(await getAction(context, address)).toMatchObject({ ok: true, value: { name: "a" } });
    const page = { limit: 9, skip: 0, count: true };
    const place = { path: "ns", parameters: [], deep: true, names: null };
    expect(await listActions(context, { place, page })).toEqual({ kind: "count", count: 1 });
    const own = await placeToWrite(context, address);
    if (!own.ok) throw new Error(own.text);
    expect(await deleteAction(context, own.value)).toMatchObject({ ok: true, value: { action: { name: "a" } } });
    expect(await deleteAction(context, own.value)).toMatchObject({ code: "not-found" });
  });

  test("that cannot be read any more is deleted, and replaced only by a whole one", async () => {
    await put("a", { exec: NODE });
    const row = context.entities.rows.get("ns/a");
    if (row === undefined) throw new Error("it was made");
    row.document = "{}";
    expect(await getAction(context, { namespace: "ns", name: "a" })).toMatchObject({ code: "corrupted" });
    expect(await put("a", { publish: true }, { code: null, overwrite: true })).toMatchObject({ code: "corrupted" });
    const own = await placeToWrite(context, { namespace: "ns", name: "a" });
    if (!own.ok) throw new Error(own.text);
    expect(await deleteAction(context, own.value)).toEqual({
      ok: true,
      value: { key: { path: "ns", name: "a" }, action: null },
    });
  });
});

describe("is refused", () => {
  const rows: [string, object, Asked, string][] = [
    ["without anything to run", {}, { code: null }, "bad-request"],
    ["of a kind that nobody knows", { exec: { kind: "cobol" } }, {}, "malformed-body"],
    ["with too much memory", { exec: NODE, limits: { memory: 4_096 } }, {}, "bad-request"],
    ["of a kind its namespace may not have", { exec: { kind: "python:3.11", code: "" } }, {}, "kind-not-authorized"],
    ["with too many parameters", { exec: NODE, parameters: [{ key: "k", value: "x".repeat(99) }] }, {}, "too-large"],
    ["with more instances than run at once", { exec: NODE, limits: { instances: 9 } }, {}, "bad-request"],
    ["as a sequence of what is not there", { exec: { kind: "sequence", components: ["/ns/x"] } }, {}, "bad-request"],
  ];
  test.each(rows)("%s", async (_, body, asked, code) => {
    const limits = { allowedKinds: ["nodejs:20", "sequence"], maxParameterSize: "99 B", concurrentInvocations: 8 };
    context.caller = { ...context.caller, limits };
    expect(await put("a", body, asked)).toMatchObject({ ok: false, code });
    expect(context.writes).toEqual([]);
  });

  test("what is there, where it is not to be replaced", async () => {
    await put("a", { exec: NODE });
    const code = lifted("other");
    expect(await put("a", { exec: NODE }, { code })).toMatchObject({ code: "already-exists" });
    expect(code.stored).toBe(0);
  });

  test("what asks for more rights than its writer has", async () => {
    context.caller = { ...context.caller, derived: true, rights: "deploy" };
    const annotations = [{ key: "provide-api-key", value: "owner" }];
    expect(await put("a", { exec: NODE, annotations })).toMatchObject({ code: "beyond-own-rights" });
    annotations[0]!.value = "deploy";
    expect(await put("a", { exec: NODE, annotations })).toMatchObject({ ok: true });
  });

  test("what no host offers or could hold, unless hosts may come", async () => {
    context.hosts = [host("nodejs:20", 256)];
    expect(await put("a", { exec: { kind: "python:3.11", code: "" } })).toMatchObject({ code: "malformed-body" });
    const large = { exec: NODE, limits: { memory: 512 } };
    expect(await put("a", large)).toMatchObject({ code: "cannot-be-run" });
    context.hostsMayCome = true;
    expect(await put("a", large)).toMatchObject({ ok: true });
    const kinds = { "python:3.11": "python:3.11", "swift:default": "swift:5.3", "nodejs:default": "nodejs:20" };
    for (const [kind, kept] of Object.entries(kinds)) {
      const made = await put(kind.replace(":", "-"), { exec: { kind, code: "" } });
      expect(made).toMatchObject({ ok: true, value: { action: { exec: { kind: kept } } } });
    }
    expect(await put("a", { exec: { kind: "cobol:74", code: "" } })).toMatchObject({ code: "malformed-body" });
  });

  test("more instances than namespaces without limits of their own run at once", async () => {
    context.throttle = { concurrentInvocations: 5 };
    expect(await put("a", { exec: NODE, limits: { instances: 6 } })).toMatchObject({ code: "bad-request" });
    expect(await put("a", { exec: NODE, limits: { instances: 5 } })).toMatchObject({ ok: true });
    // No count holds for the well-known keys of one machine.
    context.caller = { ...context.caller, keyId: developmentNamespaces()[0]!.uuid };
    expect(await put("b", { exec: NODE, limits: { instances: 6 } })).toMatchObject({ ok: true });
  });
});
