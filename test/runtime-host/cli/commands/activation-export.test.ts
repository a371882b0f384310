// `edgewhisk activation export` and `import` against a platform that cuts answers off.

import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { edgewhisk } from "../run.ts";

const folder = mkdtempSync(join(tmpdir(), "edgewhisk-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const line = (n: number) => `{"v":1,"name":"a","sum":${n},"record":{"text":"ü\u2028${n}"}}\n`;
const end = (records: number, next: string | null, left: string[] = []) =>
  `${JSON.stringify({ v: 1, page: { records, left, next } })}\n`;
const PAGES: Record<string, string> = {
  "": line(1) + line(2) + end(2, "2.b"),
  "2.b": line(3) + end(1, "3.c"),
  "3.c": line(4) + end(1, null),
};
const WHOLE = Object.values(PAGES).join("");

let file: string;
let files = 0;
let asked: string[] = [];
let queries: URLSearchParams[] = [];
let bodies: string[] = [];
/** How an answer is given, per request; the rest is whole. */
let cuts: ((page: string, response: ServerResponse) => void)[] = [];
let report = { imported: 0, duplicates: [] as string[], refused: [] as object[] };

const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  const { searchParams } = new URL(request.url ?? "", "http://x");
  if (request.method === "POST") {
    let body = "";
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    response.end(JSON.stringify(report));
    return;
  }
  const cursor = searchParams.get("cursor") ?? "";
  asked.push(cursor);
  queries.push(searchParams);
  const cut = cuts.shift();
  const page = PAGES[cursor] ?? "";
  if (cut === undefined) response.end(page);
  else cut(page, response);
});
await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
afterAll(() => server.close());
const { port } = server.address() as AddressInfo;
const run = (...words: string[]) =>
  edgewhisk(["activation", ...words, "--url", `http://127.0.0.1:${port}`, "--auth", "a:b"]);

beforeEach(() => {
  file = join(folder, `${files++}.ndjson`);
});
afterEach(() => {
  asked = [];
  queries = [];
  bodies = [];
  cuts = [];
  report = { imported: 0, duplicates: [], refused: [] };
});

const half = (page: string, response: ServerResponse) => {
  response.write(page.slice(0, page.length / 2));
  setImmediate(() => response.destroy());
};

it("writes all pages, for nobody else to read; a page that was cut off is asked for again", async () => {
  cuts = [(page, response) => void response.end(page), half];
  const { code, out } = await run("export", file);
  expect([code, out]).toEqual([0, `${file}: 4 records\n`]);
  expect(asked).toEqual(["", "2.b", "2.b", "3.c"]);
  expect(readFileSync(file, "utf8")).toBe(WHOLE);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await run("export", file)).toMatchObject({ code: 1, err: expect.stringContaining("is there and whole: 4") });
});

it.each([0, 1, 30, WHOLE.indexOf(line(3)) - 1, WHOLE.indexOf(line(3)), WHOLE.indexOf(line(4)) + 9, WHOLE.length - 1])(
  "goes on with a file of which %i characters are there, and import says that it is not whole",
  async (length) => {
    writeFileSync(file, WHOLE.slice(0, length));
    const refused = await run("import", file);
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/is not whole|no export/) });
    expect(bodies).toEqual([]);
    const { code, err } = await run("export", file);
    expect([code, err.includes("no export")]).toEqual([0, false]);
    expect(readFileSync(file, "utf8")).toBe(WHOLE);
  },
);

it.each([
  ["1796009651000", 1_796_009_651_000],
  ["2026-10-28T12:00Z", Date.UTC(2026, 9, 28, 12)],
])("takes times as a list does: %s", async (given, epoch) => {
  expect((await run("export", file, "--since", given, "--upto", given)).code).toBe(0);
  const times = queries.map((each) => [each.get("since"), each.get("upto")]);
  expect(times).toEqual([1, 2, 3].map(() => [`${epoch}`, `${epoch}`]));
});

it("counts back from now, and refuses what is no time", async () => {
  await run("export", file, "--since", "2h");
  const [first] = queries;
  expect(Number(first?.get("upto")) - Number(first?.get("since"))).toBe(7_200_000);
  for (const wrong of ["17960096510001796009651000", "-1796009651000", "1e12", "x1796009651000"])
    expect(await run("export", `${file}.2`, "--since", wrong), wrong).toMatchObject({ code: 2 });
});

it("lets nobody else read a file that was there", async () => {
  writeFileSync(file, WHOLE.slice(0, 30));
  chmodSync(file, 0o644);
  expect((await run("export", file)).code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it("gives up after a while, keeps what is whole, and names records that were left out", async () => {
  cuts = [(page, response) => void response.end(page), half, half, half];
  const first = await run("export", file);
  expect(first).toMatchObject({ code: 1, err: expect.stringContaining("can be gone on with") });
  cuts = [(_, response) => void response.end(line(3) + end(1, null, ["aa", "bb"]))];
  const second = await run("export", file);
  expect(second).toMatchObject({ code: 1, out: expect.stringContaining("longer than 1 MB or damaged: aa bb") });
});

it.each(["my own notes\nline 2\n", "notes without newline", '{"v":2,"name":1', '{"v":1,"page":"mine"}\n', "\n"])(
  "does not take another file for an export, nor write over it: %j",
  async (text) => {
    writeFileSync(file, text);
    chmodSync(file, 0o644);
    for (const words of [["export"], ["import"], ["import", "--partial"]])
      expect(await run(...words, file)).toMatchObject({
        code: 1,
        err: expect.stringContaining("no export of records"),
      });
    expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777, bodies]).toEqual([text, 0o644, []]);
  },
);

it("imports nothing from an empty file, and says so", async () => {
  writeFileSync(file, "");
  const holdsNone = {
    code: 1,
    err: `edgewhisk activation import: ${file} holds no export of records; nothing was imported\n`,
  };
  expect(await run("import", file)).toMatchObject(holdsNone);
});

it.each([
  ["export", folder, "it is a folder"],
  ["import", folder, "it is a folder"],
  ["export", "/nonexistent/folder/file", "no such file or directory"],
  ["import", "/dev/null/file", "there is no file /dev/null/file"],
  ["export", "/dev/null/file", "not a directory"],
  ["export", "/dev/null", "it is no regular file"],
  ["import", "/dev/zero", "it is no regular file"],
])("%s of %s: one sentence", async (word, path, cause) => {
  const { code, out, err } = await run(word, path);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(new RegExp(`^edgewhisk activation ${word}: .*${path}.*\n$`));
  expect(err).toContain(cause);
});

it("imports lines alone, tells duplicates and the lines of the file that were refused", async () => {
  writeFileSync(file, WHOLE);
  report = { imported: 2, duplicates: ["d1"], refused: [{ line: 3, id: "r1", reason: "it is of the future" }] };
  const { code, out, err } = await run("import", file);
  expect(bodies).toEqual([[1, 2, 3, 4].map(line).join("")]);
  expect(code).toBe(1);
  // A page's end stands before it in the file.
  expect(out).toBe("line 4 (r1): it is of the future\nimported 2, there already 1, refused 1\n");
  expect(err).toContain("d1: there is a record of this id already");
});

it("with --partial takes what is there of one that was cut off", async () => {
  writeFileSync(file, WHOLE.slice(0, WHOLE.indexOf(line(4)) + 9));
  expect((await run("import", file, "--partial")).code).toBe(0);
  expect(bodies).toEqual([[1, 2, 3].map(line).join("")]);
  writeFileSync(file, line(1) + end(2, null));
  expect(await run("import", file)).toMatchObject({
    code: 1,
    err: expect.stringContaining("a page of 2 records has 1"),
  });
});
