// Web actions in workerd: who may call from where, and what an action may answer without breaking the platform.

import { beforeAll, describe, expect, it } from "vitest";
import type { Action, Parameter } from "../../../src/entities/action.ts";
import { ask, GUEST_KEY, putAction } from "../../support/client.worker.ts";
import { FakeHost, platform, ran } from "../../support/fake-host.worker.ts";
import { withinOneMinute } from "../../support/minutes.ts";
import { answer, clientOf, newClient, send } from "../platform.worker.ts";

const WEB = "/api/v1/web/guest/default";
const EXPORTED: Parameter = { key: "web-export", value: "true" };
const note = (key: string, value: string): Parameter => ({ key, value });

let host: FakeHost;
let counter = 0;

beforeAll(async () => {
  host = await FakeHost.dial({
    answer: ({ about, args }) => {
      const given = "inline" in args ? args.inline : '{"blob":true}';
      if (about.name.startsWith("never")) return "never";
      if (about.name.startsWith("says")) {
        const { say } = JSON.parse(given) as { say: unknown };
        return ran(typeof say === "string" ? say : JSON.stringify(say));
      }
      return ran(given);
    },
  });
});

/** A web action of the guest's, that answers its arguments ("echo") or what its parameter says ("says"). */
async function make(kind: string, options: { annotations?: Parameter[]; say?: unknown; more?: Partial<Action> } = {}) {
  const name = `${kind}-${counter++}`;
  const parameters = options.say === undefined ? [] : [note("say", JSON.stringify(options.say))];
  await putAction(name, { annotations: [EXPORTED, ...(options.annotations ?? [])], parameters, ...options.more });
  return name;
}

async function says(say: unknown, extension = "", init: RequestInit = {}) {
  const name = await make("says", { say });
  return answer(await platform(`${WEB}/${name}${extension}`, init));
}

describe("who may call", () => {
  it("is anybody, also a page of another origin, but a public key says nothing there", async () => {
    const name = await make("echo");
    const foreign = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
    const anonymous = await ask("GET", `${WEB}/${name}.json`, { key: null, headers: foreign });
    expect(anonymous.status).toBe(200);
    expect(anonymous.json()).not.toHaveProperty("__ow_user");
    const known = await ask("GET", `${WEB}/${name}.json`, { key: GUEST_KEY });
    expect(known.json()).toMatchObject({ __ow_user: "guest" });
    const keyed = await ask("GET", `${WEB}/${name}.json`, { key: GUEST_KEY, headers: foreign });
    expect([keyed.status, keyed.json()]).toEqual([200, expect.not.objectContaining({ __ow_user: "guest" })]);
    const closed = await make("echo", { annotations: [note("require-whisk-auth", "true")] });
    expect((await ask("GET", `${WEB}/${closed}.json`, { key: GUEST_KEY })).status).toBe(200);
    expect((await ask("GET", `${WEB}/${closed}.json`, { key: GUEST_KEY, headers: foreign })).status).toBe(401);
    const rest = await ask("GET", "/api/v1/namespaces/_/actions", { key: GUEST_KEY, headers: foreign });
    expect(rest.status).toBe(403);
  });

  it("is asked for a secret by its exact text", async () => {
    const cases: [string, string, number][] = [
      ['"s\\u00e9cret"', "s", 401],
      ['"secret"', "secret", 200],
      ['"secret"', "secret2", 401],
      ['"secret"', "", 401],
      ["9007199254740993", "9007199254740993", 200],
      ["9007199254740993", "9007199254740992", 401],
      ["null", "null", 401],
      ["[]", "[]", 401],
      ["{}", "{}", 401],
    ];
    for (const [value, key, status] of cases) {
      const name = await make("echo", { annotations: [note("require-whisk-auth", value)] });
      const { status: got } = await ask("GET", `${WEB}/${name}.json`, {
        key: null,
        headers: { "X-Require-Whisk-Auth": key },
      });
      expect([value, key, got]).toEqual([value, key, status]);
    }
  });

  it("runs into the owner's limits, not the caller's", async () => {
    const owner = await newClient({ invocationsPerMinute: 1 });
    const caller = await newClient({ invocationsPerMinute: 0 });
    await putAction("limited", { namespace: owner.namespace, annotations: [EXPORTED] });
    const headers = { Authorization: `Basic ${btoa(caller.key)}` };
    const path = `/api/v1/web/${owner.namespace}/default/limited.json`;
    let times = 0;
    const [first, second] = await withinOneMinute(async () => {
      times++;
      return [await answer(await send(path, { headers })), await answer(await send(path, { headers }))] as const;
    });
    expect([first.status, first.json.__ow_user]).toEqual([200, caller.namespace]);
    expect([second.status, second.json.error]).toEqual([429, expect.stringContaining("Too many requests")]);
    expect(second.headers.get("Access-Control-Allow-Origin")).toBe("*");
    // The record follows the answer.
    const listed = () => clientOf(owner.namespace, owner.key).call("GET", "/activations?limit=5");
    await expect.poll(async () => (await listed()).json).toHaveLength(times);
  });
});

describe("what is not there", () => {
  it("is 404, whatever the verb and whoever asks", async () => {
    await putAction("hidden");
    for (const path of [
      "guest/default/hidden",
      "guest/default/none",
      "guest/none/x",
      "nobody/default/x",
      "guest/x",
      "guest",
      "",
      "a//b",
      "%00/default/x",
      "guest/default/%E4",
      "guest/de%2Ffault/x",
    ]) {
      for (const method of ["GET", "POST", "OPTIONS", "PATCH"]) {
        const { status, headers } = await platform(`/api/v1/web/${path}`, { method });
        expect([path, method, status]).toEqual([path, method, 404]);
        expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
      }
    }
  });

  it("answers HEAD without a body and an unknown verb with 405", async () => {
    const name = await make("echo");
    expect(await (await platform(`${WEB}/none`, { method: "HEAD" })).text()).toBe("");
    expect((await platform(`${WEB}/${name}`, { method: "PROPFIND" })).status).toBe(405);
  });
});

describe("what an action answers", () => {
  it("keeps the bytes of JSON", async () => {
    const raw = '{"n":18446744073709551616, "f":1.0, "e":1e400}';
    expect((await says(raw, ".json")).text).toBe(raw);
    expect((await says(`{"body":${raw}}`)).text).toBe(raw);
    expect((await says(`{"error":${raw}}`, ".json")).text).toBe(`{"error":${raw}}`);
  });

  it("has any status the platform can send, and others are its own fault", async () => {
    for (const statusCode of [200, 201, 204, 205, 226, 302, 304, 400, 418, 444, 500, 503, 599]) {
      const { status } = await says({ statusCode, body: "x" });
      expect(status).toBe(statusCode);
    }
    for (const statusCode of [100, 101, 199, 600, 999, 1000, -1, 99, 200.5, "2e2", "", true, null, {}]) {
      const { status, json } = await says({ statusCode, body: "x" });
      expect([statusCode, status, json?.error]).toEqual([statusCode, 400, "Response is not valid 'message/http'."]);
    }
  });

  it("cannot break the answer with its headers", async () => {
    const bad = [
      { "x\r\ny": "1" },
      { x: "a\r\nSet-Cookie: b" },
      { x: "a\u0000b" },
      { "": "1" },
      { "x y": "1" },
      { x: {} },
      { x: null },
      { x: [["a"], { b: 1 }] },
      "x",
      7,
    ];
    for (const headers of bad) {
      const got = await says({ headers, body: "x" });
      expect([headers, got.status]).toEqual([headers, 400]);
      expect(got.headers.get("Set-Cookie")).toBeNull();
    }
    const odd = await says({
      headers: {
        "x-u": "gr\u00fcn \u2713",
        "Content-Length": "3",
        "Transfer-Encoding": "chunked",
        Connection: "close",
        "x-a": [1, true, ["n"]],
      },
      body: "whole",
    });
    expect(odd.status === 400 || odd.text === "whole").toBe(true);
    const fine = await says({
      headers: { "Content-Length": "3", "Transfer-Encoding": "chunked", "x-a": [1, true, ["n"]] },
      body: "whole",
    });
    expect([fine.status, fine.text, fine.headers.get("x-a")]).toEqual([200, "whole", "1, true, n"]);
  });

  it("does not speak for the platform", async () => {
    const forged = {
      "X-OpenWhisk-Activation-Id": "mine",
      "x-request-id": "mine",
      "access-control-allow-origin": "https://mine",
    };
    const { headers } = await says({ headers: forged, body: "x" });
    expect(headers.get("X-OpenWhisk-Activation-Id")).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.get("X-Request-ID")).not.toBe("mine");
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  });

  it("is never made larger than an action may answer, and headers asked for are said again within bounds", async () => {
    const leaves = `{${Array(6_000).fill('"a":0').join()}}`;
    const bomb = `{"text":${'{"a":'.repeat(90)}${leaves}${"}".repeat(90)}}`;
    const got = await says(bomb, ".text");
    expect([got.status, got.text]).toEqual([200, bomb.slice(8, -1)]);
    expect((await says('{"text":{"a":{"b":1.0}}}', ".text")).text).toBe('{\n  "a": {\n    "b": 1.0\n  }\n}');
    const flood = await says({ headers: { [`x-${"a".repeat(15_000)}`]: Array(15_000).fill(1) }, body: "x" });
    expect([flood.status, flood.json?.error]).toEqual([400, "Response is not valid 'message/http'."]);
    const echo = await make("echo");
    const allowed = async (asked: string) => {
      const headers = { "Access-Control-Request-Headers": asked };
      return (await platform(`${WEB}/${echo}`, { method: "OPTIONS", headers })).headers.get(
        "Access-Control-Allow-Headers",
      );
    };
    expect(await allowed("x-mine, x-yours")).toBe("x-mine, x-yours");
    expect(await allowed("x".repeat(4_097))).toMatch(/^Authorization, /);
  });

  it("is not compressed a second time", async () => {
    const zipped = new Uint8Array(
      await new Response(new Blob(["hello"]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
    );
    const body = btoa(String.fromCharCode(...zipped));
    const headers = { "Content-Encoding": "gzip", "Content-Type": "application/octet-stream" };
    const name = await make("says", { say: { body, headers } });
    const response = await platform(`${WEB}/${name}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const plain =
      bytes[0] === 0x1f
        ? await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text()
        : new TextDecoder().decode(bytes);
    expect(plain).toBe("hello");
  });

  it("is refused where the caller does not take its type", async () => {
    const get = (say: unknown, accept: string, extension = "") =>
      says(say, extension, { headers: { Accept: accept }, redirect: "manual" });
    const refused = await get({ body: "text" }, "application/json");
    expect([refused.status, refused.json.error]).toEqual([
      406,
      "Resource representation is only available with these types:\ntext/html; charset=UTF-8",
    ]);
    expect((await get({ body: "text" }, "text/html")).status).toBe(200);
    expect((await get({ body: "text" }, "text/*;q=0.5, image/png")).status).toBe(200);
    expect((await get({ body: "text" }, "text/html;q=0, */*;q=0.0")).status).toBe(406);
    expect((await get({ statusCode: 302, headers: { location: "/x" } }, "application/json")).status).toBe(302);
    expect((await get({ a: 1 }, "text/html", ".json")).status).toBe(406);
  });

  it("when it broke tells the caller only that, and which activation it was", async () => {
    const name = await make("never");
    const work = platform(`${WEB}/${name}.json`);
    while (host.runs.every((run) => run.invocation.about.name !== name))
      await new Promise((done) => setTimeout(done, 10));
    const run = host.runs.find((each) => each.invocation.about.name === name);
    if (run === undefined) throw new Error("it never ran");
    host.finish(run, ran('{"error":"oops"}', { statusCode: 2 }));
    const got = await answer(await work);
    expect([got.status, got.json]).toEqual([
      400,
      { error: "There was an error processing your request.", code: expect.any(String) },
    ]);
    expect(got.headers.get("X-OpenWhisk-Activation-Id")).toBe(run.invocation.id);
  });
});

describe("what a request brings", () => {
  it("is bounded before anything is made of it", async () => {
    const name = await make("echo");
    const large = "x".repeat(1024 * 1024 + 1);
    const post = (body: BodyInit, type: string) =>
      platform(`${WEB}/${name}.json`, { method: "POST", body, headers: { "Content-Type": type } });
    expect((await post(large, "text/plain")).status).toBe(413);
    const stream = new Response(large).body;
    if (stream !== null) expect((await post(stream, "text/plain")).status).toBe(413);
    expect((await platform(`${WEB}/${name}.json?q=${"x".repeat(9_000)}`)).status).toBe(414);
    const whole = await post("x".repeat(1024 * 1024), "application/octet-stream");
    expect([whole.status, await whole.text()]).toEqual([200, '{"blob":true}']);
  });

  it("malformed in whatever way is 400 or taken as it is, never a crash", async () => {
    const name = await make("echo");
    const bodies: [BodyInit, string, number][] = [
      [new Uint8Array([0xff, 0xfe]), "application/json", 400],
      ["{", "application/json", 400],
      ["[".repeat(100_000), "application/json", 400],
      ["[".repeat(1_001) + "]".repeat(1_001), "application/json", 400],
      ["[".repeat(1_000) + "]".repeat(1_000), "application/json", 200],
      ['{"__proto__":{"a":1},"constructor":2}', "application/json", 200],
      ["%E4=%zz&a", "application/x-www-form-urlencoded", 200],
      ["x", "not a type", 400],
      ["x", "text/plain; charset=nonsense", 200],
      [new Uint8Array([0xff]), "text/plain", 200],
    ];
    for (const [body, type, status] of bodies) {
      const got = await platform(`${WEB}/${name}.json`, { method: "POST", body, headers: { "Content-Type": type } });
      expect([type, got.status]).toEqual([type, status]);
      await got.body?.cancel();
    }
  });

  it("reaches a raw action untouched, final parameters and reserved names too", async () => {
    const parameters = [note("p", '"mine"')];
    const annotations = [EXPORTED, note("raw-http", "true"), note("final", "true")];
    const name = await make("echo", { more: { annotations, parameters } });
    const got = await platform(`${WEB}/${name}.json/a%20b?p=1&__ow_path=x&%7a%E4`, {
      method: "POST",
      body: '{"p":2}',
      headers: { "Content-Type": "application/json" },
    });
    expect(await got.json()).toMatchObject({
      p: "mine",
      __ow_query: "p=1&__ow_path=x&%7a%E4",
      __ow_body: btoa('{"p":2}'),
      __ow_path: "/a%20b",
    });
  });
});

it("a built-in action can be bound and is no page unless it says so", async () => {
  expect((await platform("/api/v1/web/whisk.system/utils/echo.json")).status).toBe(404);
});
