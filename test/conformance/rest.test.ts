// Credentials, namespaces, generic HTTP behaviour and paging: parity 1.1, 1.2, 2.1, 2.2.

import { expect } from "vitest";
import { withinOneMinute } from "../support/minutes.ts";
import { type Answer, ask, code, ECHO, fresh, key, line, make, namespace, tenant, useApi } from "./suite.ts";

await useApi();

const NS = "/api/v1/namespaces";
const uuid = (which: 1 | 2) => key(which).split(":")[0];

line("1.01", "everything below /namespaces wants the key as user and password of HTTP Basic", async () => {
  const known: Record<string, string[]> = {
    "": ["GET", "POST"],
    ...Object.fromEntries(["packages", "activations", "limits"].map((each) => [`/_/${each}`, ["GET", "POST"]])),
    ...Object.fromEntries(["actions", "triggers", "rules"].map((each) => [`/_/${each}`, ["GET", "PUT"]])),
    "/_/packages/x": ["GET", "PUT", "DELETE"],
    ...Object.fromEntries(
      ["actions/x", "actions/x/y", "triggers/x", "rules/x"].map((each) => [
        `/_/${each}`,
        ["GET", "PUT", "POST", "DELETE"],
      ]),
    ),
    ...Object.fromEntries(["", "/logs", "/result"].map((each) => [`/_/activations/${"0".repeat(32)}${each}`, ["GET"]])),
  };
  const [user = "", password = ""] = key(1).split(":");
  const encoded = Buffer.from(key(1)).toString("base64");
  for (const [path, verbs] of Object.entries(known))
    for (const verb of verbs) {
      const answer = await ask(verb, NS + path, { key: null, ...(verb === "GET" ? {} : { body: {} }) });
      expect([verb, path, answer.status]).toEqual([verb, path, 401]);
    }
  for (const [authorization, status] of [
    [`Basic ${encoded}`, 200],
    [`basic ${encoded}`, 200],
    [`Bearer ${encoded}`, 401],
    [encoded, 401],
    [`Basic ${key(1)}`, 401],
    [`Basic ${Buffer.from(`${password}:${user}`).toString("base64")}`, 401],
  ] as const)
    expect([authorization, (await ask("GET", NS, { key: null, headers: { authorization } })).status]).toEqual([
      authorization,
      status,
    ]);
});

line("1.05 2.03", "missing credentials are 401 with the challenge and a JSON error", async () => {
  const answer = await ask("GET", `${NS}/_/actions`, { key: null });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe('Basic realm="OpenWhisk secure realm"');
  expect(answer.json).toEqual({
    error: "The resource requires authentication, which was not supplied with the request",
    code: expect.any(String),
  });
});

line("1.02 1.03 1.04 1.06", "wrong, unknown and short secrets are all the same 401", async () => {
  for (const wrong of [
    `${uuid(1)}:${"x".repeat(64)}`,
    `nobody:${"x".repeat(64)}`,
    `${uuid(1)}:short`,
    "a:b",
    "no-colon",
  ]) {
    const answer = await ask("GET", `${NS}/_/actions`, { key: wrong });
    expect(answer).toMatchObject({ status: 401, json: { error: "The supplied authentication is invalid" } });
    expect(answer.headers.get("www-authenticate")).toBe('Basic realm="OpenWhisk secure realm"');
  }
});

line("1.08", "401 comes before 404", async () => {
  expect((await ask("GET", `${NS}/_/nothing/here`, { key: null })).status).toBe(401);
});

line("1.19 1.21", "the caller's namespace is listed, and _ stands for it", async () => {
  for (const path of [NS, `${NS}/`])
    expect(await ask("GET", path)).toMatchObject({ status: 200, json: [namespace(1)] });
  const name = fresh("under");
  await make(`actions/${name}`, code(ECHO));
  expect((await ask("GET", `${NS}/${namespace(1)}/actions/${name}`)).json.name).toBe(name);
  expect((await ask("GET", `actions/${name}`, { key: key(2) })).status).toBe(404);
});

line("1.22 1.23", "namespaces know GET only, and no single form", async () => {
  for (const verb of ["PUT", "POST", "DELETE"]) expect((await ask(verb, NS, { body: {} })).status).toBe(405);
  expect((await ask("GET", `${NS}/${namespace(1)}`)).status).toBe(404);
});

line("1.24 1.25", "the limits of the caller are shown with the system's, each in the same form", async () => {
  const { status, json } = await ask("GET", "limits");
  expect(status).toBe(200);
  // A count is named where it is enforced, and nowhere else: the system's, for whoever has none of its own.
  const system = (await ask("GET", "/", { key: null })).json.limits;
  for (const [name, shown] of [
    ["invocationsPerMinute", "actions_per_minute"],
    ["concurrentInvocations", "concurrent_actions"],
    ["firesPerMinute", "triggers_per_minute"],
    ["maxActionInstances", "concurrent_actions"],
  ] as const)
    expect([name, json[name]]).toEqual([name, system[shown]]);
  // MB and ms.
  expect(json).toMatchObject({
    ...{ minActionMemory: 128, minActionLogs: 0, maxActionLogs: 10, minActionTimeout: 100, maxActionTimeout: 300_000 },
    ...{ maxActionMemory: expect.any(Number), minActionConcurrency: 1, maxActionConcurrency: expect.any(Number) },
  });
  expect(json.maxParameterSize).toMatch(/^\d+ [KMG]?B$/);
});

line(
  "1.24 1.25",
  "what is announced is what is enforced: as many calls as are shown, and no more",
  async () => {
    const owner = await tenant({ invocationsPerMinute: 3, firesPerMinute: 2 });
    const { json } = await ask("GET", "limits", { key: owner.key });
    expect(json).toMatchObject({ invocationsPerMinute: 3, firesPerMinute: 2 });
    await ask("PUT", "actions/counted", { key: owner.key, body: code(ECHO) });
    await ask("PUT", "triggers/counted", { key: owner.key, body: {} });
    for (const [path, allowed] of [
      ["actions/counted", json.invocationsPerMinute],
      ["triggers/counted", json.firesPerMinute],
    ] as const) {
      const statuses = await withinOneMinute(async () => {
        const heard: number[] = [];
        for (let each = 0; each <= allowed; each++)
          heard.push((await ask("POST", path, { key: owner.key, body: {} })).status);
        return heard;
      });
      expect([path, statuses.map((status) => status === 429)]).toEqual([path, [...Array(allowed).fill(false), true]]);
    }
  },
  { needs: "admin" },
);

line("1.26", "limits know GET only and nothing below", async () => {
  for (const verb of ["PUT", "POST", "DELETE"]) expect((await ask(verb, "limits", { body: {} })).status).toBe(405);
  expect((await ask("GET", "limits/inner")).status).toBe(400);
});

line("1.46 1.47", "activations know GET only, actions no PATCH", async () => {
  for (const verb of ["PUT", "POST", "DELETE"])
    expect([verb, (await ask(verb, "activations", { body: {} })).status]).toEqual([verb, 405]);
  expect((await ask("PATCH", `actions/${fresh("x")}`, { body: {} })).status).toBe(405);
});

line("2.01 2.02", "collections answer with and without a trailing slash", async () => {
  for (const path of ["actions", "actions/", "activations", "activations/"])
    expect([path, (await ask("GET", path)).status]).toEqual([path, 200]);
});

line("9.15", "what a client says of its namespace in a header changes nothing", async () => {
  const headers = { "x-namespace-id": "somebody-else" };
  const answer = await ask("GET", NS, { headers });
  expect([answer.status, answer.json]).toEqual([200, [namespace(1)]]);
  expect((await ask("GET", "actions?limit=1", { headers })).status).toBe(200);
});

line("2.05", "a request id is taken over unless it is an internal one, and always answered", async () => {
  const given = await ask("GET", NS, { headers: { "x-request-id": "my-id-1" } });
  expect(given.headers.get("x-request-id")).toBe("my-id-1");
  const long = "x".repeat(4_000);
  expect((await ask("GET", NS, { headers: { "x-request-id": long } })).headers.get("x-request-id")).toBe(long);
  const inner = await ask("GET", NS, { headers: { "x-request-id": "sid_test" } });
  expect(inner.headers.get("x-request-id")).not.toBe("sid_test");
  expect((await ask("GET", NS)).headers.get("x-request-id")).toMatch(/^[a-zA-Z0-9]{32}$/);
  const error = await ask("GET", `actions/${fresh("none")}`, { headers: { "x-request-id": "my-id-2" } });
  expect(error.json.code).toBe("my-id-2");
});

line("2.08 2.09", "framework errors are JSON errors too", async () => {
  const name = fresh("x");
  const malformed = await ask("PUT", `actions/${name}`, { text: "{" });
  expect(malformed.status).toBe(400);
  expect(malformed.json.error).toMatch(/^The request content was malformed:\n/);
  expect((await ask("PUT", `actions/${name}`)).status).toBe(400);
  expect(await ask("GET", `actions/${name}`)).toMatchObject({
    status: 404,
    json: { error: "The requested resource does not exist.", code: expect.any(String) },
  });
  const missing = fresh("none");
  expect((await ask("GET", `packages/${missing}`)).json.error).toBe(
    `The requested resource '${namespace(1)}/${missing}' does not exist.`,
  );
  // An empty name is none: nothing is there to be written.
  for (const collection of ["actions", `actions/${missing}`, "packages", "triggers", "rules"])
    expect([collection, await ask("PUT", `${collection}/`, { body: {} })]).toEqual([
      collection,
      expect.objectContaining({ status: 404 }),
    ]);
  const unknown = await ask("GET", "nothings");
  expect([unknown.status, typeof unknown.json.error, typeof unknown.json.code]).toEqual([404, "string", "string"]);
  expect((await ask("PUT", `actions/${name}`, { text: "x", headers: { "content-type": "text/plain" } })).status).toBe(
    415,
  );
});

line("2.10", "an invoke takes no body or an object, nothing else", async () => {
  const name = fresh("body");
  await make(`actions/${name}`, code(ECHO));
  const post = (options: object) => ask("POST", `actions/${name}?blocking=true`, options);
  expect((await post({})).status).toBe(200);
  expect((await post({ text: "" })).status).toBe(200);
  expect((await post({ body: {} })).status).toBe(200);
  for (const text of ["[1]", "1", '"x"', "null", "{"])
    expect([text, (await post({ text })).status]).toEqual([text, 400]);
});

line("2.12", "an Accept that excludes JSON is 406", async () => {
  const answer = await ask("GET", "actions", { headers: { accept: "text/css" } });
  expect(answer.status).toBe(406);
  expect(answer.json.error).toMatch(/^Resource representation is only available with these types:\napplication\/json/);
});

line("2.13 2.14", "CORS headers stand on answers, and OPTIONS needs no credentials", async () => {
  const preflight = {
    key: null,
    headers: { origin: "https://elsewhere.test", "access-control-request-method": "PUT" },
  };
  for (const answer of [
    await ask("GET", NS),
    await ask("OPTIONS", `${NS}/_/actions/any/thing`, { key: null }),
    await ask("OPTIONS", NS, preflight),
    await ask("OPTIONS", `${NS}/nobody/triggers/none`, preflight),
    await ask("OPTIONS", "limits", preflight),
    await ask("OPTIONS", "/api/v1", preflight),
    await ask("OPTIONS", "/api/v1/no/such/path?x=1", preflight),
    // A wrong key is not looked at either.
    await ask("OPTIONS", `${NS}/_/activations/`, { key: "a:b" }),
  ]) {
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-headers")).toBe(
      "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent",
    );
    expect(answer.headers.get("access-control-allow-methods")).toBe("GET, DELETE, POST, PUT, HEAD");
  }
});

line(
  "2.31",
  "a list has 30 items unless told otherwise, from the first; limit 0 stands for 200, the most",
  async () => {
    const { key } = await tenant();
    for (let at = 0; at < 201; at += 20)
      await Promise.all(
        Array.from({ length: Math.min(20, 201 - at) }, (_, n) =>
          ask("PUT", `triggers/t${at + n}`, { key, body: {} }).then(({ status }) => expect(status).toBe(200)),
        ),
      );
    const listed = async (query: string) =>
      (await ask("GET", `triggers${query}`, { key })).json.map((each: { name: string }) => each.name);
    const all = await listed("?limit=0");
    expect(all).toHaveLength(200);
    for (const [query, from, to] of [
      ["", 0, 30],
      ["?skip=0", 0, 30],
      ["?skip=5", 5, 35],
      ["?limit=1", 0, 1],
      ["?limit=200", 0, 200],
    ] as const)
      expect([query, await listed(query)]).toEqual([query, all.slice(from, to)]);
    expect(await listed("?limit=0&skip=200")).toHaveLength(1);
  },
  { needs: "admin" },
);

line("2.32 2.33 2.34", "limit and skip out of bounds are 400 with their texts", async () => {
  for (const collection of ["actions", "activations"]) {
    const error = async (query: string) => (await ask("GET", `${collection}?${query}`)).json.error;
    const said = (name: string, why: string) =>
      `The query parameter '${name}' was malformed:\n${why} for ${collection}.`;
    for (const limit of [-1, 201])
      expect(await error(`limit=${limit}`)).toBe(said("limit", `The value '${limit}' is not in the range of 0 to 200`));
    expect(await error("skip=-1")).toBe(said("skip", "The value '-1' is not greater than or equal to 0"));
    for (const name of ["limit", "skip"])
      expect(await error(`${name}=x`)).toBe(said(name, "The value 'x' is not an integer"));
  }
});

line("2.35 2.36 2.37", "count, order and unknown parameters", async () => {
  const names = [fresh("one"), fresh("two"), fresh("three")];
  for (const name of names) {
    await make(`actions/${name}`, code(ECHO));
    await new Promise((done) => setTimeout(done, 5));
  }
  const total = (await ask("GET", "actions?count=true&unknown=x")).json;
  expect(Object.keys(total)).toEqual(["actions"]);
  expect((await ask("GET", "actions?count=true&skip=1&limit=1")).json.actions).toBe(total.actions - 1);
  expect((await ask("GET", "actions?count=true&skip=100000")).json.actions).toBe(0);
  const listed = (await ask("GET", "actions?limit=3")).json.map((each: { name: string }) => each.name);
  expect(listed).toEqual([...names].reverse());
});

line("2.38", "what holds nothing lists as an empty array", async () => {
  for (const collection of ["triggers", "rules"]) {
    expect(await ask("GET", `${collection}?limit=0&skip=100000`)).toMatchObject({ status: 200, json: [] });
    expect((await ask("GET", `${collection}?count=true&skip=100000`)).json).toEqual({ [collection]: 0 });
  }
  expect(await ask("GET", `activations?name=${fresh("none")}`)).toMatchObject({ status: 200, json: [] });
});

line("12.77", "aio finds the log forwarding it asks for", async () => {
  expect((await ask("GET", `/runtime/namespaces/${namespace(1)}/logForwarding`)).status).toBe(200);
});

line("2.03 2.04", "every error carries a text and a transaction id, as JSON, and says why", async () => {
  const name = fresh("err");
  await make(`actions/${name}`, code(ECHO));
  const cases: [number, Promise<Answer>][] = [
    [401, ask("GET", `${NS}/_/actions`, { key: null })],
    [403, ask("GET", `${NS}/${namespace(2)}/actions`)],
    [404, ask("GET", `actions/${fresh("none")}`)],
    [404, ask("GET", "nothings/at/all")],
    [405, ask("PATCH", `actions/${name}`, { body: {} })],
    [405, ask("DELETE", "actions")],
    [406, ask("GET", "actions", { headers: { accept: "image/png" } })],
    [409, ask("PUT", `actions/${name}`, { body: code(ECHO) })],
    [413, ask("POST", `actions/${name}`, { body: { x: "y".repeat(1024 * 1024) } })],
    [415, ask("POST", `actions/${name}`, { text: "{}", headers: { "content-type": "text/plain" } })],
    [400, ask("POST", `actions/${name}`, { text: "[" })],
  ];
  for (const [status, asked] of cases) {
    const answer = await asked;
    expect(answer).toMatchObject({
      status,
      json: { error: expect.stringMatching(/./), code: expect.stringMatching(/./) },
    });
    expect(Object.keys(answer.json).sort()).toEqual(["code", "error"]);
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(answer.json.code).toBe(answer.headers.get("x-request-id"));
  }
});

line("2.15", "addresses over 8 KB and bodies over 50 MB are refused", async () => {
  const long = await ask("GET", `actions?x=${"y".repeat(8_300)}`);
  expect(long).toMatchObject({ status: 414, json: { error: expect.any(String), code: expect.any(String) } });
  const short = await ask("GET", `actions?x=${"y".repeat(7_500)}`);
  expect(short.status).toBe(200);
  const large = await ask("PUT", `actions/${fresh("big")}`, { text: new Uint8Array(50 * 1024 * 1024 + 1).fill(32) });
  expect(large.status).toBe(413);
});

line("2.16", "HEAD does not stand for GET", async () => {
  for (const path of ["/", NS, `${NS}/_/actions`])
    expect([path, (await ask("HEAD", path)).status]).toEqual([path, 405]);
});

line("2.08", "a broken escape in the address is a 400, before everything", async () => {
  for (const path of [`${NS}/_/actions/%zz`, `${NS}/_/actions/a%`, "/nowhere/%1", "/api/v1/web/a/b/c?x=%zz"]) {
    for (const key of [null, undefined]) {
      const answer = await ask("GET", path, key === null ? { key } : {});
      expect([path, answer.status, typeof answer.json.error]).toEqual([path, 400, "string"]);
    }
  }
});
