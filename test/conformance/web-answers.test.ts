// What web actions answer: parity section 5, from 5.29 on. What they are asked is in web.test.ts.

import { expect } from "vitest";
import { withinOneMinute } from "../support/minutes.ts";
import { type Answer, ask, code, ECHO, line, offersTenants, recordOf, tenant, useApi } from "./suite.ts";
import { ANONYMOUS, web, webAction } from "./web-actions.ts";

await useApi();

/** Takes longer than a caller may wait: asked first, looked at last. */
const slow = lateAnswer();

/** What the owner of a web action hears in one minute and in the next: as with `slow`. */
const nextMinute = offersTenants() ? overAMinute() : null;
nextMinute?.catch(() => {});

async function overAMinute(): Promise<number[]> {
  const owner = await tenant({ invocationsPerMinute: 1 });
  await ask("PUT", "actions/web", { key: owner.key, body: code(ECHO, web()) });
  const call = async () => (await ask("GET", `/api/v1/web/${owner.namespace}/default/web.json`, ANONYMOUS)).status;
  const until = (beyond: number) => new Promise((done) => setTimeout(done, 60_000 - (Date.now() % 60_000) + beyond));
  // Between two of them nobody asks for longer than an idle counter might be kept.
  const heard = await withinOneMinute(
    async () => {
      const answers = [await call(), await call()];
      await until(-2_000);
      return [...answers, await call()];
    },
    { atLeast: 16_000 },
  );
  await until(200);
  return [...heard, await call()];
}

async function lateAnswer(): Promise<Answer> {
  const source = "function main() { return new Promise((r) => setTimeout(() => r({ body: 'late' }), 63_000)); }";
  const { path } = await webAction(source, { more: { limits: { timeout: 80_000 } } });
  return ask("GET", path, ANONYMOUS);
}

line("5.29 5.30", "an application error is unwrapped, a developer error is a 400 that says nothing", async () => {
  const teapot = await webAction("function main() { return { error: { statusCode: 418, body: 'short' } }; }");
  expect(await ask("GET", teapot.path, ANONYMOUS)).toMatchObject({ status: 418, text: "short" });
  const told = await webAction("function main(a) { return a.r; }");
  for (const [r, shown] of [
    [{ error: { why: [1] }, more: 2 }, { why: [1] }],
    [{ error: [1] }, [1]],
    [
      { a: 1, body: 2 },
      { a: 1, body: 2 },
    ],
  ])
    expect((await ask("POST", `${told.path}.json`, { ...ANONYMOUS, body: { r } })).json).toEqual(shown);
  const broken = await webAction("function main() { throw new Error('secret'); }");
  const answer = await ask("GET", `${broken.path}.json`, ANONYMOUS);
  expect(answer.status).toBe(400);
  expect(answer.json).toEqual({ error: "There was an error processing your request.", code: expect.any(String) });
});

line("5.32 5.33 5.34 5.35", "each extension refuses what it cannot show", async () => {
  const { path } = await webAction("function main() { return { n: 1 }; }");
  expect(await ask("GET", `${path}.html`, ANONYMOUS)).toMatchObject({
    status: 400,
    json: { error: "Response is not valid 'text/html'." },
  });
  expect(await ask("GET", `${path}.svg`, ANONYMOUS)).toMatchObject({
    status: 400,
    json: { error: "Response is not valid 'image/svg+xml'." },
  });
  expect(await ask("GET", `${path}.text`, ANONYMOUS)).toMatchObject({
    status: 404,
    json: { error: "Response does not include requested property." },
  });
  const html = await webAction("function main() { return { body: '<p>' }; }");
  expect((await ask("GET", `${html.path}.html`, ANONYMOUS)).headers.get("content-type")).toMatch(
    /^text\/html; charset=UTF-8$/i,
  );
  const any = await webAction("function main(a) { return a.r; }");
  for (const [extension, type, r, shown] of [
    ["html", "text/html; charset=UTF-8", { html: "<i>", body: "<b>" }, "<b>"],
    ["html", "text/html; charset=UTF-8", { html: "<i>" }, "<i>"],
    ["html", "text/html; charset=UTF-8", { error: "<u>" }, "<u>"],
    ["svg", "image/svg+xml", { svg: "<g/>", body: "<svg/>" }, "<svg/>"],
    ["svg", "image/svg+xml", { svg: "<g/>" }, "<g/>"],
    ["json", "application/json", [1, { a: 2 }], '[1,{"a":2}]'],
    ["json", "application/json", { body: 1, statusCode: 201 }, '{"body":1,"statusCode":201}'],
    ["json", "application/json", {}, "{}"],
    ["json", "application/json", { error: [] }, "[]"],
  ]) {
    const answer = await ask("POST", `${any.path}.${extension}`, { ...ANONYMOUS, body: { r } });
    expect([r, answer.status, answer.text.replaceAll(" ", "")]).toEqual([r, 200, shown]);
    expect([r, answer.headers.get("content-type")]).toEqual([r, type]);
  }
  for (const r of [{ body: 1 }, { body: null, html: "<b>", svg: "<g/>" }, [1]])
    for (const extension of ["html", "svg"]) {
      const { status } = await ask("POST", `${any.path}.${extension}`, { ...ANONYMOUS, body: { r } });
      expect([r, extension, status]).toEqual([r, extension, 400]);
    }
  for (const error of ["text", "{}", 7, true])
    expect(await ask("POST", `${any.path}.json`, { ...ANONYMOUS, body: { r: { error } } })).toMatchObject({
      status: 400,
      json: { error: "Response is not valid 'application/json'." },
    });
});

line("5.35", ".text shows the body, else the text, whatever it is", async () => {
  const { path } = await webAction("function main(a) { return a.r; }");
  for (const [r, shown] of [
    [{ text: "text", body: "body" }, "body"],
    [{ text: "text" }, "text"],
    [{ text: "text", body: null }, "null"],
    [{ body: 1.5 }, "1.5"],
    [{ body: true }, "true"],
    [{ body: { a: 1, b: [1, 2], c: { d: null } } }, '{\n  "a": 1,\n  "b": [1, 2],\n  "c": {\n    "d": null\n  }\n}'],
    [{ text: [1, { a: 2 }] }, '[1, {\n  "a": 2\n}]'],
    [[1, "x"], '[1, "x"]'],
    [{ error: "wrong" }, "wrong"],
  ]) {
    const answer = await ask("POST", `${path}.text`, { ...ANONYMOUS, body: { r } });
    expect([r, answer.status, answer.text]).toEqual([r, 200, shown]);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain; charset=UTF-8$/i);
  }
});

const HTTP_CASES: [string, string, object | string][] = [
  ["5.36", "a result that is no object", "return [1];"],
  ["5.36", "a status that is no number", "return { statusCode: 'abc' };"],
  ["5.36", "a status that is no whole number", "return { statusCode: 200.5 };"],
  ["5.36", "headers that are no object", "return { headers: [1] };"],
  ["5.36", "a header that is an object", "return { headers: { a: { b: 1 } }, body: 'x' };"],
  ["5.36", "a header that is null", "return { headers: { a: null }, body: 'x' };"],
];
for (const [lines, title, source] of HTTP_CASES) {
  line(lines, `.http refuses ${title}`, async () => {
    const { path } = await webAction(`function main() { ${source} }`);
    expect(await ask("GET", path, ANONYMOUS)).toMatchObject({
      status: 400,
      json: { error: "Response is not valid 'message/http'." },
    });
  });
}

line("5.36 5.37 5.43 5.45", ".http takes status, headers and no body", async () => {
  const { path } = await webAction(
    "function main(a) { return { statusCode: a.s, headers: { location: 'https://x/y', 'content-type': 'text/plain', 'x-n': 1, 'x-b': true } }; }",
  );
  const answer = await ask("POST", path, { ...ANONYMOUS, body: { s: 302 } });
  expect([answer.status, answer.text]).toEqual([302, ""]);
  expect(answer.headers.get("location")).toBe("https://x/y");
  expect(answer.headers.get("content-type")).toBeNull();
  expect([answer.headers.get("x-n"), answer.headers.get("x-b")]).toEqual(["1", "true"]);
  expect((await ask("POST", path, { ...ANONYMOUS, body: { s: "404" } })).status).toBe(404);
  expect((await ask("POST", path, ANONYMOUS)).status).toBe(204);
  expect((await ask("POST", path, { ...ANONYMOUS, body: { s: 599 } })).status).toBe(599);
  const bare = await webAction(
    "function main(a) { return { statusCode: a.s, headers: { 'content-type': 'text/css' }, body: a.b }; }",
  );
  for (const b of [null, ""])
    for (const [s, status] of [
      [undefined, 204],
      [201, 201],
    ]) {
      const empty = await ask("POST", bare.path, { ...ANONYMOUS, body: { s, b } });
      expect([b, empty.status, empty.text]).toEqual([b, status, ""]);
      expect(empty.headers.get("content-type")).toBeNull();
    }
});

line("5.38 5.39 5.42 5.48", ".http chooses and checks the content type of its body", async () => {
  const { path } = await webAction("function main(a) { return a.r; }");
  const send = (r: object) => ask("POST", path, { ...ANONYMOUS, body: { r } });
  const text = await send({ body: "ü" });
  expect([text.status, text.text]).toEqual([200, "ü"]);
  expect(text.headers.get("content-type")).toMatch(/^text\/html; charset=UTF-8$/i);
  const json = await send({ body: { a: 1 } });
  expect(json.json).toEqual({ a: 1 });
  expect(json.status).toBe(200);
  expect(json.headers.get("content-type")).toMatch(/^application\/json/);
  const linked = await send({ body: [1], headers: { "content-type": "application/ld+json" } });
  expect([linked.json, linked.headers.get("content-type")]).toEqual([[1], "application/ld+json"]);
  expect(await send({ body: { a: 1 }, headers: { "content-type": "text/html" } })).toMatchObject({
    status: 400,
    json: { error: "Response type in header did not match generated content type." },
  });
  expect(await send({ body: "x", headers: { "content-type": "rubbish" } })).toMatchObject({
    status: 400,
    json: { error: "Response did not specify a known content-type." },
  });
  const css = await send({ body: "a{}", headers: { "Content-Type": "text/css" } });
  expect(css.headers.get("content-type")).toMatch(/^text\/css; charset=UTF-8$/i);
});

line("5.40 5.41", ".http decodes base64 for binary types, and for JSON types that look like it", async () => {
  const { path } = await webAction("function main(a) { return a.r; }");
  const png = await ask("POST", path, {
    ...ANONYMOUS,
    body: { r: { body: "QUJD", headers: { "content-type": "image/png" } } },
  });
  expect(png).toMatchObject({ status: 200, text: "ABC" });
  expect(png.headers.get("content-type")).toBe("image/png");
  for (const type of ["image/svg+xml", "image/svg+xml; charset=utf-8", "application/yaml"]) {
    const body = Buffer.from("<svg>é</svg>").toString("base64").replace(/=+$/, "");
    const picture = await ask("POST", path, { ...ANONYMOUS, body: { r: { body, headers: { "content-type": type } } } });
    expect(picture).toMatchObject({ status: 200, text: "<svg>é</svg>" });
    expect(picture.headers.get("content-type")).toBe(type.split(";")[0]);
  }
  const wrong = await ask("POST", path, {
    ...ANONYMOUS,
    body: { r: { body: "no!", headers: { "content-type": "image/png" } } },
  });
  expect(wrong).toMatchObject({
    status: 400,
    json: { error: "Response type in header did not match generated content type." },
  });
  const legacy = Buffer.from('{"a": 1}').toString("base64");
  const json = await ask("POST", path, {
    ...ANONYMOUS,
    body: { r: { body: legacy, headers: { "content-type": "application/json" } } },
  });
  expect(json.json).toEqual({ a: 1 });
});

line("5.44", "Set-Cookie as an array is several headers", async () => {
  const { path } = await webAction(
    "function main() { return { headers: { 'Set-Cookie': ['a=1', 'b=2; Path=/'] }, body: 'x' }; }",
  );
  expect((await ask("GET", path, ANONYMOUS)).headers.getSetCookie()).toEqual(["a=1", "b=2; Path=/"]);
});

line("5.46", "HEAD runs the action and leaves the body out", async () => {
  const { path } = await webAction(
    "function main(a) { return { headers: { 'x-method': a.__ow_method }, body: 'x' }; }",
  );
  const answer = await ask("HEAD", path, ANONYMOUS);
  expect([answer.status, answer.text, answer.headers.get("x-method")]).toEqual([200, "", "head"]);
});

line("5.49", "the rest of the path does not project into the result", async () => {
  const { path } = await webAction("function main() { return { body: { deep: { er: 1 } } }; }");
  expect((await ask("GET", `${path}.http/deep/er`, ANONYMOUS)).json).toEqual({ deep: { er: 1 } });
});

line(
  "9.01 9.09",
  "a minute is the clock's: what is refused until it ends is answered in the next",
  async () => {
    expect(await nextMinute).toEqual([200, 429, 429, 200]);
  },
  { needs: "admin" },
);

line("5.08 5.31", "what is not ready within a minute is 202, with the id, and goes on", async () => {
  const answer = await slow;
  expect(answer.status).toBe(202);
  expect(answer.json).toEqual({ error: "Response not yet ready.", code: expect.any(String) });
  const id = answer.headers.get("x-openwhisk-activation-id") ?? "";
  expect((await recordOf(id)).response.result).toEqual({ body: "late" });
});
