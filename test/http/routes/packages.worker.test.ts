// Packages over REST in workerd: what the conformance cases cannot ask of any OpenWhisk.

import { beforeAll, describe, expect, test } from "vitest";
import { packageEntity } from "../../../src/catalog/packages.ts";
import { readPackage } from "../../../src/entities/package.ts";
import { testStores } from "../../storage/stores.worker.ts";
import { admin, type Client, newClient, send } from "../platform.worker.ts";

const EXEC = { kind: "nodejs:default", code: "function main() {}" };
const MB = 1024 * 1024;

let me: Client;
let other: Client;
let counter = 0;
const fresh = () => `package-${counter++}`;

beforeAll(async () => {
  me = await newClient();
  other = await newClient();
});

const as = ({ key }: Client) => ({ headers: { Authorization: `Basic ${btoa(key)}` } });
const put = (name: string, body: unknown, query = "?overwrite=true") =>
  me.call("PUT", `/packages/${name}${query}`, body);

test("what is not there is named to whoever may know that, and to nobody else", async () => {
  const [gone, bound, foreign] = [fresh(), fresh(), fresh()];
  const error = async (client: Client, path: string) => {
    const { status, json } = await client.call("GET", path);
    return [status, json.error];
  };
  await put(gone, {});
  await put(bound, { binding: { namespace: me.namespace, name: gone } });
  await other.call("PUT", `/packages/${foreign}`, { publish: true });
  await me.call("PUT", "/packages/afar", { binding: { namespace: other.namespace, name: foreign } });
  await me.call("DELETE", `/packages/${gone}`);
  await other.call("DELETE", `/packages/${foreign}`);
  for (const name of [gone, bound]) {
    const text = `The requested resource '${me.namespace}/${name}' does not exist.`;
    expect(await error(me, `/packages/${name}`)).toEqual([404, text]);
    // Of an action the package's absence says no more than that it is not there.
    expect(await error(me, `/actions/${name}/a`)).toEqual([404, "The requested resource does not exist."]);
  }
  expect((await error(me, "/packages/afar"))[0]).toBe(403);
  const read = await send(`/api/v1/namespaces/${me.namespace}/packages/${gone}`, as(other));
  expect(read.status).toBe(403);
  expect((await me.call("DELETE", `/packages/${gone}`)).json.error).toBe("The requested resource does not exist.");
});

test("a binding that is stored as one to itself is told so by name, and can be deleted", async () => {
  const [provider, bound] = [fresh(), fresh()];
  await put(provider, { publish: true });
  await put(bound, { binding: { namespace: me.namespace, name: provider } });
  const { entities } = testStores();
  const stored = await entities.get({ path: me.namespace, name: bound });
  const old = readPackage(stored?.document ?? "{}");
  if (stored === null || old === null) throw new Error("the binding is not stored");
  const binding = { namespace: me.namespace, name: bound };
  await entities.put(packageEntity({ ...old, binding, revision: `${old.revision}-self` }), { expected: old.revision });
  const text = `Package binding '${me.namespace}/${bound}' contains a circular reference.`;
  for (const [method, path, body] of [
    ["GET", `/packages/${bound}`],
    ["GET", `/actions/${bound}/a`],
    ["POST", `/actions/${bound}/a`, {}],
    ["PUT", `/packages/${fresh()}`, { binding }],
  ] as const) {
    const { status, json } = await me.call(method, path, body);
    expect([method, path, status, json.error]).toEqual([method, path, 422, text]);
  }
  expect((await send(`/api/v1/namespaces/${me.namespace}/packages/${bound}`, as(other))).status).toBe(403);
  expect((await me.call("DELETE", `/packages/${bound}`)).status).toBe(200);
});

describe("a body", () => {
  test("keeps the bytes of its values, in GET, PUT and lists", async () => {
    const values = ["12345678901234567890", "1.0", "1e400", '{"b":1, "a" : [2.50] }', '"\\u00fc\\/"'];
    const list = values.map((value, at) => `{"key":"k${at}","value":${value}}`).join(",");
    const name = fresh();
    const made = await put(name, `{"parameters":[${list}],"annotations":[${list}]}`);
    const { text } = await me.call("GET", `/packages/${name}`);
    for (const value of values) {
      expect(made.text.split(`"value":${value}}`)).toHaveLength(3);
      expect(text.split(`"value":${value}}`)).toHaveLength(3);
      expect((await me.call("GET", "/packages?limit=200")).text).toContain(`"value":${value}}`);
    }
  });

  test("that is missing, malformed or of another type is refused", async () => {
    for (const body of ["{", "[]", '"x"', "null", '{"publish":1}', '{"parameters":{"a":1}}', '{"binding":"ns/p"}']) {
      expect([body, (await put(fresh(), body)).status]).toEqual([body, 400]);
    }
    expect((await me.call("PUT", `/packages/${fresh()}`)).status).toBe(400);
  });

  test("that is too large is 413, with the text that names what", async () => {
    const long = [{ key: "k", value: "x".repeat(MB) }];
    for (const field of ["parameters", "annotations"]) {
      const { status, json } = await put(fresh(), { [field]: long });
      expect([status, json.error]).toEqual([
        413,
        expect.stringMatching(`^${field} larger than allowed: \\d+ > ${MB} bytes.$`),
      ]);
    }
    expect((await put(fresh(), { parameters: long, more: "x".repeat(4 * MB) })).status).toBe(413);
    const poor = await newClient({ maxParameterSize: "1 KB" });
    const body = { parameters: [{ key: "k", value: "x".repeat(1_024) }] };
    expect((await poor.call("PUT", "/packages/p", body)).status).toBe(413);
  });
});

describe("a package's content", () => {
  test("is listed whole, however much it is", async () => {
    const name = fresh();
    await put(name, {});
    const long = "x".repeat(40_000);
    for (let n = 0; n < 3; n++) {
      const annotations = [{ key: "long", value: long }, ...(n === 1 ? [{ key: "feed", value: false }] : [])];
      await me.call("PUT", `/actions/${name}/a${n}`, { exec: EXEC, annotations });
    }
    const { json } = await me.call("GET", `/packages/${name}`);
    const names = (list: { name: string }[]) => list.map((each) => each.name).sort();
    expect(names(json.actions)).toEqual(["a0", "a2"]);
    expect(names(json.feeds)).toEqual(["a1"]);
    expect(json.feeds[0]).toEqual({ name: "a1", version: "0.0.1", annotations: expect.any(Array) });
    expect(json.feeds[0].annotations).toContainEqual({ key: "long", value: long });
  });

  test("goes with it by force, and only then", async () => {
    const name = fresh();
    await put(name, {});
    await me.call("PUT", `/actions/${name}/a`, { exec: EXEC });
    expect((await me.call("DELETE", `/packages/${name}`)).status).toBe(409);
    expect((await me.call("DELETE", `/packages/${name}?force=maybe`)).status).toBe(400);
    const gone = await me.call("DELETE", `/packages/${name}?force=true`);
    expect([gone.status, gone.json.name]).toEqual([200, name]);
    expect((await me.call("GET", `/actions?limit=200`)).json.map((each: { name: string }) => each.name)).not.toContain(
      "a",
    );
    expect((await me.call("DELETE", `/packages/${name}?force=true`)).status).toBe(404);
  });

  test("is not put into a package that goes meanwhile", async () => {
    for (let round = 0; round < 5; round++) {
      const name = fresh();
      await put(name, {});
      const [made, gone] = await Promise.all([
        me.call("PUT", `/actions/${name}/late`, { exec: EXEC }),
        me.call("DELETE", `/packages/${name}?force=true`),
      ]);
      expect(gone.status).toBe(200);
      expect([200, 404, 409]).toContain(made.status);
      const left = (await me.call("GET", "/actions?limit=200")).json.filter((each: { namespace: string }) =>
        each.namespace.endsWith(`/${name}`),
      );
      expect(left).toEqual([]);
    }
  });
});

describe("two writers", () => {
  test("of one package do not overwrite each other unseen", async () => {
    const name = fresh();
    await put(name, {});
    const answers = await Promise.all(
      ["a", "b", "c"].map((value) => put(name, { annotations: [{ key: "by", value }] })),
    );
    const written = answers.filter((each) => each.status === 200).length;
    expect(answers.every((each) => each.status === 200 || each.status === 409)).toBe(true);
    expect((await me.call("GET", `/packages/${name}`)).json.version).toBe(`0.0.${1 + written}`);
  });
});

describe("lists", () => {
  test("count and page what the caller may see", async () => {
    const owner = await newClient();
    for (const [name, publish] of [
      ["a", true],
      ["b", false],
      ["c", true],
    ] as const) {
      await owner.call("PUT", `/packages/${name}`, { publish });
    }
    await owner.call("PUT", "/packages/d", { publish: true, binding: { namespace: "_", name: "a" } });
    const at = (query: string, client: Client) => client.call("GET", `/../${owner.namespace}/packages${query}`);
    expect((await at("?count=true", owner)).json).toEqual({ packages: 4 });
    expect((await at("?count=true", other)).json).toEqual({ packages: 2 });
    expect((await at("?count=true&skip=1", other)).json).toEqual({ packages: 1 });
    expect((await at("?count=true&skip=9", other)).json).toEqual({ packages: 0 });
    expect((await at("?limit=1&skip=1", other)).json.map((each: { name: string }) => each.name)).toEqual(["a"]);
    expect((await at("?limit=201", other)).status).toBe(400);
    expect((await at("?skip=x", other)).status).toBe(400);
  });
});

test("paths with odd segments are errors of the client's making", async () => {
  for (const path of [
    "/packages/a%2Fb",
    "/packages/%00",
    "/packages/..%2f",
    "/packages/%E4",
    "/packages/a/b/c",
    "/packages/%20a",
  ]) {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const { status, json } = await me.call(method, path, method === "PUT" ? {} : undefined);
      expect([path, status]).toEqual([path, expect.toBeOneOf([400, 404])]);
      expect(json).toMatchObject({ error: expect.any(String), code: expect.any(String) });
    }
  }
});

test("the admin's identities see the built-in packages", async () => {
  expect((await admin("POST", "/identities", { subject: "somebody-else" })).status).toBe(200);
  const { json } = await other.call("GET", "/../whisk.system/packages");
  expect(json).toContainEqual(expect.objectContaining({ name: "utils", publish: true }));
  const answer = await other.call("POST", "/../whisk.system/actions/utils/echo?blocking=true&result=true", '{"n":1.0}');
  expect([answer.status, answer.text]).toEqual([200, '{"n":1.0}']);
});
