// An export of a namespace's records and its way back, over the whole Worker: same bytes,
// and what is not taken is said.

import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import { checksumOf } from "../../../src/entities/checksum.ts";
import type { ImportStoreRpc } from "../../../src/protocol/import.ts";
import { testEnv } from "../../durable-objects/host.worker.ts";
import { waitFor } from "../../support/wait-for.ts";
import { admin, answer, type Client, newClient, send } from "../platform.worker.ts";

type Line = { v: 1; name: string; sum: number; record: Record<string, unknown> };
const ECHO = "/api/v1/namespaces/whisk.system/actions/utils/echo?blocking=true";
const DAY = 86_400_000;
let me: Client;
/** An exported line, which others are made of. */
let sample: Line;

const headersOf = ({ key }: Client) => ({ Authorization: `Basic ${btoa(key)}` });
const path = (query = "") => `/api/v1/namespaces/_/records${query}`;

async function exported(client: Client, query = ""): Promise<{ lines: string[]; page: Record<string, unknown> }> {
  const { status, text, headers } = await answer(await send(path(query), { headers: headersOf(client) }));
  expect([status, headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  expect(text.endsWith("\n")).toBe(true);
  const lines = text.slice(0, -1).split("\n");
  return { lines: lines.slice(0, -1), page: JSON.parse(lines.at(-1) ?? "").page };
}

async function bring(client: Client, lines: readonly string[], headers: Record<string, string> = {}) {
  const all = { ...headersOf(client), "Content-Type": "application/x-ndjson", ...headers };
  return answer(await send(path(), { method: "POST", headers: all, body: `${lines.join("\n")}\n` }));
}

/** The sample with another id and whatever else, as an export would have written it. */
function lineOf(changes: Record<string, unknown> = {}, outer: Partial<Line> = {}): string {
  const activationId = newActivationId(Date.now() - 2 * DAY, 1);
  const record = { ...sample.record, activationId, start: Date.now() - 2 * DAY, ...changes };
  const sum = checksumOf(JSON.stringify(record));
  return JSON.stringify({ v: 1, name: sample.name, sum, record, ...outer });
}
const idOf = (line: string) => JSON.parse(line).record.activationId as string;

const oddMeta = () => ({ ...(sample.record.meta as object), kind: [1], start: { a: 1 }, waitMs: "1" });

beforeAll(async () => {
  me = await newClient();
  const call = { method: "POST", headers: { ...headersOf(me), "Content-Type": "application/json" } };
  for (const word of ["ü 😀\u2028", "x".repeat(300_000)])
    expect((await send(ECHO, { ...call, body: JSON.stringify({ word }) })).status).toBe(200);
  await waitFor(async () => expect((await exported(me)).lines.length).toBe(2));
  sample = JSON.parse((await exported(me)).lines.at(-1) ?? "");
});

describe("an export", () => {
  it("has each record with result and logs, newest first, and ends with a line that says so", async () => {
    const { lines, page } = await exported(me);
    expect(page).toEqual({ records: 2, left: [], next: null });
    const read = lines.map((line) => JSON.parse(line) as Line);
    const results = read.map(({ record }) => JSON.parse((record.result as { inline: string }).inline));
    expect(results).toEqual([{ word: "x".repeat(300_000) }, { word: "ü 😀\u2028" }]);
    for (const { record, sum } of read) {
      expect(record.meta).toMatchObject({ v: 1, listName: "utils/echo" });
      expect(sum).toBe(checksumOf(JSON.stringify(record)));
    }
    const { text } = await answer(await send(path("?cursor=x"), { headers: headersOf(me) }));
    expect(text).toContain("cursor");
    const turned = await answer(await send(path("?since=5&upto=1"), { headers: headersOf(me) }));
    expect([turned.status, turned.text]).toEqual([400, expect.stringContaining("'5' is after 'upto', '1'")]);
  });

  it("goes on where a page has ended, without a gap and without a double", async () => {
    const mine = await newClient();
    const last = Date.now() - DAY;
    const many = Array.from({ length: 450 }, (_, n) => lineOf({ namespace: mine.namespace, start: last - n }));
    expect((await bring(mine, many)).json).toEqual({ imported: 450, duplicates: [], refused: [] });
    const found: string[] = [];
    let query = "";
    for (let pages = 1; ; pages++) {
      const { lines, page } = await exported(mine, query);
      expect(lines.length).toBe(page.records);
      found.push(...lines);
      if (page.next === null) {
        expect(pages).toBe(3);
        break;
      }
      query = `?cursor=${page.next}`;
    }
    expect(found).toEqual(many);
  });
});

describe("what is brought back", () => {
  it("is the same bytes again, with fields that are not known here, and is read like any other", async () => {
    const mine = await newClient();
    const namespace = mine.namespace;
    const large = {
      result: { inline: JSON.stringify({ text: "é".repeat(200_000) }) },
      logs: { inline: '["2026 stdout: a"]' },
    };
    const lines = [lineOf({ namespace, later: { a: [1.5] } }), lineOf({ namespace, ...large, start: 5 })];
    const before = await mine.call("GET", "/stats?step=day");
    expect((await bring(mine, lines)).json).toEqual({ imported: 2, duplicates: [], refused: [] });
    expect((await exported(mine)).lines).toEqual(lines);
    const id = idOf(lines[1] ?? "");
    expect((await mine.call("GET", `/activations/${id}/result`)).json.result.text).toBe("é".repeat(200_000));
    expect((await mine.call("GET", `/activations/${id}/logs`)).json).toEqual({ logs: ["2026 stdout: a"] });
    const whole = await mine.call("GET", `/activations/${idOf(lines[0] ?? "")}`);
    expect(whole.text).not.toMatch(/imported|later|meta/);
    expect((await mine.call("GET", "/activations?count=true&name=utils/echo")).json).toEqual({ activations: 2 });
    // It counts in no figures.
    const { upto: _1, since: _2, ...figures } = (await mine.call("GET", "/stats?step=day")).json;
    const { upto: _3, since: _4, ...same } = before.json;
    expect(figures).toEqual(same);
    // A second time nothing changes.
    const again = await bring(mine, [...lines, lines[0] ?? ""]);
    expect(again.json.imported).toBe(0);
    expect(again.json.duplicates.toSorted()).toEqual([...lines, lines[0] ?? ""].map(idOf).toSorted());
    expect((await exported(mine)).lines).toEqual(lines);
  });

  it("is refused line by line where it is not what it must be, and the rest is taken", async () => {
    const namespace = me.namespace;
    const good = lineOf({ namespace });
    const blob = { blob: "results/01a1fc0c949c00b8ddf916e770006551/1", size: 9 };
    const flipped = lineOf({ namespace }).replace('"size":', '"size":1');
    const cases: [string, RegExp][] = [
      [lineOf({ namespace: "other" }), /of another namespace/],
      [lineOf({ namespace, activationId: newActivationId(Date.now() + DAY, 1) }), /of the future/],
      [lineOf({ namespace, start: Date.now() + DAY }), /of the future/],
      [lineOf({ namespace, result: blob }), /its result lies elsewhere/],
      [lineOf({ namespace, logs: blob }), /its logs lies elsewhere/],
      [lineOf({ namespace, result: { inline: "{" } }), /'result' is not/],
      [lineOf({ namespace, logs: { inline: "{}" } }), /'logs' is not/],
      [lineOf({ namespace, activationId: "xyz" }), /'activationId' is not/],
      [lineOf({ namespace, activationId: newActivationId(1, 250) }), /not made by this deployment/],
      [lineOf({ namespace, statusCode: 7 }), /'statusCode' is not/],
      [lineOf({ namespace, meta: { v: 99, listName: sample.name, nsId: "x", kind: [1] } }), /'meta\.v' is not/],
      [lineOf({ namespace, meta: oddMeta() }), /'meta\.kind' is not/],
      [lineOf({ namespace, end: Date.now() - 3 * DAY }), /'end' is before 'start'/],
      [lineOf({ namespace }, { name: "a/b/c" }), /no line of an export/],
      [lineOf({ namespace }, { name: "other" }), /another name/],
      [flipped, /altered/],
      [lineOf({ namespace }).slice(0, -9), /no JSON/],
      [lineOf({ namespace, result: { inline: JSON.stringify("x".repeat(1_050_000)) } }), /longer than/],
      ["[]", /no line of an export/],
    ];
    const { status, json } = await bring(me, [...cases.map(([line]) => line), good]);
    expect([status, json.imported, json.duplicates]).toEqual([200, 1, []]);
    expect(json.refused.map((each: { line: number }) => each.line)).toEqual(cases.map((_, at) => at + 1));
    for (const [at, [, reason]] of cases.entries()) expect(json.refused[at].reason).toMatch(reason);
  });

  it("needs the namespace's own key or the administrator, NDJSON, and a bounded body", async () => {
    const other = await newClient();
    const foreign = `/api/v1/namespaces/${me.namespace}/records`;
    for (const method of ["GET", "POST"])
      expect((await send(foreign, { method, headers: headersOf(other) })).status).toBe(403);
    expect((await send(path(), { method: "POST" })).status).toBe(401);
    expect((await bring(me, [], { "Content-Type": "application/json" })).status).toBe(415);
    expect((await bring(me, ["x".repeat(9 * 1024 * 1024)])).status).toBe(413);
    expect((await send(path(), { method: "PUT", headers: headersOf(me) })).status).toBe(405);
    const asAdmin = await admin("GET", `/namespaces/${me.namespace}/records`);
    expect(asAdmin.text).toBe((await answer(await send(path(), { headers: headersOf(me) }))).text);
    expect((await admin("GET", "/namespaces/nobody/records")).status).toBe(404);
  });
});

describe("a record that holds what none should", () => {
  it("hinders no search, figures, explanation or export", async () => {
    const mine = await newClient();
    const { namespace } = mine;
    const good = lineOf({ namespace });
    expect((await bring(mine, [good])).json.imported).toBe(1);
    const { namespaces } = (await admin("GET", `/identities/${namespace}`)).json;
    const store = testEnv().ACTIVATIONS.getByName(`${namespaces[0].id}:01`) as unknown as ImportStoreRpc;
    const odd = [oddMeta(), null, 7].map((meta) => JSON.parse(lineOf({ namespace, meta })).record as ActivationRecord);
    expect(await store.import(odd.map((record) => ({ record, name: sample.name })))).toEqual(odd.map(() => "taken"));
    const { kind } = sample.record.meta as { kind: string };
    for (const query of [`kind=${kind}`, "start=none&kind=x", "trigger=t", "text=nothing", "status=error"]) {
      const { status, json } = await mine.call("GET", `/activations?${query}`);
      expect([query, status, json.length]).toEqual([query, 200, query === `kind=${kind}` ? 1 : 0]);
    }
    for (const { activationId: id } of odd) {
      expect((await mine.call("GET", `/activations/${id}?explain=true`)).json.steps[0].what).toBe("recorded");
    }
    expect((await mine.call("GET", "/stats?step=day")).status).toBe(200);
    expect((await exported(mine)).lines.length).toBe(4);
  });
});

describe("a record whose result or logs are gone", () => {
  const RESULT = { error: "The result of this activation is missing from the store of results and logs." };
  const LOGS = ["The logs of this activation are missing from the store of results and logs."];

  it("says so wherever they are shown, and hinders no list, search or export", async () => {
    const mine = await newClient();
    const { namespace } = mine;
    const far = {
      result: { inline: JSON.stringify({ text: "long".repeat(50_000) }) },
      logs: { inline: JSON.stringify(["line".repeat(50_000)]) },
    };
    const [whole, lost, silent] = [lineOf({ namespace, ...far }), lineOf({ namespace, ...far }), lineOf({ namespace })];
    expect((await bring(mine, [whole, lost, silent])).json.imported).toBe(3);
    const [there, id] = [idOf(whole), idOf(lost)];
    for (const area of ["results", "logs"]) {
      const { objects } = await testEnv().BLOBS.list({ prefix: `${area}/${id}/` });
      expect(objects.length).toBe(1);
      await testEnv().BLOBS.delete(objects.map(({ key }) => key));
    }
    const verdict = { success: false, status: "whisk internal error" };
    expect((await mine.call("GET", `/activations/${id}`)).json).toMatchObject({
      ...{ activationId: id, response: { result: RESULT, ...verdict }, logs: LOGS },
    });
    expect((await mine.call("GET", `/activations/${id}/result`)).json).toMatchObject({ result: RESULT, ...verdict });
    expect((await mine.call("GET", `/activations/${id}/logs`)).json).toEqual({ logs: LOGS });
    const followed = await mine.call("GET", `/activations/${id}/logs?follow=true`);
    expect([followed.status, followed.text]).toEqual([200, expect.stringContaining(LOGS[0] ?? "")]);
    expect((await mine.call("GET", `/activations/${idOf(silent)}/logs`)).json).toEqual({ logs: [] });
    const { status, json } = await mine.call("GET", "/activations?docs=true");
    expect([status, json.map((each: { logs: string[] }) => each.logs[0]?.length ?? 0).toSorted()]).toEqual([
      ...[200, [0, 200_000, LOGS[0]?.length].toSorted()],
    ]);
    const found = (await mine.call("GET", "/activations?text=longlong")).json;
    expect(found.map((each: { activationId: string }) => each.activationId)).toEqual([there]);
    expect((await exported(mine)).page).toMatchObject({ records: 2, left: [id] });
  });
});

describe("an explanation", () => {
  const explained = async ({ key }: Client, id: string) =>
    answer(
      await send(`/api/v1/namespaces/_/activations/${id}?explain=true`, { headers: headersOf({ key } as Client) }),
    );
  const whats = ({ json }: { json: { steps: { what: string; text: string }[] } }) => json.steps.map(({ what }) => what);

  it("of one that waits says for what, and what would help; to its own namespace alone", async () => {
    const mine = await newClient();
    const exec = { kind: "nodejs:default", code: "function main() {}" };
    expect((await mine.call("PUT", "/actions/waits", { exec })).status).toBe(200);
    const { status, json } = await mine.call("POST", "/actions/waits", {});
    expect(status).toBe(202);
    const waiting = await explained(mine, json.activationId);
    expect([waiting.status, waiting.json]).toEqual([
      200,
      {
        ...{ activationId: json.activationId, state: "waiting", waitsFor: "no runtime host is connected" },
        helps: expect.stringMatching(/^Start a host, .*edgewhisk doctor/),
        steps: [
          { what: "accepted", at: expect.any(Number), text: expect.any(String) },
          { what: "waits", at: expect.any(Number), ms: expect.any(Number), text: "no runtime host is connected" },
        ],
      },
    ]);
    expect((await explained(me, json.activationId)).status).toBe(404);
    expect((await explained(mine, "0".repeat(32))).status).toBe(404);
    expect((await explained(mine, "no-id")).status).toBe(400);
  });

  it("of one that was imported, pruned or damaged says that, and nothing that is not so", async () => {
    const mine = await newClient();
    const { namespace } = mine;
    const [old, young] = [3, 1].map((days) => lineOf({ namespace, start: Date.now() - days * DAY }));
    expect((await bring(mine, [old ?? "", young ?? ""])).json.imported).toBe(2);
    const imported = await explained(mine, idOf(old ?? ""));
    expect(imported.json.steps.at(-1)).toMatchObject({
      what: "stored",
      text: expect.stringMatching(/^it came from an export at \d{4}-/),
    });

    const id = idOf(young ?? "");
    const { namespaces } = (await admin("GET", `/identities/${namespace}`)).json;
    const store = testEnv().ACTIVATIONS.getByName(`${namespaces[0].id}:01`);
    const altered = await runInDurableObject(
      store,
      (_, { storage }) =>
        storage.sql.exec("UPDATE records SET record = replace(record, '\"duration\":', '\"duration\":1')").rowsWritten,
    );
    expect(altered).toBeGreaterThan(0);
    const damaged = await explained(mine, id);
    expect([damaged.status, damaged.json.state, whats(damaged)]).toEqual([200, "ended", ["damaged", "stored"]]);
    expect(damaged.text).not.toContain("the action ran");

    expect((await admin("PUT", `/namespaces/${namespace}/retention`, { maxAge: (2 * DAY) / 1_000 })).status).toBe(200);
    await waitFor(async () => expect((await explained(mine, idOf(old ?? ""))).status).toBe(404));
  });
});
