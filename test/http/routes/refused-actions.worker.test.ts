// Every way to write an action that is refused, with its text.

import { beforeAll, describe, expect, test } from "vitest";
import { type Client, newClient, send } from "../platform.worker.ts";

const CODE = "function main() { return {}; }";
const EXEC = { kind: "nodejs:default", code: CODE };
const MB = 1024 * 1024;

let me: Client;
let counter = 0;
const fresh = () => `action-${counter++}`;

beforeAll(async () => {
  me = await newClient();
});

function put(name: string, body: unknown, query = "") {
  return me.call("PUT", `/actions/${name}${query}`, body);
}

function annotation(json: { annotations: { key: string; value: unknown }[] }, key: string): unknown {
  return json.annotations.find((each) => each.key === key)?.value;
}

describe("bad input", () => {
  const malformed = (reason: string) => `The request content was malformed:\n${reason}`;
  const withExec = (exec: unknown) => ({ exec });

  test.each([
    ["text that is no JSON", "{", "The text is not JSON: "],
    ["JSON with something after it", '{"exec":{"kind":"nodejs:20","code":""}} x', "The text is not JSON: "],
    ["an array", [], "Object expected"],
    ["an exec that is no object", withExec("x"), "'exec' must be an object"],
    ["no kind", withExec({ code: CODE }), "'kind' must be a string defined in 'exec'"],
    ["a kind that is no string", withExec({ kind: 1, code: CODE }), "'kind' must be a string defined in 'exec'"],
    ["no code", withExec({ kind: "nodejs:20" }), "'code' must be a string defined in 'exec' for 'nodejs:20' actions"],
    ["code that is no string", withExec({ kind: "nodejs:20", code: {} }), "'code' must be a string defined in"],
    ["a main that is no string", withExec({ ...EXEC, main: 1 }), "if defined, 'main' must be a string"],
    [
      "java without main",
      withExec({ kind: "java:8", code: CODE }),
      "'main' must be a string defined in 'exec' for 'java:8' actions",
    ],
    [
      "an unknown kind",
      withExec({ ...EXEC, kind: "cobol:85" }),
      "The specified runtime 'cobol:85' is not supported by this platform. Valid values are: 'nodejs:18', ",
    ],
    [
      "an unknown family",
      withExec({ ...EXEC, kind: "cobol:default" }),
      "The specified runtime 'cobol:default' is not supported",
    ],
    ["a bare family", withExec({ ...EXEC, kind: "nodejs" }), "The specified runtime 'nodejs' is not supported"],
    [
      "a black box without image",
      withExec({ kind: "blackbox" }),
      "'image' must be a string defined in 'exec' for 'blackbox' actions",
    ],
    ["a bad image", withExec({ kind: "blackbox", image: "Not An Image" }), "could not parse image name"],
    ["a bad version", { exec: EXEC, version: "one" }, "semantic version malformed"],
    ["version zero", { exec: EXEC, version: "0.0.0" }, "semantic version malformed"],
    ["a publish that is no boolean", { exec: EXEC, publish: "yes" }, "'publish' must be a boolean"],
    ["parameters as an object", { exec: EXEC, parameters: { a: 1 } }, "'parameters' must be an array"],
    ["a parameter without value", { exec: EXEC, parameters: [{ key: "a" }] }, "'parameters' must be an array"],
    ["annotations of strings", { exec: EXEC, annotations: ["a"] }, "'annotations' must be an array"],
    [
      "an init that is no boolean",
      { exec: EXEC, parameters: [{ key: "a", value: 1, init: 1 }] },
      "'parameters' must be",
    ],
    ["limits as an array", { exec: EXEC, limits: [] }, "'limits' must be an object"],
    ["half a megabyte", { exec: EXEC, limits: { memory: 128.5 } }, "memory limit must be whole number"],
    ["a time that is a text", { exec: EXEC, limits: { timeout: "60000" } }, "time limit malformed"],
    [
      "negative instances",
      { exec: EXEC, limits: { instances: -1 } },
      "Action container concurrency must be greater than",
    ],
    ["delAnnotations of numbers", { exec: EXEC, delAnnotations: [1] }, "'delAnnotations' must be an array of strings"],
    [
      "values nested too deep",
      `{"exec":{"kind":"nodejs:20","code":""},"a":${"[".repeat(2_000)}${"]".repeat(2_000)}}`,
      "The text is nested deeper than 1000 levels.",
    ],
  ])("%s is a malformed body", async (_, body, reason) => {
    const { status, json } = await put(fresh(), body);
    expect(json).toEqual({ error: expect.stringContaining(malformed(reason)), code: expect.any(String) });
    expect(status).toBe(400);
  });

  test.each([
    ["memory", 127, "memory size 127 MB below allowed threshold of 128 MB"],
    ["memory", 513, "memory size 513 MB exceeds allowed threshold of 512 MB"],
    ["timeout", 99, "duration 99 milliseconds below allowed threshold of 100 milliseconds"],
    ["timeout", 300_001, "duration 300001 milliseconds exceeds allowed threshold of 300000 milliseconds"],
    ["logs", 11, "log size 11 MB exceeds allowed threshold of 10 MB"],
    ["concurrency", 2, "concurrency 2 exceeds allowed threshold of 1"],
    ["concurrency", 0, "concurrency 0 below allowed threshold of 1"],
    ["instances", 31, "Max action instance concurrency must not exceed your namespace concurrency of 30."],
  ])("a %s of %i is out of bounds", async (name, value, error) => {
    expect(await put(fresh(), { exec: EXEC, limits: { [name]: value } })).toMatchObject({
      status: 400,
      json: { error },
    });
  });

  test("a namespace's own bounds are quoted, also beyond the system's", async () => {
    const narrow = await newClient({ maxActionMemory: 256, minActionTimeout: 500, concurrentInvocations: 2 });
    const error = async (limits: object) => (await narrow.call("PUT", "/actions/x", { exec: EXEC, limits })).json.error;
    expect(await error({ memory: 1_000 })).toBe("memory size 1000 MB exceeds allowed threshold of 256 MB");
    expect(await error({ timeout: 200 })).toBe("duration 200 milliseconds below allowed threshold of 500 milliseconds");
    expect(await error({ instances: 3 })).toBe(
      "Max action instance concurrency must not exceed your namespace concurrency of 2.",
    );
  });

  test("a kind the namespace may not use is forbidden by name", async () => {
    const limited = await newClient({ allowedKinds: ["python:3.10"] });
    expect(await limited.call("PUT", "/actions/x", { exec: EXEC })).toMatchObject({
      status: 403,
      json: { error: "The supplied authentication is not authorized to access actions of kind 'nodejs:20'." },
    });
    expect((await limited.call("PUT", "/actions/x", { exec: { ...EXEC, kind: "python:default" } })).status).toBe(200);
  });

  test("parameters and annotations beyond their size are refused with figures", async () => {
    const large = [{ key: "k", value: "v".repeat(MB) }];
    const size = MB + 3;
    for (const field of ["parameters", "annotations"]) {
      expect(await put(fresh(), { exec: EXEC, [field]: large })).toMatchObject({
        status: 413,
        json: { error: `${field} larger than allowed: ${size} > ${MB} bytes.` },
      });
    }
    const small = await newClient({ maxParameterSize: "1 KB" });
    const body = { exec: EXEC, parameters: [{ key: "k", value: "v".repeat(1_022) }] };
    expect(await small.call("PUT", "/actions/x", body)).toMatchObject({
      status: 413,
      json: { error: "parameters larger than allowed: 1025 > 1024 bytes." },
    });
  });

  test("a document that is as large as allowed is stored and comes back", async () => {
    const value = "v".repeat(MB - 10);
    const list = [{ key: "k", value }];
    const name = fresh();
    expect((await put(name, { exec: EXEC, parameters: list, annotations: list })).status).toBe(200);
    const { json } = await me.call("GET", `/actions/${name}`);
    expect(json.parameters).toEqual(list);
    expect(annotation(json, "k")).toBe(value);
    expect((await me.call("DELETE", `/actions/${name}`)).status).toBe(200);
  });

  test("names that are none, or too long, say so", async () => {
    const error = async (name: string) => (await put(name, { exec: EXEC })).json.error;
    for (const name of ["-x", "x%20", "%C3%BC", "a%2Fb", "a:b"]) {
      expect(await error(name)).toBe("The name of the entity contains illegal characters.");
    }
    expect(await error("x".repeat(257))).toBe("Name segment longer than allowed: 257 > 256.");
    expect((await put("x".repeat(256), { exec: EXEC })).status).toBe(200);
  });

  test("another content type, no body, and other verbs are refused in JSON", async () => {
    const Authorization = `Basic ${btoa(me.key)}`;
    const path = `/api/v1/namespaces/_/actions/${fresh()}`;
    const refused = async (init: RequestInit) => {
      const response = await send(path, init);
      expect(await response.json()).toEqual({ error: expect.any(String), code: expect.any(String) });
      return response.status;
    };
    const body = JSON.stringify({ exec: EXEC });
    expect(await refused({ method: "PUT", headers: { Authorization, "Content-Type": "text/plain" }, body })).toBe(415);
    expect(await refused({ method: "PUT", headers: { Authorization } })).toBe(400);
    expect(await refused({ method: "PATCH", headers: { Authorization }, body })).toBe(405);
    expect((await me.call("PUT", "/actions", { exec: EXEC })).status).toBe(405);
    expect((await put(fresh(), { exec: EXEC }, "?overwrite=perhaps")).status).toBe(400);
  });
});
