// Triggers as entities. Parity 2.90 to 2.93, and the lines of other sections that speak of triggers. Fires are in
// fires.test.ts.

import { expect } from "vitest";
import { annotation, ask, code, ECHO, fresh, key, type Loose, line, make, namespace, pair, useApi } from "./suite.ts";

await useApi();

const NS = "/api/v1/namespaces";

async function linked(): Promise<{ trigger: string; action: string; rule: string }> {
  const names = { trigger: fresh("trigger"), action: fresh("action"), rule: fresh("rule") };
  await make(`triggers/${names.trigger}`, {});
  await make(`actions/${names.action}`, code(ECHO));
  await make(`rules/${names.rule}`, { trigger: `/_/${names.trigger}`, action: `/_/${names.action}` });
  return names;
}

line("2.90 3.43 3.05 3.07", "a trigger shows what it is made of, its rules and no limits", async () => {
  const { trigger, action, rule } = await linked();
  const { json, status, headers } = await ask("GET", `triggers/${trigger}`);
  expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
  const ns = namespace(1);
  expect(json).toEqual({
    ...{ namespace: ns, name: trigger, version: "0.0.1", publish: false, annotations: [], parameters: [], limits: {} },
    rules: { [`${ns}/${rule}`]: { action: { path: ns, name: action }, status: "active" } },
    updated: expect.any(Number),
  });
  const parameters = [pair("p", { a: [1, null] })];
  const body = { parameters, annotations: [pair("a", 1)], publish: true, version: "1.2.3", limits: {} };
  const name = fresh("trigger");
  const made = await make(`triggers/${name}`, body);
  expect(made).toMatchObject({ ...body, name, namespace: ns, rules: {} });
  expect((await ask("DELETE", `triggers/${name}`)).json).toEqual(made);
  expect((await ask("GET", `triggers/${name}`)).status).toBe(404);
  expect((await ask("DELETE", `triggers/${name}`)).status).toBe(404);
});

line("2.91 2.35 2.36 1.39", "lists carry the common fields, newest first, and belong to their owner", async () => {
  const names = [fresh("one"), fresh("two"), fresh("three")];
  for (const name of names) {
    await make(`triggers/${name}`, { parameters: [pair("p", 1)], annotations: [pair("a", name)] });
    await new Promise((done) => setTimeout(done, 5));
  }
  const { json } = await ask("GET", "triggers?limit=3");
  expect(json.map((each: Loose) => each.name)).toEqual([...names].reverse());
  expect(json[0]).toEqual({
    ...{ namespace: namespace(1), name: names[2], version: "0.0.1", publish: false },
    annotations: [pair("a", names[2])],
    updated: expect.any(Number),
  });
  const total = (await ask("GET", "triggers?count=true")).json;
  expect(Object.keys(total)).toEqual(["triggers"]);
  expect((await ask("GET", "triggers?count=true&skip=1")).json.triggers).toBe(total.triggers - 1);
  expect((await ask("GET", "triggers/?limit=1&skip=1")).json[0].name).toBe(names[1]);
  expect((await ask("GET", "triggers?limit=201")).status).toBe(400);
  const foreign = await ask("GET", `${NS}/${namespace(1)}/triggers`, { key: key(2) });
  expect([foreign.status, foreign.json.error]).toEqual([403, expect.stringContaining(`'${namespace(1)}'`)]);
});

line("2.92", "a feed must be a name when a trigger is made, and nothing is asked of it later", async () => {
  for (const feed of ["/whisk.system/alarms/alarm", "mine", "pack/mine", "/nobody/none"]) {
    const made = await make(`triggers/${fresh("fed")}`, { annotations: [pair("feed", feed)] });
    expect(annotation(made, "feed")).toBe(feed);
  }
  for (const feed of ["", "/", "a/?", " a", 7, null, {}, ["a"]]) {
    const answer = await ask("PUT", `triggers/${fresh("fed")}`, { body: { annotations: [pair("feed", feed)] } });
    expect([feed, answer.status, answer.json.error]).toEqual([feed, 400, "Feed name is not valid"]);
  }
  const name = fresh("fed");
  await make(`triggers/${name}`, {});
  expect(
    (await ask("PUT", `triggers/${name}?overwrite=true`, { body: { annotations: [pair("feed", 7)] } })).status,
  ).toBe(200);
});

line("2.93 2.39 2.40 3.05", "an update replaces what it names and keeps the rest, and the rules", async () => {
  const { trigger } = await linked();
  const put = (body: object) => ask("PUT", `triggers/${trigger}?overwrite=true`, { body });
  const { rules } = (await ask("GET", `triggers/${trigger}`)).json;
  expect(Object.keys(rules)).toHaveLength(1);
  const first = await put({ parameters: [pair("a", 1), pair("b", 2)], annotations: [pair("n", 1)] });
  expect(first.json).toMatchObject({ version: "0.0.2", rules, annotations: [pair("n", 1)] });
  const second = await put({ parameters: [pair("c", 3)], publish: null });
  expect(second.json).toMatchObject({ version: "0.0.3", rules, annotations: [pair("n", 1)], publish: false });
  expect(second.json.parameters).toEqual([pair("c", 3)]);
  const third = await put({ annotations: [pair("m", 2)] });
  expect(third.json).toMatchObject({ parameters: [pair("c", 3)], rules });
  expect(third.json.annotations).toEqual([pair("m", 2)]);
  expect((await put({})).json).toMatchObject({ parameters: [pair("c", 3)], annotations: [pair("m", 2)], rules });
  expect((await put({ parameters: [], annotations: [] })).json).toMatchObject({
    parameters: [],
    annotations: [],
    rules,
  });
  expect((await put({ version: "7.0.0" })).json.version).toBe("7.0.0");
  const again = await ask("PUT", `triggers/${trigger}`, { body: {} });
  expect([again.status, again.json.error]).toEqual([409, "resource already exists"]);
  expect((await ask("PUT", `triggers/${trigger}?overwrite=false`, { body: {} })).status).toBe(409);
});

line("2.42", "a name that is something else's is a conflict, whatever is asked", async () => {
  const { trigger, action, rule } = await linked();
  for (const [collection, name] of [
    ["triggers", action],
    ["triggers", rule],
    ["actions", trigger],
    ["packages", trigger],
    ["rules", trigger],
    ["rules", action],
  ]) {
    for (const method of ["GET", "DELETE"]) {
      const answer = await ask(method, `${collection}/${name}`);
      const error = "Resource by this name exists but is not in this collection.";
      expect([collection, method, answer.status, answer.json.error]).toEqual([collection, method, 409, error]);
    }
  }
  for (const path of [`triggers/${action}`, `triggers/${rule}`]) {
    expect((await ask("PUT", `${path}?overwrite=true`, { body: {} })).status).toBe(409);
  }
  const body = { trigger: `/_/${trigger}`, action: `/_/${action}` };
  for (const name of [trigger, action]) {
    expect((await ask("PUT", `rules/${name}?overwrite=true`, { body })).status).toBe(409);
  }
});

line(
  "1.34 1.35 1.47 2.114",
  "what a trigger is not asked is refused: by others, in packages, with other verbs",
  async () => {
    const { trigger } = await linked();
    const path = `${NS}/${namespace(1)}/triggers/${trigger}`;
    for (const method of ["GET", "PUT", "DELETE"]) {
      const options = { key: key(2), ...(method === "PUT" ? { body: {} } : {}) };
      const answer = await ask(method, path, options);
      expect([answer.status, answer.json.error]).toEqual([403, expect.stringContaining(`${namespace(1)}/${trigger}`)]);
    }
    expect((await ask("PATCH", `triggers/${trigger}`, { body: {} })).status).toBe(405);
    for (const method of ["PUT", "POST", "DELETE"]) expect((await ask(method, "triggers")).status).toBe(405);
    for (const method of ["GET", "DELETE"]) expect((await ask(method, `triggers/pack/${trigger}`)).status).toBe(404);
    expect((await ask("PUT", `triggers/pack/${trigger}`, { body: {} })).status).toBe(404);
  },
);

line("3.01 3.02 3.03 3.06 3.08 3.09", "names, versions and lists are held to the rules of all entities", async () => {
  for (const name of ["a b", "a@b.c&d-e", "_x", "9"]) {
    const path = `triggers/${encodeURIComponent(fresh(name))}`;
    await make(path, {});
    expect((await ask("GET", path)).status).toBe(200);
  }
  expect((await ask("PUT", `triggers/${encodeURIComponent("a?b")}`, { body: {} })).json.error).toBe(
    "The name of the entity contains illegal characters.",
  );
  const [longest, longer] = ["x".repeat(256), "x".repeat(257)];
  for (const [path, body] of [
    [`triggers/${longer}`, {}],
    [`packages/${longer}`, {}],
    [`rules/${longer}`, { trigger: "/_/none", action: "/_/none" }],
    [`actions/${longer}`, code(ECHO)],
    [`actions/${longer}/x`, code(ECHO)],
    [`actions/${longest}/${longer}`, code(ECHO)],
  ] as const)
    for (const method of ["PUT", "GET", "DELETE"]) {
      const { status, json } = await ask(method, path, method === "PUT" ? { body } : {});
      const text = expect.stringMatching(/ longer than allowed: 257 > 256\.$/);
      expect([method, path, status, json.error]).toEqual([method, path, 400, text]);
    }
  for (const collection of ["triggers", "packages"]) {
    await make(`${collection}/${longest}`, {});
    await ask("DELETE", `${collection}/${longest}`);
  }
  const cases = [{ version: "x" }, { parameters: { a: 1 } }, { annotations: [{ key: 1 }] }, { publish: 1 }, [], 7];
  for (const body of cases) {
    expect([body, (await ask("PUT", `triggers/${fresh("bad")}`, { body })).status]).toEqual([body, 400]);
  }
  const made = await make(`triggers/${fresh("twice")}`, { parameters: [pair("a", 1), pair("a", 2)] });
  expect(made.parameters).toEqual([pair("a", 2)]);
  const long = [pair("k", "x".repeat(1024 * 1024))];
  for (const field of ["parameters", "annotations"]) {
    expect((await ask("PUT", `triggers/${fresh("long")}`, { body: { [field]: long } })).status).toBe(413);
  }
});
