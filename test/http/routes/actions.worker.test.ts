// Actions over REST: create, update, read, list, delete, and every way to be refused.

import { beforeAll, describe, expect, test } from "vitest";
import { testStores } from "../../storage/stores.worker.ts";
import { type Client, newClient, send } from "../platform.worker.ts";

const CODE = "function main() { return {}; }";
const EXEC = { kind: "nodejs:default", code: CODE };

let me: Client;
let counter = 0;
const fresh = () => `action-${counter++}`;

beforeAll(async () => {
  me = await newClient();
});

function put(name: string, body: unknown, query = "") {
  return me.call("PUT", `/actions/${name}${query}`, body);
}

function update(name: string, body: unknown) {
  return put(name, body, "?overwrite=true");
}

function annotation(json: { annotations: { key: string; value: unknown }[] }, key: string): unknown {
  return json.annotations.find((each) => each.key === key)?.value;
}

describe("creating", () => {
  test("answers 200 with the whole action", async () => {
    const name = fresh();
    const { status, json } = await put(name, {
      exec: { ...EXEC, main: "main" },
      namespace: "other",
      name: "x",
      updated: 1,
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      namespace: me.namespace,
      name,
      version: "0.0.1",
      publish: false,
      annotations: [
        { key: "provide-api-key", value: false },
        { key: "exec", value: "nodejs:20" },
      ],
      parameters: [],
      limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
      exec: { kind: "nodejs:20", binary: false, main: "main", code: CODE },
      updated: expect.any(Number),
    });
    expect(json.updated).toBeGreaterThan(1e12);
    expect((await me.call("GET", `/actions/${name}`)).json).toEqual(json);
  });

  test("keeps the bytes of parameter and annotation values", async () => {
    const values = ["12345678901234567890", "1.0", "1e400", '{"b":1, "a" : [2.50] }', '"\\u00fc\\/"'];
    const list = values.map((value, at) => `{"key":"k${at}","value":${value}}`).join(",");
    const name = fresh();
    await put(name, `{"exec":${JSON.stringify(EXEC)},"parameters":[${list}],"annotations":[${list}]}`);
    const { text } = await me.call("GET", `/actions/${name}`);
    for (const value of values) expect(text.split(`"value":${value}}`)).toHaveLength(3);
  });

  test("lets the last of duplicate parameter keys win and keeps init and encryption", async () => {
    const parameters = [
      { key: "a", value: 1 },
      { key: "b", value: 2, init: true },
      { key: "a", value: 3, init: false },
    ];
    const { json } = await put(fresh(), { exec: EXEC, parameters });
    expect(json.parameters).toEqual([
      { key: "a", value: 3 },
      { key: "b", value: 2, init: true },
    ]);
  });

  test("refuses a name that is taken", async () => {
    const name = fresh();
    await put(name, { exec: EXEC });
    expect(await put(name, { exec: EXEC })).toMatchObject({
      status: 409,
      json: { error: "resource already exists", code: expect.any(String) },
    });
  });

  test("creates with overwrite too, and without a body that says what to run it does not", async () => {
    expect((await update(fresh(), { exec: EXEC })).json.version).toBe("0.0.1");
    for (const body of [{}, { exec: null }]) {
      expect(await put(fresh(), body)).toMatchObject({ status: 400, json: { error: "exec undefined" } });
    }
  });

  test("tells FOO from foo and takes names with odd characters", async () => {
    for (const name of ["case", "CASE", "a b@c.d & e-f", "1", "_x"]) {
      const encoded = encodeURIComponent(name);
      expect((await put(encoded, { exec: EXEC })).json.name).toBe(name);
      expect((await me.call("GET", `/actions/${encoded}`)).status).toBe(200);
    }
  });

  test("computes binary from the code, whatever the body says", async () => {
    const binary = async (code: string) =>
      (await put(fresh(), { exec: { ...EXEC, code, binary: code === CODE } })).json.exec.binary;
    expect(await binary(CODE)).toBe(false);
    expect(await binary(` ${btoa("zip")}\n`)).toBe(true);
    expect(await binary("main")).toBe(true);
    expect(await binary("")).toBe(false);
  });

  test("keeps version, publish and limits that are given", async () => {
    const body = { exec: EXEC, version: "1.2.3", publish: true, limits: { timeout: 100, memory: 512, instances: 2 } };
    expect((await put(fresh(), body)).json).toMatchObject({
      version: "1.2.3",
      publish: true,
      limits: { timeout: 100, memory: 512, logs: 10, concurrency: 1, instances: 2 },
    });
  });

  test("black box actions have an image, and code only if it is not blank", async () => {
    const image = "registry.example:5000/team/skeleton:1.0";
    const bare = await put(fresh(), { exec: { kind: " BlackBox ", image, code: " \n" } });
    expect(bare.json.exec).toEqual({ kind: "blackbox", image, binary: false });
    const full = await put(fresh(), { exec: { kind: "blackbox", image, code: "YWJj", main: "m" } });
    expect(full.json.exec).toEqual({ kind: "blackbox", image, binary: true, code: "YWJj", main: "m" });
    expect(annotation(full.json, "exec")).toBe("blackbox");
  });
});

describe("updating", () => {
  test("keeps what is not named and raises the version", async () => {
    const name = fresh();
    const parameters = [{ key: "p", value: { deep: 1 } }];
    const { json: before } = await put(name, { exec: EXEC, parameters, publish: true, limits: { timeout: 1_000 } });
    const { status, json } = await update(name, { limits: { memory: 128 } });
    expect(status).toBe(200);
    expect(json).toEqual({
      ...before,
      version: "0.0.2",
      limits: { ...before.limits, memory: 128 },
      updated: expect.any(Number),
    });
    expect((await update(name, { version: "3.0.0" })).json.version).toBe("3.0.0");
    expect((await update(name, {})).json.version).toBe("3.0.1");
  });

  test("replaces parameters and merges annotations", async () => {
    const name = fresh();
    await put(name, {
      exec: EXEC,
      parameters: [{ key: "p", value: 1 }],
      annotations: [
        { key: "a", value: 1 },
        { key: "b", value: 1 },
        { key: "c", value: 1 },
        { key: "exec", value: "mine" },
      ],
    });
    const { json } = await update(name, {
      parameters: [{ key: "q", value: 2 }],
      annotations: [{ key: "b", value: 2 }],
      delAnnotations: ["a", "never there", "b"],
    });
    expect(json.parameters).toEqual([{ key: "q", value: 2 }]);
    expect(
      Object.fromEntries(json.annotations.map((each: { key: string; value: unknown }) => [each.key, each.value])),
    ).toEqual({
      b: 2,
      c: 1,
      exec: "nodejs:20",
      "provide-api-key": false,
    });
    expect((await update(name, { parameters: [] })).json.parameters).toEqual([]);
  });

  test("never adds provide-api-key, and changes the kind in the annotation", async () => {
    const name = fresh();
    await put(name, { exec: EXEC });
    const gone = await update(name, {
      delAnnotations: ["provide-api-key", "exec"],
      exec: { ...EXEC, kind: "python:default" },
    });
    expect(gone.json.annotations).toEqual([{ key: "exec", value: "python:3.10" }]);
    expect(gone.json.exec.kind).toBe("python:3.10");
  });

  test("of updates at once, each either wins or says that it lost", async () => {
    const name = fresh();
    await put(name, { exec: EXEC });
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, at) => update(name, { exec: { ...EXEC, code: `c${at}` } })),
    );
    const won = answers.filter((each) => each.status === 200).length;
    expect(won).toBeGreaterThan(0);
    expect(answers.every((each) => each.status === 200 || each.status === 409)).toBe(true);
    const { json } = await me.call("GET", `/actions/${name}`);
    expect(json.version).toBe(`0.0.${1 + won}`);
    expect(answers.filter((each) => each.status === 200).map((each) => each.json.exec.code)).toContain(json.exec.code);
  });

  test("the same code again is not stored again", async () => {
    const name = fresh();
    await put(name, { exec: EXEC });
    const key = async () => {
      const stored = await testStores().entities.get({ path: me.namespace, name });
      return JSON.parse(stored?.document ?? "{}").exec.code.key as string;
    };
    const before = await key();
    await update(name, { exec: EXEC });
    expect(await key()).toBe(before);
    await update(name, { exec: { ...EXEC, code: "other" } });
    expect(await key()).not.toBe(before);
  });
});

describe("reading and deleting", () => {
  test("code=false leaves the code out", async () => {
    const name = fresh();
    await put(name, { exec: EXEC });
    expect((await me.call("GET", `/actions/${name}?code=false`)).json.exec).toEqual({
      kind: "nodejs:20",
      binary: false,
    });
    expect((await me.call("GET", `/actions/${name}?code=true`)).json.exec.code).toBe(CODE);
    expect((await me.call("GET", `/actions/${name}?code=maybe`)).status).toBe(400);
  });

  test("code comes back byte for byte", async () => {
    const code = `"quotes" \\ back\u0000\u0007\u001f\n\r\t\b\f / ü ☃ 😀 \u2028 ${"x".repeat(70_000)}\u007f`;
    const name = fresh();
    expect((await put(name, { exec: { ...EXEC, code } })).json.exec.code).toBe(code);
    expect((await me.call("GET", `/actions/${name}`)).json.exec.code).toBe(code);
  });

  test("DELETE answers with the action, then it is gone and starts anew", async () => {
    const name = fresh();
    await put(name, { exec: EXEC });
    const { json: before } = await update(name, { publish: true });
    expect(await me.call("DELETE", `/actions/${name}`)).toMatchObject({ status: 200, json: before });
    for (const method of ["GET", "DELETE"]) {
      expect(await me.call(method, `/actions/${name}`)).toMatchObject({
        status: 404,
        json: { error: "The requested resource does not exist.", code: expect.any(String) },
      });
    }
    expect((await put(name, { exec: EXEC })).json.version).toBe("0.0.1");
  });

  test("a name of another collection is a conflict for every verb", async () => {
    const trigger = {
      path: me.namespace,
      name: "a-trigger",
      type: "trigger" as const,
      document: "{}",
      summary: "{}",
      blobs: [],
    };
    await testStores().entities.put({ ...trigger, revision: "1", updated: 1 }, { expected: null });
    const error = "Resource by this name exists but is not in this collection.";
    for (const method of ["GET", "DELETE"]) {
      expect(await me.call(method, "/actions/a-trigger")).toMatchObject({ status: 409, json: { error } });
    }
    expect(await update("a-trigger", { exec: EXEC })).toMatchObject({ status: 409, json: { error } });
    expect(await me.call("GET", "/actions/a-trigger/inner")).toMatchObject({ status: 409, json: { error } });
    expect(await me.call("GET", "/actions/a-trigger/")).toMatchObject({ status: 409, json: { error } });
  });

  test("a document that cannot be read is corrupted, not a crash", async () => {
    const row = {
      path: me.namespace,
      name: "broken",
      type: "action" as const,
      document: "{}",
      summary: "{}",
      blobs: [],
    };
    await testStores().entities.put({ ...row, revision: "1", updated: 1 }, { expected: null });
    for (const answer of [await me.call("GET", "/actions/broken"), await update("broken", {})]) {
      expect(answer).toMatchObject({ status: 500, json: { error: "Resource is corrupted and cannot be read." } });
    }
    await testStores().entities.delete(row, { expected: "1" });
  });
});

describe("listing", () => {
  test("is newest first, without code and parameters", async () => {
    const other = await newClient();
    expect((await other.call("GET", "/actions")).json).toEqual([]);
    for (const name of ["one", "two", "three"]) {
      await other.call("PUT", `/actions/${name}`, { exec: EXEC, parameters: [{ key: "secret", value: 1 }] });
    }
    const { json } = await other.call("GET", "/actions/");
    expect(json.map((each: { name: string }) => each.name)).toEqual(["three", "two", "one"]);
    expect(json[0]).toEqual({
      namespace: other.namespace,
      name: "three",
      version: "0.0.1",
      publish: false,
      annotations: [
        { key: "provide-api-key", value: false },
        { key: "exec", value: "nodejs:20" },
      ],
      limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
      exec: { binary: false },
      updated: expect.any(Number),
    });
    const names = async (query: string) =>
      (await other.call("GET", `/actions${query}`)).json.map((each: { name: string }) => each.name);
    expect(await names("?limit=1")).toEqual(["three"]);
    expect(await names("?limit=2&skip=1")).toEqual(["two", "one"]);
    expect(await names("?limit=0&public=true")).toHaveLength(3);
    expect((await other.call("GET", "/actions?count=true")).json).toEqual({ actions: 3 });
    expect((await other.call("GET", "/actions?count=true&skip=2&limit=1")).json).toEqual({ actions: 1 });
    expect((await other.call("GET", "/actions?count=true&skip=9")).json).toEqual({ actions: 0 });
  });

  test("shows long annotations whole", async () => {
    const other = await newClient();
    const value = "v".repeat(300_000);
    await other.call("PUT", "/actions/long", { exec: EXEC, annotations: [{ key: "long", value }] });
    await other.call("PUT", "/actions/short", { exec: EXEC });
    const { json } = await other.call("GET", "/actions");
    expect(json).toHaveLength(2);
    expect(annotation(json[1], "long")).toBe(value);
  });

  test.each([
    ["limit=201", "The value '201' is not in the range of 0 to 200 for actions."],
    ["limit=-1", "The value '-1' is not in the range of 0 to 200 for actions."],
    ["skip=-1", "The value '-1' is not greater than or equal to 0 for actions."],
    ["limit=x", "The value 'x' is not an integer for actions."],
  ])("refuses ?%s", async (query, text) => {
    expect(await me.call("GET", `/actions?${query}`)).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining(text) },
    });
  });
});

describe("packages that do not exist", () => {
  test("are not found, for every verb", async () => {
    for (const [method, body] of [["GET"], ["PUT", { exec: EXEC }], ["DELETE"]] as const) {
      expect((await me.call(method, "/actions/nowhere/inner", body)).status).toBe(404);
    }
    expect((await me.call("GET", "/actions/nowhere/")).status).toBe(404);
  });
});

describe("other namespaces", () => {
  test("are forbidden, whether they exist or not", async () => {
    const other = await newClient();
    await other.call("PUT", "/actions/theirs", { exec: EXEC });
    const headers = { Authorization: `Basic ${btoa(me.key)}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ exec: EXEC });
    for (const namespace of [other.namespace, "no-such-namespace"]) {
      for (const [method, path] of [
        ["GET", "/actions"],
        ["GET", "/actions/theirs"],
        ["PUT", "/actions/theirs?overwrite=true"],
        ["DELETE", "/actions/theirs"],
        ["GET", "/actions/pkg/theirs"],
        ["GET", "/actions/pkg/"],
      ] as const) {
        const init = method === "PUT" ? { method, headers, body } : { method, headers };
        const response = await send(`/api/v1/namespaces/${namespace}${path}`, init);
        const { error } = (await response.json()) as { error: string };
        expect([method, path, response.status]).toEqual([method, path, 403]);
        // What is inside a package is asked for at the package's door.
        const inside = path.split("/")[2]?.split("?")[0];
        const what = inside === undefined ? namespace : `${namespace}/${inside}`;
        expect(error).toBe(`The supplied authentication is not authorized to access '${what}'.`);
      }
    }
    expect((await other.call("GET", "/actions/theirs")).json.version).toBe("0.0.1");
  });
});
