// A call from HTTP to a host and back, over the real objects.

import { beforeAll, describe, expect, it } from "vitest";
import { failure } from "../../../src/entities/outcome.ts";
import { ask, GUEST_KEY, putAction } from "../../support/client.worker.ts";
import { FakeHost, ran, roster } from "../../support/fake-host.worker.ts";
import { waitFor } from "../../support/wait-for.ts";

const ACTIONS = "/api/v1/namespaces/_/actions";
let host: FakeHost;
/** ms after which the next call of an action is refused for want of room, once. */
const refusedAfter = new Map<string, number>();

beforeAll(async () => {
  for (const name of ["echo", "slow", "array", "large"]) await putAction(name);
  for (const name of ["fails", "breaks", "dies"]) await putAction(name);
  await putAction("bound", { parameters: [{ key: "n", value: "18446744073709551616" }] });
  host = await FakeHost.dial({
    answer: async ({ about, args }) => {
      const late = refusedAfter.get(about.name);
      if (late !== undefined) {
        refusedAfter.delete(about.name);
        await new Promise((resolve) => setTimeout(resolve, late));
        return { refused: "busy" };
      }
      const given = "inline" in args ? args.inline : "{}";
      if (about.name === "slow") return "never";
      if (about.name === "array") return ran("[1, 2.0]");
      if (about.name === "fails") return ran('{"error":"no"}', { statusCode: 1 });
      if (about.name === "breaks") return ran('{"error":"oops"}', { statusCode: 2 });
      if (about.name === "dies") return ran(failure(3, { text: "gone" }).result, { statusCode: 3 });
      if (about.name === "large") return ran(JSON.stringify({ large: "blob" in args }));
      return ran(given);
    },
  });
});

describe("a blocking call", () => {
  it("answers the extended record, without logs", async () => {
    const { status, headers, json } = await ask("POST", `${ACTIONS}/echo?blocking=true`, { body: '{"a":1.0}' });
    const record = json() as Record<string, unknown>;
    expect(status).toBe(200);
    expect(headers.get("x-openwhisk-activation-id")).toBe(record.activationId);
    expect(record).toMatchObject({
      namespace: "guest",
      subject: "guest",
      name: "echo",
      version: "0.0.1",
      publish: false,
      logs: [],
      response: { result: { a: 1 }, success: true, status: "success" },
    });
    expect(record.response).not.toHaveProperty("statusCode");
    for (const field of ["start", "end", "duration"]) expect(Number.isInteger(record[field])).toBe(true);
  });

  it("keeps the bytes of arguments and result", async () => {
    const body = '{ "n": 18446744073709551616, "f": 1.0, "e": 1e400 }';
    expect((await ask("POST", `${ACTIONS}/echo?blocking=true&result=true`, { body })).text).toBe(body);
    expect((await ask("POST", `${ACTIONS}/bound?blocking=true&result=true`)).text).toBe('{"n":18446744073709551616}');
  });

  it("answers a bare array whatever was asked for", async () => {
    expect((await ask("POST", `${ACTIONS}/array?blocking=true`)).text).toBe("[1, 2.0]");
  });

  it.each([
    ["fails", 502, "application error"],
    ["breaks", 502, "action developer error"],
    ["dies", 500, "whisk internal error"],
  ])("of an action that %s is %i with the record", async (name, expected, text) => {
    const { status, headers, json } = await ask("POST", `${ACTIONS}/${name}?blocking=true`);
    expect(status).toBe(expected);
    expect(headers.get("x-openwhisk-activation-id")).toMatch(/^[0-9a-f]{32}$/);
    expect(json()).toMatchObject({ response: { success: false, status: text } });
    expect(json()).not.toHaveProperty("code");
  });

  it("that outlasts its timeout is 202 with an id whose record comes later", async () => {
    const { status, json } = await ask("POST", `${ACTIONS}/slow?blocking=true&timeout=100`);
    const { activationId } = json() as { activationId: string };
    expect(status).toBe(202);
    expect((await ask("GET", `/api/v1/namespaces/_/activations/${activationId}`)).status).toBe(404);
    const run = host.runs.find((each) => each.invocation.id === activationId);
    if (run === undefined) throw new Error("the host never heard of it");
    host.finish(run, ran('{"late":1.0}', { logs: { inline: '["2026-01-01T00:00:00Z stdout: hi"]' } }));
    const later = await eventually(`/api/v1/namespaces/_/activations/${activationId}`);
    expect(later.text).toContain('"result":{"late":1.0}');
    expect((await ask("GET", `/api/v1/namespaces/_/activations/${activationId}/logs`)).text).toBe(
      '{"logs":["2026-01-01T00:00:00Z stdout: hi"]}',
    );
    expect((await ask("GET", `/api/v1/namespaces/_/activations/${activationId}/result`)).json()).toEqual({
      result: { late: 1 },
      success: true,
      status: "success",
      size: expect.any(Number),
    });
  });

  it("sends arguments too large for a frame through the blob store", async () => {
    const body = JSON.stringify({ text: "x".repeat(200_000) });
    expect((await ask("POST", `${ACTIONS}/large?blocking=true&result=true`, { body })).json()).toEqual({ large: true });
  });

  it("can be read at once", async () => {
    const { headers } = await ask("POST", `${ACTIONS}/echo?blocking=true`);
    const id = headers.get("x-openwhisk-activation-id");
    expect((await ask("GET", `/api/v1/namespaces/_/activations/${id}`)).status).toBe(200);
  });
});

describe("a call nobody waits for", () => {
  it("is 202 with the id, and runs", async () => {
    const { status, headers, json } = await ask("POST", `${ACTIONS}/echo?result=true`, { body: '{"b":2}' });
    const { activationId } = json() as { activationId: string };
    expect(status).toBe(202);
    expect(headers.get("x-openwhisk-activation-id")).toBe(activationId);
    const { text } = await eventually(`/api/v1/namespaces/_/activations/${activationId}`);
    expect(text).toContain('"result":{"b":2}');
  });

  it("shows up in lists, by name, newest first, and is counted", async () => {
    const list = (await ask("GET", "/api/v1/namespaces/_/activations?name=echo&limit=3")).json() as { start: number }[];
    expect(list.length).toBe(3);
    expect(list.map((each) => each.start)).toEqual(list.map((each) => each.start).toSorted((a, b) => b - a));
    expect(list[0]).toMatchObject({ name: "echo", statusCode: 0, publish: false });
    expect(list[0]).not.toHaveProperty("response");
    const full = (await ask("GET", "/api/v1/namespaces/_/activations?docs=true&limit=1")).json() as object[];
    expect(full[0]).toHaveProperty("response.result");
    const { activations } = (await ask("GET", "/api/v1/namespaces/_/activations?count=true&name=array")).json() as {
      activations: number;
    };
    expect(activations).toBe(1);
  });
});

describe("bad calls", () => {
  it.each([
    ["an unknown action", "nobody", {}, 404, "The requested resource does not exist."],
    ["an illegal name", "a%2Fb", {}, 400, "The name of the entity contains illegal characters."],
    ["a body that is not JSON", "echo", { body: "{" }, 400, "The request content was malformed:\n"],
    ["an array", "echo", { body: "[1]" }, 400, "The request content was malformed:\n"],
    ["a text", "echo", { body: '"x"' }, 400, "The request content was malformed:\n"],
    [
      "bytes that are not UTF-8",
      "echo",
      { body: new Uint8Array([0x7b, 0xff]) },
      400,
      "The request content was malformed:\n",
    ],
    [
      "another type",
      "echo",
      { body: "a=1", headers: { "Content-Type": "text/plain" } },
      415,
      "The request's Content-Type",
    ],
    [
      "too much",
      "echo",
      { body: `{"a":"${"x".repeat(1_048_576)}"}` },
      413,
      "Request larger than allowed: 1048584 > 1048576 bytes.",
    ],
    ["a timeout of 0", "echo?blocking=true&timeout=0", {}, 400, "Timeout must be number of milliseconds up to 60000."],
    ["a timeout of 60001", "echo?blocking=true&timeout=60001", {}, 400, "Timeout must be"],
    ["a timeout that is no number", "echo?timeout=soon", {}, 400, "Timeout must be"],
    ["blocking=maybe", "echo?blocking=maybe", {}, 400, "The query parameter 'blocking' was malformed:\n"],
    ["a type it does not send", "echo", { headers: { Accept: "text/html" } }, 406, "Resource representation is only"],
  ])("with %s are refused", async (_what, path, options, status, text) => {
    const before = host.runs.length;
    const answer = await ask("POST", `${ACTIONS}/${path}`, options);
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({ error: expect.stringContaining(text), code: answer.headers.get("x-request-id") });
    expect(host.runs.length).toBe(before);
  });

  it("with too much in a body of unknown length are refused", async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x20)),
    });
    expect((await ask("POST", `${ACTIONS}/echo`, { body })).status).toBe(413);
  });

  it("of another namespace are forbidden", async () => {
    const { status, json } = await ask("POST", "/api/v1/namespaces/other/actions/echo");
    expect(status).toBe(403);
    expect(json()).toMatchObject({ error: "The supplied authentication is not authorized to access 'other/echo'." });
  });

  it("may not set a final parameter", async () => {
    await putAction("fixed", {
      annotations: [{ key: "final", value: "true" }],
      parameters: [{ key: "a", value: "1" }],
    });
    const { status, json } = await ask("POST", `${ACTIONS}/fixed?blocking=true`, { body: '{"a":2}' });
    expect(status).toBe(400);
    expect(json()).toMatchObject({ error: expect.stringContaining("parameters that are not allowed") });
  });
});

describe("a host that gives a call back late", () => {
  it.each([
    ["while its caller waits", "", 200],
    ["when its caller waits no more", "&timeout=1200", 202],
  ])("%s, is asked again, or another one is: the call runs once", async (_when, query, status) => {
    const name = `late${status}`;
    await putAction(name);
    refusedAfter.set(name, 1_500);
    const path = `${ACTIONS}/${name}?blocking=true${query}`;
    const answer = await ask("POST", path, { body: '{"a":1}' });
    expect(answer.status, answer.text).toBe(status);
    const { activationId } = answer.json() as { activationId: string };
    await waitFor(async () => {
      const { json } = await ask("GET", `/api/v1/namespaces/_/activations/${activationId}`);
      expect(json()).toMatchObject({ response: { success: true, result: { a: 1 } } });
    });
    const attempts = host.runs.filter((run) => run.invocation.id === activationId).map((run) => run.attempt);
    expect(attempts).toEqual([1, 2]);
  });
});

describe("while no records are taken", () => {
  it("a call is refused before it reaches a host, with the reason, until they are again", async () => {
    const [uuid] = GUEST_KEY.split(":", 1);
    const tell = (why: string | null) =>
      Promise.all([0, 1, 2, 3].map((shard) => roster().full(`${uuid}:0${shard}`, why)));
    await tell("3 records wait, and at most 2 may");
    await waitFor(async () => expect((await ask("POST", `${ACTIONS}/echo?blocking=true`)).status).toBe(503));
    const runs = host.runs.length;
    for (const path of ["echo?blocking=true", "echo", "slow"]) {
      const { status, json } = await ask("POST", `${ACTIONS}/${path}`);
      expect(status).toBe(503);
      expect(json()).toMatchObject({ error: expect.stringContaining("(3 records wait, and at most 2 may)") });
    }
    expect(host.runs.length).toBe(runs);
    await tell(null);
    await waitFor(async () => expect((await ask("POST", `${ACTIONS}/echo?blocking=true`)).status).toBe(200));
  });
});

async function eventually(path: string) {
  for (let left = 100; ; left--) {
    const answer = await ask("GET", path);
    if (answer.status === 200 || left === 0) return answer;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
