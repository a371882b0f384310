// Bindings: what they show, what they may lead to, and what becomes of them. Parity 2.6 and 1.4.

import { expect } from "vitest";
import { bind, pack } from "./packages.ts";
import { annotation, ask, code, ECHO, fresh, key, line, make, namespace, pair, useApi } from "./suite.ts";

await useApi();

line("2.78 2.85", "a binding shows merged parameters, the provider's actions and the binding annotation", async () => {
  const name = await pack({ parameters: [pair("a", 1), pair("b", 1)] });
  await make(`actions/${name}/act`, code(ECHO));
  await make(`actions/${name}/feed`, code(ECHO, { annotations: [pair("feed", true)] }));
  const bound = await pack(
    bind(name, { parameters: [pair("b", 2), pair("c", 2)], annotations: [pair("binding", "mine")] }),
  );
  const { json } = await ask("GET", `packages/${bound}`);
  const parameters = Object.fromEntries(
    json.parameters.map((each: { key: string; value: unknown }) => [each.key, each.value]),
  );
  expect(parameters).toEqual({ a: 1, b: 2, c: 2 });
  expect(json.binding).toEqual({ namespace: namespace(1), name });
  expect(json.actions).toMatchObject([{ name: "act" }]);
  expect(json.feeds).toMatchObject([{ name: "feed" }]);
  expect(annotation(json, "binding")).toEqual({ namespace: namespace(1), name });
  const other = await pack();
  for (const [body, provider] of [
    [{ annotations: [pair("binding", "mine")] }, name],
    [{ annotations: [] }, name],
    [bind(other), other],
    [{ publish: true }, other],
  ] as const) {
    const again = await ask("PUT", `packages/${bound}?overwrite=true`, { body });
    expect([body, annotation(again.json, "binding")]).toEqual([body, { namespace: namespace(1), name: provider }]);
  }
  expect(annotation(await make(`packages/${fresh("b")}`, bind(name)), "binding")).toEqual(json.binding);
});

line("2.81", "a binding needs its provider: 400 at home, 403 abroad", async () => {
  const at = (ns: string) =>
    ask("PUT", `packages/${fresh("b")}`, { body: { binding: { namespace: ns, name: fresh("nobody") } } });
  expect(await at(namespace(1))).toMatchObject({
    status: 400,
    json: { error: "Binding references a package that does not exist." },
  });
  expect((await at("_")).status).toBe(400);
  expect((await at(namespace(2))).status).toBe(403);
});

line("2.82 2.83 2.84", "no binding to a binding or to what is no package, and no package becomes one", async () => {
  const name = await pack();
  const bound = await pack(bind(name));
  const action = fresh("act");
  await make(`actions/${action}`, code(ECHO));
  const put = (target: string) => ask("PUT", `packages/${fresh("b")}`, { body: bind(target) });
  expect(await put(bound)).toMatchObject({ status: 400, json: { error: "Cannot bind to another package binding." } });
  expect(await put(action)).toMatchObject({
    status: 409,
    json: { error: "Cannot bind to a resource that is not a package." },
  });
  const other = await pack();
  expect(await ask("PUT", `packages/${other}?overwrite=true`, { body: bind(name) })).toMatchObject({
    status: 409,
    json: { error: "Resource is a package and cannot be converted into a binding." },
  });
});

// None can be made over HTTP: test/http/routes/packages.worker.test.ts has what is said of a stored one.
line("1.44", "a binding that would point at itself is refused, directly or round about", async () => {
  const [name, second] = [await pack(), await pack()];
  const [bound, other] = [await pack(bind(name)), await pack(bind(second))];
  const error = async (path: string, target: string) => {
    const { status, json } = await ask("PUT", `packages/${path}?overwrite=true`, { body: bind(target) });
    return [status, json.error];
  };
  const isBinding = [400, "Cannot bind to another package binding."];
  expect(await error(bound, bound)).toEqual(isBinding);
  expect([await error(bound, other), await error(other, bound)]).toEqual([isBinding, isBinding]);
  for (const each of [name, second]) await ask("DELETE", `packages/${each}`);
  const missing = [400, "Binding references a package that does not exist."];
  expect([await error(bound, bound), await error(second, second)]).toEqual([missing, missing]);
  expect([await error(name, bound), await error(bound, other)]).toEqual([missing, missing]);
});

line("1.20", "an underscore in a binding stands for the caller's namespace", async () => {
  const name = await pack({ parameters: [pair("a", 1)] });
  const bound = fresh("bound");
  const { json } = await ask("PUT", `packages/${bound}`, { body: { binding: { namespace: "_", name } } });
  expect(json.binding).toEqual({ namespace: namespace(1), name });
  expect((await ask("GET", `packages/${bound}`)).json).toMatchObject({ parameters: [pair("a", 1)] });
  await ask("DELETE", `packages/${bound}`);
});

line(
  "2.89",
  "a binding can be deleted whether its provider is there, closed or gone, which nothing happens to",
  async () => {
    const name = await pack();
    await make(`actions/${name}/inner`, code(ECHO));
    const afar = fresh("pkg");
    const theirs = (method: string, body?: object) =>
      ask(method, `packages/${afar}?overwrite=true`, { key: key(2), body });
    await theirs("PUT", { publish: true });
    const mine = [await pack(bind(name)), await pack(bind(name))];
    const others = [fresh("bound"), fresh("bound")];
    for (const each of others) await make(`packages/${each}`, { binding: { namespace: namespace(2), name: afar } });
    const gone = async (bound = "") => {
      const { status, json } = await ask("DELETE", `packages/${bound}`);
      return [status, json.name === bound, (await ask("DELETE", `packages/${bound}`)).status];
    };
    // It is there, and not empty, which would keep a package.
    expect(await gone(mine[0])).toEqual([200, true, 404]);
    expect((await ask("GET", `actions/${name}/inner`)).status).toBe(200);
    await theirs("PUT", { publish: false });
    expect(await gone(others[0])).toEqual([200, true, 404]);
    expect((await theirs("DELETE")).status).toBe(200);
    expect(await gone(others[1])).toEqual([200, true, 404]);
    await ask("DELETE", `packages/${name}?force=true`);
    expect(await gone(mine[1])).toEqual([200, true, 404]);
  },
);

line("1.41", "a binding to a package that became private stops working", async () => {
  const shared = await pack({ publish: true });
  await make(`actions/${shared}/echo`, code(ECHO));
  const bound = fresh("bound");
  const other = { key: key(2) };
  expect((await ask("PUT", `packages/${bound}`, { ...other, body: bind(shared) })).status).toBe(200);
  expect((await ask("POST", `actions/${bound}/echo?blocking=true`, { ...other, body: {} })).status).toBe(200);
  // It is its owner's alone, also where it is published.
  await ask("PUT", `packages/${bound}?overwrite=true`, { ...other, body: { publish: true } });
  for (const path of [`packages/${bound}`, `actions/${bound}/echo`])
    expect((await ask("GET", `/api/v1/namespaces/${namespace(2)}/${path}`)).status).toBe(403);
  await ask("PUT", `packages/${shared}?overwrite=true`, { body: { publish: false } });
  expect((await ask("GET", `packages/${bound}`, other)).status).toBe(403);
  expect((await ask("POST", `actions/${bound}/echo?blocking=true`, { ...other, body: {} })).status).toBe(403);
  expect((await ask("DELETE", `packages/${bound}`, other)).status).toBe(200);
});
