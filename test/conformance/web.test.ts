// What web actions are asked, by whom, and what they get: parity section 5. What they answer is in web-answers.test.ts.

import { request } from "undici";
import { expect } from "vitest";
import { apiUrl, ask, code, ECHO, fresh, key, type Loose, line, make, namespace, recordOf, useApi } from "./suite.ts";
import { ANONYMOUS, web, webAction } from "./web-actions.ts";

await useApi();

line("5.09 5.15", "a body without a type is one of bytes, and its headers say so", async () => {
  const { path } = await webAction(ECHO);
  const answer = await fetch(`${apiUrl()}${path}.json`, { method: "POST", body: Uint8Array.from([255, 0]) });
  expect(await answer.json()).toMatchObject({
    __ow_headers: { "content-type": "application/octet-stream" },
    __ow_body: Buffer.from([255, 0]).toString("base64"),
  });
  expect((await ask("GET", `${path}.json`, ANONYMOUS)).json.__ow_headers).not.toHaveProperty("content-type");
});

line(
  "5.09",
  "of a header that comes twice an action gets all values in one text: the platform beneath joins them",
  async () => {
    const { path } = await webAction(ECHO);
    const { body } = await request(`${apiUrl()}${path}.json`, { headers: { "x-twice": ["1", "2"] } });
    expect(await body.json()).toMatchObject({ __ow_headers: { "x-twice": "1, 2" } });
  },
);

line("5.01 5.06", "every verb reaches a web action without credentials, but OPTIONS", async () => {
  const { path } = await webAction("function main(a) { return { body: a.__ow_method }; }");
  for (const verb of ["GET", "POST", "PUT", "DELETE", "PATCH"]) {
    const answer = await ask(verb, path, ANONYMOUS);
    expect([verb, answer.status, answer.text]).toEqual([verb, 200, verb.toLowerCase()]);
  }
});

line("5.02 5.04", "known extensions choose the form, others belong to the name", async () => {
  const { path } = await webAction(
    "function main() { return { json: 1, html: '<b>', svg: '<svg/>', text: 'plain', body: undefined }; }",
  );
  expect((await ask("GET", `${path}.json`, ANONYMOUS)).json).toMatchObject({ json: 1 });
  expect((await ask("GET", `${path}.html`, ANONYMOUS)).text).toBe("<b>");
  expect((await ask("GET", `${path}.svg`, ANONYMOUS)).text).toBe("<svg/>");
  expect((await ask("GET", `${path}.text`, ANONYMOUS)).text).toBe("plain");
  expect((await ask("GET", `${path}.http`, ANONYMOUS)).status).toBe(204);
  expect((await ask("GET", `${path}.xml`, ANONYMOUS)).status).toBe(404);
  const rest = await webAction("function main(a) { return { body: a.__ow_path }; }");
  expect((await ask("GET", `${rest.path}.http/x/y.json`, ANONYMOUS)).text).toBe("/x/y.json");
});

line("5.03 5.50", "what is missing or not exported is 404, for its owner as well", async () => {
  const name = fresh("private");
  await make(`actions/${name}`, code(ECHO));
  const base = `/api/v1/web/${namespace(1)}`;
  for (const path of [
    `${base}/default/${name}`,
    `${base}/default/nobody`,
    `${base}/nobody/${name}`,
    "/api/v1/web/nobody-at-all/default/x",
  ]) {
    for (const options of [ANONYMOUS, {}])
      expect([path, await ask("GET", path, options)]).toEqual([
        path,
        expect.objectContaining({
          status: 404,
          json: { error: "The requested resource does not exist.", code: expect.any(String) },
        }),
      ]);
  }
  for (const value of ["true", 1, "yes", {}, [true], null, false]) {
    await make(`actions/${name}`, code(ECHO, { annotations: [{ key: "web-export", value }] }));
    for (const options of [ANONYMOUS, {}])
      expect([value, (await ask("GET", `${base}/default/${name}.json`, options)).status]).toEqual([value, 404]);
  }
  await make(`actions/${name}`, code(ECHO, web()));
  expect((await ask("GET", `${base}/default/${name}.json`, ANONYMOUS)).status).toBe(200);
});

line("5.06 5.10", "credentials add __ow_user, invalid ones fall back to anonymous", async () => {
  const { path } = await webAction("function main(a) { return { body: { user: a.__ow_user || null } }; }");
  expect((await ask("GET", `${path}.http`)).json).toEqual({ user: namespace(1) });
  expect((await ask("GET", path, { key: key(2) })).json).toEqual({ user: namespace(2) });
  expect((await ask("GET", path, { key: "nobody:nothing" })).json).toEqual({ user: null });
  expect((await ask("GET", path, ANONYMOUS)).json).toEqual({ user: null });
});

line("5.07 5.47", "the owner's namespace keeps the activation, named in a header", async () => {
  const { path } = await webAction(ECHO);
  const answer = await ask("GET", `${path}.json`, { key: key(2) });
  const id = answer.headers.get("x-openwhisk-activation-id") ?? "";
  expect((await recordOf(id)).namespace).toBe(namespace(1));
});

line("5.09", "method, headers and path are always added", async () => {
  const { path } = await webAction(ECHO);
  const { json } = await ask("POST", `${path}.json/a%20b/c`, {
    ...ANONYMOUS,
    body: {},
    headers: { "X-Mixed-Case": "Yes" },
  });
  expect(json).toMatchObject({
    __ow_method: "post",
    __ow_headers: { "x-mixed-case": "Yes", "content-type": expect.stringContaining("json") },
  });
  expect(json.__ow_path).toBe("/a%20b/c");
  expect((await ask("GET", `${path}.json`, ANONYMOUS)).json.__ow_path).toBe("");
});

line("5.11 5.12 5.13", "query, JSON and form bodies are merged, the body winning", async () => {
  const { path } = await webAction(ECHO);
  const merged = await ask("POST", `${path}.json?a=1&b=2&b=3`, { ...ANONYMOUS, text: '{"a":{"n":1}}' });
  expect(merged.json).toMatchObject({ a: { n: 1 }, b: "3" });
  const form = await ask("POST", `${path}.json?a=1`, {
    ...ANONYMOUS,
    text: "a=x+y&c=%26",
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  expect(form.json).toMatchObject({ a: "x y", c: "&" });
  const plusJson = await ask("POST", `${path}.json`, {
    ...ANONYMOUS,
    text: '{"p":1}',
    headers: { "content-type": "application/ld+json" },
  });
  expect(plusJson.json).toMatchObject({ p: 1 });
});

line("5.14 5.15", "other bodies arrive as __ow_body: JSON as it is, text as text, bytes as base64", async () => {
  const { path } = await webAction(ECHO);
  const send = (text: string | Uint8Array, type: string) =>
    ask("POST", `${path}.json`, { ...ANONYMOUS, text, headers: { "content-type": type } });
  expect((await send("[1,2]", "application/json")).json.__ow_body).toEqual([1, 2]);
  for (const [text, type] of [
    ["7", "application/json"],
    ['"x"', "application/json; charset=utf-8"],
    ["true", "application/ld+json"],
    ["null", "application/json"],
  ] as const)
    expect([text, (await send(text, type)).json.__ow_body]).toEqual([text, JSON.parse(text)]);
  expect((await send("hey", "text/plain")).json.__ow_body).toBe("hey");
  expect((await send(new Uint8Array([0, 1, 255]), "application/octet-stream")).json.__ow_body).toBe("AAH/");
  // Of registered types each one's own flag counts, whatever charset is named; of others, whether one is named.
  for (const [type, isBytes] of [
    ["text/html", false],
    ["text/csv; charset=utf-8", false],
    ["application/xml", false],
    ["application/javascript", false],
    ["application/base64", false],
    ["image/svg+xml", true],
    ["image/svg+xml; charset=utf-8", true],
    ["image/png; charset=utf-8", true],
    ["application/pdf", true],
    ["multipart/form-data; boundary=x", true],
    ["message/http", true],
    ["application/yaml", true],
    ["application/yaml; charset=utf-8", false],
    ["text/x-of-ours", true],
    ["text/x-of-ours; charset=utf-8", false],
    ["image/x-of-ours; charset=utf-8", false],
  ] as const)
    expect([type, (await send("a: 1", type)).json.__ow_body]).toEqual([type, isBytes ? "YTogMQ==" : "a: 1"]);
});

line("5.16 5.17", "request arguments override parameters unless they are final or reserved", async () => {
  const parameters = [{ key: "p", value: "default" }];
  const open = await webAction(ECHO, { more: { parameters } });
  expect((await ask("GET", `${open.path}.json?p=mine`, ANONYMOUS)).json.p).toBe("mine");
  const final = await webAction(ECHO, { annotations: [{ key: "final", value: true }], more: { parameters } });
  for (const answer of [
    await ask("GET", `${final.path}.json?p=mine`, ANONYMOUS),
    await ask("POST", `${final.path}.json`, { ...ANONYMOUS, body: { q: 1, p: "mine" } }),
  ]) {
    expect(answer.status).toBe(400);
    expect(answer.json.error).toBe("Request defines parameters that are not allowed (e.g., reserved properties).");
  }
  expect((await ask("GET", `${final.path}.json?q=mine`, ANONYMOUS)).json).toMatchObject({ p: "default", q: "mine" });
  for (const name of ["__ow_method", "__ow_headers", "__ow_path", "__ow_user", "__ow_query", "__ow_body"]) {
    expect((await ask("GET", `${open.path}.json?${name}=x`, ANONYMOUS)).status).toBe(400);
    expect((await ask("POST", `${open.path}.json`, { ...ANONYMOUS, body: { [name]: 1 } })).status).toBe(400);
  }
});

line("5.18", "raw actions get query and body as they are", async () => {
  const annotations = ["raw-http", "final"].map((name) => ({ key: name, value: true }));
  const { path } = await webAction(ECHO, { annotations, more: { parameters: [{ key: "a", value: "frozen" }] } });
  const json = await ask("POST", `${path}.json?a=1&__ow_user=x`, { ...ANONYMOUS, text: '{"b":1}' });
  expect(json.json).toMatchObject({
    __ow_query: "a=1&__ow_user=x",
    __ow_body: Buffer.from('{"b":1}').toString("base64"),
  });
  expect(json.json.a).toBe("frozen");
  for (const [text, type, told] of [
    ["hey", "text/plain", "hey"],
    ["a=1&b=%20", "application/x-www-form-urlencoded", "a=1&b=%20"],
    ['{"a":1}', "application/ld+json", "eyJhIjoxfQ=="],
    ['{"a":1}', "application/ld+json; charset=utf-8", '{"a":1}'],
    [Uint8Array.from([0, 255]), "application/octet-stream", "AP8="],
    ["<svg/>", "image/svg+xml", Buffer.from("<svg/>").toString("base64")],
  ] as const) {
    const answer = await ask("POST", `${path}.json`, { ...ANONYMOUS, text, headers: { "content-type": type } });
    expect([type, answer.json.__ow_body, answer.json.a, answer.json.b]).toEqual([type, told, "frozen", undefined]);
  }
  expect((await ask("GET", `${path}.json`, ANONYMOUS)).json).toMatchObject({ __ow_query: "", __ow_body: "" });
});

line("5.20 5.21 5.22", "an empty JSON body is none, a malformed one 400, a large one 413", async () => {
  const { path } = await webAction(ECHO);
  expect((await ask("POST", `${path}.json`, { ...ANONYMOUS, text: "" })).status).toBe(200);
  for (const text of ["{", '{"a":1}}', "{'a':1}", "\u0000"])
    for (const type of ["application/json", "application/ld+json"]) {
      const answer = await ask("POST", `${path}.json`, { ...ANONYMOUS, text, headers: { "content-type": type } });
      expect([text, type, answer.status]).toEqual([text, type, 400]);
      expect(answer.json.error).toMatch(/^The request content was malformed:\n./);
    }
  const large = await ask("POST", `${path}.json`, { ...ANONYMOUS, body: { x: "y".repeat(1024 * 1024) } });
  expect(large.status).toBe(413);
  expect(large.json.error).toBe("Request larger than allowed: 1048584 > 1048576 bytes.");
});

line("5.23", "a string or number in require-whisk-auth must come in the header", async () => {
  for (const [secret, header] of [
    ["s3cret", "s3cret"],
    [4711, "4711"],
  ] as const) {
    const { path } = await webAction(ECHO, { annotations: [{ key: "require-whisk-auth", value: secret }] });
    expect((await ask("GET", `${path}.json`, ANONYMOUS)).status).toBe(401);
    expect(
      (await ask("GET", `${path}.json`, { ...ANONYMOUS, headers: { "x-require-whisk-auth": "wrong" } })).status,
    ).toBe(401);
    expect(
      (await ask("GET", `${path}.json`, { ...ANONYMOUS, headers: { "x-require-whisk-auth": header } })).status,
    ).toBe(200);
  }
});

line("5.24 5.25", "true asks for valid credentials, false for none, anything else refuses", async () => {
  const yes = await webAction(ECHO, { annotations: [{ key: "require-whisk-auth", value: true }] });
  expect((await ask("GET", `${yes.path}.json`, ANONYMOUS)).status).toBe(401);
  expect((await ask("GET", `${yes.path}.json`, { key: "x:y" })).status).toBe(401);
  expect((await ask("GET", `${yes.path}.json`, { key: key(2) })).status).toBe(200);
  const no = await webAction(ECHO, { annotations: [{ key: "require-whisk-auth", value: false }] });
  expect((await ask("GET", `${no.path}.json`, ANONYMOUS)).status).toBe(200);
  const odd = await webAction(ECHO, { annotations: [{ key: "require-whisk-auth", value: { a: 1 } }] });
  expect((await ask("GET", `${odd.path}.json`)).status).toBe(401);
});

line("5.26", "default CORS headers stand on every answer, echoing what was asked for", async () => {
  const { path } = await webAction(ECHO);
  const answer = await ask("GET", `${path}.json`, {
    ...ANONYMOUS,
    headers: { "access-control-request-headers": "x-foo, x-bar" },
  });
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(answer.headers.get("access-control-allow-methods")).toBe("OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH");
  expect(answer.headers.get("access-control-allow-headers")).toBe("x-foo, x-bar");
  for (const [status, plain] of [
    [200, await ask("GET", `${path}.json`, ANONYMOUS)],
    [200, await ask("OPTIONS", path, ANONYMOUS)],
    [400, await ask("GET", `${path}.html`, ANONYMOUS)],
    [400, await ask("GET", `${path}.json?__ow_user=x`, ANONYMOUS)],
  ] as const) {
    expect([plain.status, plain.headers.get("access-control-allow-origin")]).toEqual([status, "*"]);
    expect(plain.headers.get("access-control-allow-headers")).toBe(
      "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent",
    );
  }
});

line("5.27", "OPTIONS is answered without the action, even where auth is required", async () => {
  const { path, name } = await webAction(ECHO, { annotations: [{ key: "require-whisk-auth", value: true }] });
  const answer = await ask("OPTIONS", `${path}.json`, ANONYMOUS);
  expect([answer.status, answer.text]).toEqual([200, ""]);
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  // When the record of a later call is there, one of that would be.
  const id = (await ask("GET", `${path}.json`)).headers.get("x-openwhisk-activation-id") ?? "";
  await recordOf(id);
  const { json } = await ask("GET", `activations?name=${name}`);
  expect(json.map((each: Loose) => each.activationId)).toEqual([id]);
});

line("5.28", "with web-custom-options the action answers OPTIONS and its own CORS headers", async () => {
  const { path } = await webAction(
    "function main(a) { return { headers: { 'Access-Control-Allow-Origin': 'https://mine', 'x-method': a.__ow_method }, statusCode: 200, body: 'own' }; }",
    {
      annotations: [
        { key: "web-custom-options", value: true },
        { key: "require-whisk-auth", value: true },
      ],
    },
  );
  const answer = await ask("OPTIONS", path, ANONYMOUS);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("access-control-allow-origin")).toBe("https://mine");
  expect(answer.headers.get("access-control-allow-methods")).toBeNull();
  expect(answer.headers.get("x-method")).toBe("options");
});

line("5.05", "a binding serves the provider's web action with its parameters", async () => {
  const pkg = fresh("pkg");
  const bound = fresh("bound");
  await make(`packages/${pkg}`, { parameters: [{ key: "p", value: "package" }], publish: true });
  await make(`actions/${pkg}/web`, code(ECHO, web()));
  await make(`packages/${bound}`, {
    binding: { namespace: namespace(1), name: pkg },
    parameters: [{ key: "p", value: "binding" }],
  });
  expect((await ask("GET", `/api/v1/web/${namespace(1)}/${bound}/web.json`, ANONYMOUS)).json).toMatchObject({
    p: "binding",
  });
});

line("3.53 5.05", "annotations of a package or a binding export nothing", async () => {
  const pkg = fresh("pkg");
  const bound = fresh("bound");
  const annotations = [{ key: "web-export", value: true }];
  await make(`packages/${pkg}`, { annotations });
  await make(`actions/${pkg}/plain`, code(ECHO));
  await make(`packages/${bound}`, {
    binding: { namespace: namespace(1), name: pkg },
    annotations,
  });
  for (const each of [pkg, bound])
    expect((await ask("GET", `/api/v1/web/${namespace(1)}/${each}/plain.json`, ANONYMOUS)).status).toBe(404);
});

line("5.19", "the annotations the command line sets for --web mean what it says", async () => {
  const forms = { true: [true, false, true], raw: [true, true, true], no: [false, false, false] };
  for (const [form, [exported, raw, final]] of Object.entries(forms)) {
    const name = fresh("cli");
    const annotations = [
      { key: "web-export", value: exported },
      { key: "raw-http", value: raw },
      { key: "final", value: final },
    ];
    await make(`actions/${name}`, code(ECHO, { annotations, parameters: [{ key: "p", value: "mine" }] }));
    const path = `/api/v1/web/${namespace(1)}/default/${name}.json`;
    const plain = await ask("GET", `${path}?q=1`, ANONYMOUS);
    const frozen = await ask("GET", `${path}?p=yours`, ANONYMOUS);
    expect([form, plain.status, plain.json.q, frozen.status]).toEqual(
      form === "no"
        ? [form, 404, undefined, 404]
        : form === "raw"
          ? [form, 200, undefined, 200]
          : [form, 200, "1", 400],
    );
  }
});
