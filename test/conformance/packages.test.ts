// Packages and who may see what: parity 2.6 and 1.4. Bindings have a file of their own.

import { expect } from "vitest";
import { bind, pack } from "./packages.ts";
import { annotation, ask, code, ECHO, fresh, key, line, make, namespace, recordOf, useApi } from "./suite.ts";

await useApi();

const P = (name: string, value: unknown) => ({ key: name, value });

/** From the second namespace: a path in the first one. */
function foreign(path: string): string {
  return `/api/v1/namespaces/${namespace(1)}/${path}`;
}

line("2.76 2.77 2.40", "a package is put and read with its actions and feeds", async () => {
  const name = await pack({ parameters: [P("a", 1)], annotations: [P("note", "x")], publish: true, version: "1.2.3" });
  await make(`actions/${name}/plain`, code(ECHO));
  await make(`actions/${name}/feed`, code(ECHO, { annotations: [P("feed", true)] }));
  const { json } = await ask("GET", `packages/${name}`);
  expect(json).toMatchObject({
    name,
    namespace: namespace(1),
    version: "1.2.3",
    publish: true,
    binding: {},
    parameters: [P("a", 1)],
    annotations: [P("note", "x")],
    updated: expect.any(Number),
  });
  expect(json.actions).toEqual([{ name: "plain", version: "0.0.1", annotations: expect.any(Array) }]);
  expect(json.feeds).toEqual([{ name: "feed", version: "0.0.1", annotations: expect.any(Array) }]);
  expect((await ask("PUT", `packages/${name}?overwrite=true`, { body: { binding: {} } })).json).toMatchObject({
    binding: {},
    version: "1.2.4",
  });
  for (const query of ["", "?overwrite=false"])
    expect(await ask("PUT", `packages/${name}${query}`, { body: {} })).toMatchObject({
      status: 409,
      json: { error: "resource already exists" },
    });
});

line("2.79", "list items say false for a package and name the provider of a binding", async () => {
  const more = { publish: true, version: "1.2.3", annotations: [P("note", { n: 1 })] };
  const name = await pack({ ...more, parameters: [P("p", 1)] });
  const bound = await pack(bind(name));
  const { json } = await ask("GET", "packages?limit=0");
  const of = (wanted: string) => json.find((each: { name: string }) => each.name === wanted);
  expect(of(name)).toEqual({
    ...{ namespace: namespace(1), name, ...more, binding: false },
    updated: expect.any(Number),
  });
  const provider = { namespace: namespace(1), name };
  expect(of(bound)).toEqual({
    ...{ namespace: namespace(1), name: bound, version: "0.0.1", publish: false, binding: provider },
    ...{ annotations: [P("binding", provider)], updated: expect.any(Number) },
  });
});

line("2.80", "the name default is reserved", async () => {
  const answer = await ask("PUT", "packages/default", { body: {} });
  expect(answer).toMatchObject({ status: 400, json: { error: "Package name 'default' is reserved." } });
  for (const verb of ["GET", "DELETE"]) expect((await ask(verb, "packages/default")).status).toBe(404);
});

line("2.86", "updates replace parameters and annotations as a whole", async () => {
  const name = await pack({ parameters: [P("a", 1)], annotations: [P("x", 1)] });
  const kept = (await ask("PUT", `packages/${name}?overwrite=true`, { body: { publish: true } })).json;
  expect(kept).toMatchObject({ parameters: [P("a", 1)], annotations: [P("x", 1)], version: "0.0.2", publish: true });
  const replaced = (
    await ask("PUT", `packages/${name}?overwrite=true`, { body: { parameters: [P("b", 2)], annotations: [P("y", 2)] } })
  ).json;
  expect(replaced).toMatchObject({ parameters: [P("b", 2)], annotations: [P("y", 2)] });
});

line("2.87 1.37 1.40", "a published package can be read, listed and used by others, a private one cannot", async () => {
  const shared = await pack({ publish: true, parameters: [P("p", "shared")] });
  const hidden = await pack();
  for (const name of [shared, hidden]) await make(`actions/${name}/echo`, code(ECHO));
  const bound = await pack(bind(shared, { publish: true }));
  const other = { key: key(2) };
  const names = (await ask("GET", foreign("packages?limit=200"), other)).json.map(
    (each: { name: string }) => each.name,
  );
  expect(names).toContain(shared);
  expect(names).not.toContain(hidden);
  expect(names).not.toContain(bound);
  expect((await ask("GET", foreign(`packages/${shared}`), other)).status).toBe(200);
  expect((await ask("GET", foreign(`packages/${hidden}`), other)).status).toBe(403);
  expect((await ask("GET", foreign(`actions/${shared}/echo`), other)).status).toBe(200);
  expect((await ask("GET", foreign(`actions/${hidden}/echo`), other)).status).toBe(403);
  const invoked = await ask("POST", foreign(`actions/${shared}/echo?blocking=true&result=true`), {
    ...other,
    body: { x: 1 },
  });
  expect(invoked.json).toEqual({ p: "shared", x: 1 });
  // What its owner has read and called before is no more a stranger's for it.
  expect((await ask("GET", `actions/${hidden}/echo`)).status).toBe(200);
  expect((await ask("POST", `actions/${hidden}/echo?blocking=true`, { body: {} })).status).toBe(200);
  for (const [verb, path, body] of [
    ["GET", `actions/${hidden}/echo`],
    ["GET", `actions/${hidden}/`],
    ["POST", `actions/${hidden}/echo`, {}],
    ["GET", `actions/${bound}/echo`],
    ["POST", `actions/${bound}/echo`, {}],
  ] as const)
    expect([verb, path, (await ask(verb, foreign(path), { ...other, body })).status]).toEqual([verb, path, 403]);
  expect((await ask("GET", foreign(`actions/${shared}/`), other)).json).toMatchObject([{ name: "echo" }]);
});

line("1.34 1.35 2.68", "nobody writes in a foreign namespace, and the text names what was asked for", async () => {
  const shared = await pack({ publish: true });
  await make(`actions/${shared}/echo`, code(ECHO));
  const other = { key: key(2) };
  const expected = {
    status: 403,
    json: { error: `The supplied authentication is not authorized to access '${namespace(1)}/${shared}'.` },
  };
  expect(await ask("DELETE", foreign(`packages/${shared}`), other)).toMatchObject(expected);
  expect((await ask("DELETE", foreign(`actions/${shared}/echo`), other)).status).toBe(403);
  expect((await ask("PUT", foreign(`actions/${shared}/new`), { ...other, body: code(ECHO) })).status).toBe(403);
  expect((await ask("PUT", foreign(`packages/${fresh("p")}`), { ...other, body: {} })).status).toBe(403);
});

line("1.38", "the packages of a namespace nobody has are an empty list", async () => {
  expect(await ask("GET", `/api/v1/namespaces/${fresh("nowhere")}/packages`)).toMatchObject({ status: 200, json: [] });
});

line("1.39", "other collections of a foreign namespace are forbidden", async () => {
  for (const collection of ["actions", "activations"])
    expect((await ask("GET", foreign(collection), { key: key(2) })).status).toBe(403);
});

line(
  "1.42 1.43",
  "a missing package is 404 to its owner and 403 to others; another type under its name 409 and 403",
  async () => {
    const nobody = fresh("nobody");
    expect((await ask("GET", `packages/${nobody}`)).status).toBe(404);
    expect((await ask("GET", foreign(`packages/${nobody}`), { key: key(2) })).status).toBe(403);
    const action = fresh("act");
    await make(`actions/${action}`, code(ECHO));
    expect(await ask("GET", `packages/${action}`)).toMatchObject({
      status: 409,
      json: { error: "Resource by this name exists but is not in this collection." },
    });
    expect((await ask("GET", foreign(`packages/${action}`), { key: key(2) })).status).toBe(403);
  },
);

line("1.45", "packages know GET, PUT and DELETE only", async () => {
  const name = await pack();
  expect((await ask("POST", `packages/${name}`, { body: {} })).status).toBe(405);
  expect((await ask("POST", "packages/refresh", { body: {} })).status).toBe(405);
});

line("2.88", "a package with content is deleted only by force", async () => {
  const name = fresh("pkg");
  await make(`packages/${name}`, {});
  await make(`actions/${name}/one`, code(ECHO));
  expect(await ask("DELETE", `packages/${name}`)).toMatchObject({
    status: 409,
    json: { error: "Package not empty (contains 1 entity). Set force param or delete package contents." },
  });
  await make(`actions/${name}/two`, code(ECHO));
  expect((await ask("DELETE", `packages/${name}`)).json.error).toContain("contains 2 entities");
  expect((await ask("DELETE", `packages/${name}?force=true`)).status).toBe(200);
  expect((await ask("GET", `actions/${name}/one`)).status).toBe(404);
});

line(
  "2.49 2.50 2.52 2.53",
  "packaged actions are listed with their package's path, under a binding with the provider's",
  async () => {
    const [name, beside, outside] = [await pack(), await pack(), fresh("outside")];
    await make(`actions/${name}/inner`, code(ECHO));
    for (const other of [`${beside}/inner`, outside]) await make(`actions/${other}`, code(ECHO));
    const path = `${namespace(1)}/${name}`;
    expect((await ask("GET", `actions/${name}/`)).json).toMatchObject([{ name: "inner", namespace: path }]);
    expect((await ask("GET", `actions/${name}`)).status).toBe(409);
    expect((await ask("GET", "actions?limit=200")).json).toContainEqual(
      expect.objectContaining({ name: "inner", namespace: path }),
    );
    const bound = await pack(bind(name));
    expect((await ask("GET", `actions/${bound}/`)).json).toMatchObject([{ name: "inner", namespace: path }]);
  },
);

line("2.56 4.01", "parameters merge: package, then binding, then action, then payload", async () => {
  const name = await pack({ parameters: [P("a", "package"), P("b", "package"), P("c", "package"), P("d", "package")] });
  await make(`actions/${name}/echo`, code(ECHO, { parameters: [P("c", "action"), P("d", "action")] }));
  const bound = await pack(bind(name, { parameters: [P("b", "binding"), P("c", "binding"), P("d", "binding")] }));
  const got = (await ask("GET", `actions/${bound}/echo`)).json.parameters;
  expect(Object.fromEntries(got.map((each: { key: string; value: string }) => [each.key, each.value]))).toEqual({
    a: "package",
    b: "binding",
    c: "action",
    d: "action",
  });
  const answer = await ask("POST", `actions/${bound}/echo?blocking=true&result=true`, { body: { d: "payload" } });
  expect(answer.json).toEqual({ a: "package", b: "binding", c: "action", d: "payload" });
});

line("2.67", "putting into a missing package is 404, into a binding 400", async () => {
  const missing = { status: 404, json: { error: "The requested resource does not exist." } };
  expect(await ask("PUT", `actions/${fresh("nobody")}/x`, { body: code(ECHO) })).toMatchObject(missing);
  expect(await ask("DELETE", `actions/${fresh("nobody")}/x`)).toMatchObject(missing);
  const bound = await pack(bind(await pack()));
  const refused = { status: 400, json: { error: "Operation not permitted on package binding." } };
  expect(await ask("PUT", `actions/${bound}/x`, { body: code(ECHO) })).toMatchObject(refused);
  expect(await ask("DELETE", `actions/${bound}/x`)).toMatchObject(refused);
});

line(
  "2.142 4.21 4.22 2.128",
  "an action invoked through a binding is the caller's activation, and names the binding",
  async () => {
    const shared = await pack({ publish: true });
    await make(`actions/${shared}/echo`, code(ECHO));
    const bound = fresh("bound");
    const other = { key: key(2) };
    await ask("PUT", `packages/${bound}`, { ...other, body: bind(shared) });
    const { json } = await ask("POST", `actions/${bound}/echo?blocking=true`, { ...other, body: {} });
    const record = await recordOf(json.activationId, 2);
    expect(record.namespace).toBe(namespace(2));
    expect(annotation(record, "path")).toBe(`${namespace(1)}/${shared}/echo`);
    expect(annotation(record, "binding")).toBe(`${namespace(2)}/${bound}`);
    const direct = await recordOf(
      (await ask("POST", foreign(`actions/${shared}/echo?blocking=true`), { ...other, body: {} })).json.activationId,
      2,
    );
    expect(annotation(direct, "binding")).toBeUndefined();
    await ask("DELETE", `packages/${bound}`, other);
  },
);

line("2.115 2.121", "the name filter matches binding and package names", async () => {
  const name = await pack();
  await make(`actions/${name}/filtered`, code(ECHO));
  const bound = await pack(bind(name));
  const direct = (await ask("POST", `actions/${name}/filtered?blocking=true`, { body: {} })).json.activationId;
  const through = (await ask("POST", `actions/${bound}/filtered?blocking=true`, { body: {} })).json.activationId;
  for (const id of [direct, through]) await recordOf(id);
  const ids = async (filter: string) =>
    (await ask("GET", `activations?name=${filter}`)).json.map((each: { activationId: string }) => each.activationId);
  expect(await ids(`${name}/filtered`)).toEqual([direct]);
  expect(await ids(`${bound}/filtered`)).toEqual([through]);
  expect(await ids("filtered")).toEqual([]);
});

line("2.42", "actions and packages share one name space", async () => {
  const conflict = { status: 409, json: { error: "Resource by this name exists but is not in this collection." } };
  const name = await pack();
  const action = fresh("act");
  await make(`actions/${action}`, code(ECHO));
  for (const [verb, path, options] of [
    ["GET", `actions/${name}`, {}],
    ["PUT", `actions/${name}`, { body: code(ECHO) }],
    ["PUT", `actions/${name}?overwrite=true`, { body: code(ECHO) }],
    ["DELETE", `actions/${name}`, {}],
    ["POST", `actions/${name}`, { body: {} }],
    ["GET", `packages/${action}`, {}],
    ["PUT", `packages/${action}`, { body: {} }],
    ["PUT", `packages/${action}?overwrite=true`, { body: {} }],
    ["DELETE", `packages/${action}`, {}],
    ["PUT", `actions/${action}/inner`, { body: code(ECHO) }],
    ["GET", `actions/${action}/inner`, {}],
  ] as const)
    expect([verb, path, await ask(verb, path, options)]).toMatchObject([verb, path, conflict]);
});
