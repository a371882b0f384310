// Rules. Parity 2.103 to 2.114, and the lines of other sections that speak of rules.

import { expect } from "vitest";
import { ask, code, ECHO, fresh, key, type Loose, line, make, namespace, pair, useApi } from "./suite.ts";

await useApi();

const NS = "/api/v1/namespaces";

interface Linked {
  trigger: string;
  action: string;
  rule: string;
}

async function ends(): Promise<Omit<Linked, "rule">> {
  const names = { trigger: fresh("trigger"), action: fresh("action") };
  await make(`triggers/${names.trigger}`, {});
  await make(`actions/${names.action}`, code(ECHO));
  return names;
}

async function linked(): Promise<Linked> {
  const { trigger, action } = await ends();
  const rule = fresh("rule");
  await make(`rules/${rule}`, { trigger: `/_/${trigger}`, action: `/_/${action}` });
  return { trigger, action, rule };
}

const statusOf = async (rule: string): Promise<string> => (await ask("GET", `rules/${rule}`)).json.status;
const post = (rule: string, body: unknown) => ask("POST", `rules/${rule}`, { body });
const linksOf = async (trigger: string): Promise<Loose> => (await ask("GET", `triggers/${trigger}`)).json.rules;

line("2.103 1.20 12.34 12.68 3.05", "its ends are named as text or as objects, and shown as objects", async () => {
  const { trigger, action } = await ends();
  const ns = namespace(1);
  const shown = { trigger: { path: ns, name: trigger }, action: { path: ns, name: action } };
  for (const body of [
    { trigger: `/${ns}/${trigger}`, action: `/${ns}/${action}` },
    { trigger: `/_/${trigger}`, action: `/_/${action}` },
    { trigger: `${ns}/${trigger}`, action: `_/${action}` },
    { trigger: { path: ns, name: trigger }, action: { path: "_", name: action } },
  ]) {
    const name = fresh("rule");
    const made = await make(`rules/${name}`, body);
    expect(made).toEqual({
      ...{ namespace: ns, name, version: "0.0.1", publish: false, annotations: [], status: "active" },
      ...shown,
      updated: expect.any(Number),
    });
    expect((await ask("GET", `rules/${name}`)).json).toEqual(made);
    const { json } = await ask("GET", "rules?limit=1");
    expect(json[0]).toMatchObject({ name, ...shown });
  }
});

line("2.104 2.105", "without both, or without what they name, it is not made", async () => {
  const { trigger, action } = await ends();
  const ns = namespace(1);
  const both = "rule requires a valid trigger and a valid action";
  const cases: [object, string][] = [
    [{}, both],
    [{ trigger: `/_/${trigger}` }, both],
    [{ action: `/_/${action}`, trigger: null }, both],
    [{ trigger: `/_/none`, action: `/_/${action}` }, `trigger /${ns}/none does not exist`],
    [{ trigger: `/_/${trigger}`, action: `/_/none` }, `action /${ns}/none does not exist`],
  ];
  for (const [body, error] of cases) {
    const name = fresh("rule");
    const answer = await ask("PUT", `rules/${name}`, { body });
    expect([body, answer.status, answer.json.error]).toEqual([body, 400, error]);
    expect((await ask("GET", `rules/${name}`)).status).toBe(404);
  }
  const swapped = await ask("PUT", `rules/${fresh("rule")}`, {
    body: { trigger: `/_/${action}`, action: `/_/${trigger}` },
  });
  expect(swapped.status).toBe(400);
  expect(await linksOf(trigger)).toEqual({});
  const packaged = await ask("PUT", `rules/${fresh("rule")}`, {
    body: { trigger: `/_/${trigger}`, action: "/_/none/none" },
  });
  expect([403, 404]).toContain(packaged.status);
});

line("2.106", "a name without a namespace is malformed", async () => {
  const { trigger, action } = await ends();
  for (const body of [
    { trigger, action: `/_/${action}` },
    { trigger: `/_/${trigger}`, action },
    { trigger: `/${trigger}`, action: `/_/${action}` },
    { trigger: `/_/${trigger}`, action: { name: action } },
    { trigger: `/_/${trigger}`, action: 7 },
    { trigger: `/_/a/b/${trigger}`, action: `/_/${action}` },
  ]) {
    const answer = await ask("PUT", `rules/${fresh("rule")}`, { body });
    expect([body, answer.status]).toEqual([body, 400]);
    expect(answer.json.error).toMatch(/^The request content was malformed:\n./);
  }
});

line("2.107 2.93", "a new rule is active; an update keeps its status and moves its link", async () => {
  const { trigger, action, rule } = await linked();
  const elsewhere = await ends();
  const put = (body: object) => ask("PUT", `rules/${rule}?overwrite=true`, { body });
  expect(await statusOf(rule)).toBe("active");
  await post(rule, { status: "inactive" });
  const noted = await put({ annotations: [pair("note", 1)] });
  expect(noted.json).toMatchObject({
    ...{ version: "0.0.2", status: "inactive", annotations: [pair("note", 1)] },
    ...{ trigger: { name: trigger }, action: { name: action } },
  });
  const moved = await put({ trigger: `/_/${elsewhere.trigger}` });
  expect(moved.json).toMatchObject({ version: "0.0.3", status: "inactive", annotations: [pair("note", 1)] });
  expect(await linksOf(trigger)).toEqual({});
  const ns = namespace(1);
  expect(await linksOf(elsewhere.trigger)).toEqual({
    [`${ns}/${rule}`]: { action: { path: ns, name: action }, status: "inactive" },
  });
  await post(rule, { status: "active" });
  expect((await put({ annotations: [pair("other", 2)] })).json.annotations).toEqual([pair("other", 2)]);
  const other = await put({ action: `/_/${elsewhere.action}` });
  expect(other.json).toMatchObject({ status: "active", action: { name: elsewhere.action } });
  expect(await linksOf(elsewhere.trigger)).toEqual({
    [`${ns}/${rule}`]: { action: { path: ns, name: elsewhere.action }, status: "active" },
  });
  const again = await ask("PUT", `rules/${rule}`, { body: { trigger: `/_/${trigger}`, action: `/_/${action}` } });
  expect([again.status, again.json.error]).toEqual([409, "resource already exists"]);
});

line("2.108", "its status is inactive once its trigger is gone or has forgotten it", async () => {
  const { trigger, action, rule } = await linked();
  expect(await statusOf(rule)).toBe("active");
  await ask("DELETE", `triggers/${trigger}`);
  expect(await statusOf(rule)).toBe("inactive");
  await make(`triggers/${trigger}`, {});
  expect(await statusOf(rule)).toBe("inactive");
  expect((await post(rule, { status: "active" })).status).toBe(200);
  expect(await statusOf(rule)).toBe("active");
  expect(Object.values(await linksOf(trigger))).toEqual([
    { action: { path: namespace(1), name: action }, status: "active" },
  ]);
});

line("2.109 1.39 2.35", "lists show whole rules without their status, to their owner", async () => {
  const { trigger, action, rule } = await linked();
  const ns = namespace(1);
  const { json } = await ask("GET", "rules?limit=1");
  expect(json).toEqual([
    {
      ...{ namespace: ns, name: rule, version: "0.0.1", publish: false, annotations: [] },
      ...{ trigger: { path: ns, name: trigger }, action: { path: ns, name: action } },
      updated: expect.any(Number),
    },
  ]);
  const { rules } = (await ask("GET", "rules?count=true")).json;
  expect(rules).toBeGreaterThan(0);
  expect((await ask("GET", "rules/?count=true&skip=1")).json).toEqual({ rules: rules - 1 });
  expect((await ask("GET", `${NS}/${ns}/rules`, { key: key(2) })).status).toBe(403);
});

line("2.110 12.35 12.67", "it is switched on and off with a plain OK, also when it is so already", async () => {
  const { rule, trigger } = await linked();
  const before = (await ask("GET", `triggers/${trigger}`)).json;
  for (const status of ["active", "inactive", "inactive", "active"]) {
    const answer = await post(rule, { status, trigger: null, action: null });
    expect([answer.status, answer.text]).toEqual([200, "OK"]);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await statusOf(rule)).toBe(status);
  }
  const { version, updated } = (await ask("GET", `triggers/${trigger}`)).json;
  expect({ version, updated }).toEqual({ version: before.version, updated: before.updated });
  expect((await ask("GET", `rules/${rule}`)).json.version).toBe("0.0.1");
});

line("2.111", "without a trigger it cannot be switched on", async () => {
  const { trigger, rule } = await linked();
  await ask("DELETE", `triggers/${trigger}`);
  const answer = await post(rule, { status: "active" });
  expect([answer.status, answer.json.error]).toEqual([404, "Only rules with existing triggers can be activated"]);
  expect((await post(rule, { status: "inactive" })).status).toBe(200);
  expect((await ask("PUT", `rules/${rule}?overwrite=true`, { body: {} })).status).toBe(400);
  expect((await post(fresh("none"), { status: "active" })).status).toBe(404);
});

line("2.112", "another status, or none, is malformed", async () => {
  const { rule } = await linked();
  for (const body of [{}, { status: "on" }, { status: null }, { status: true }, { status: "ACTIVE" }, [], "active"]) {
    const answer = await post(rule, body);
    expect([body, answer.status]).toEqual([body, 400]);
    expect(answer.json.error).toMatch(/^The request content was malformed:\n./);
  }
  expect((await ask("POST", `rules/${rule}`)).status).toBe(400);
  expect(await statusOf(rule)).toBe("active");
});

line("2.113 12.37", "it is deleted in any status, and its trigger forgets it", async () => {
  for (const status of ["active", "inactive"]) {
    const { trigger, rule } = await linked();
    await post(rule, { status });
    const gone = await ask("DELETE", `rules/${rule}`);
    expect([gone.status, gone.json]).toMatchObject([200, { name: rule, status: "inactive" }]);
    expect(await linksOf(trigger)).toEqual({});
    expect((await ask("GET", `rules/${rule}`)).status).toBe(404);
    expect((await ask("DELETE", `rules/${rule}`)).status).toBe(404);
  }
  const { trigger, rule } = await linked();
  await ask("DELETE", `triggers/${trigger}`);
  expect((await ask("DELETE", `rules/${rule}`)).json.status).toBe("inactive");
});

line("2.114 1.47", "rules lie in no package, and know no other verbs", async () => {
  const { rule } = await linked();
  for (const method of ["GET", "DELETE"]) expect((await ask(method, `rules/${rule}/x`)).status).toBe(404);
  expect((await ask("PUT", `rules/pack/${rule}`, { body: {} })).status).toBe(404);
  expect((await ask("PATCH", `rules/${rule}`, { body: {} })).status).toBe(405);
  for (const method of ["PUT", "POST", "DELETE"]) expect((await ask(method, "rules")).status).toBe(405);
});

line("1.50 1.34 1.35", "what the caller may not read cannot be an end; published and bound packages can", async () => {
  const { trigger, action, rule } = await linked();
  const theirs = namespace(2);
  const mine = `/_/${trigger}`;
  const put = (body: object) => ask("PUT", `rules/${fresh("rule")}`, { body });
  for (const body of [
    { trigger: `/${theirs}/${trigger}`, action: `/_/${action}` },
    { trigger: mine, action: `/${theirs}/${action}` },
    { trigger: mine, action: `/${theirs}/none/none` },
    { trigger: `/${theirs}/x`, action: `/${theirs}/y` },
  ]) {
    const answer = await put(body);
    expect([body, answer.status]).toEqual([body, 403]);
    expect(answer.json.error).toContain(theirs);
  }
  const several = await put({ trigger: `/${theirs}/x`, action: `/${theirs}/y` });
  expect(several.json.error).toContain(`'${theirs}/x, ${theirs}/y'`);
  const pack = fresh("pack");
  const bound = fresh("bound");
  await make(`packages/${pack}`, {});
  await make(`actions/${pack}/inner`, code(ECHO));
  await make(`packages/${bound}`, { binding: { namespace: "_", name: pack } });
  const ns = namespace(1);
  for (const bundle of [pack, bound]) {
    const made = await make(`rules/${fresh("rule")}`, { trigger: mine, action: `/_/${bundle}/inner` });
    expect(made).toMatchObject({ status: "active", action: { path: `${ns}/${bundle}`, name: "inner" } });
  }
  expect((await put({ trigger: mine, action: `/_/${bound}/none` })).json.error).toBe(
    `action /${ns}/${bound}/none does not exist`,
  );
  const foreign = { key: key(2), body: { trigger: `/${ns}/${trigger}`, action: `/${ns}/${action}` } };
  expect((await ask("PUT", `rules/${fresh("rule")}`, foreign)).status).toBe(403);
  const path = `${NS}/${ns}/rules/${rule}`;
  for (const method of ["GET", "DELETE"]) expect((await ask(method, path, { key: key(2) })).status).toBe(403);
  expect((await ask("POST", path, { key: key(2), body: { status: "inactive" } })).status).toBe(403);
  expect(await statusOf(rule)).toBe("active");
});

line("12.36 12.39", "wsk lists rules and asks for each one's status", async () => {
  const { rule } = await linked();
  for (const collection of ["actions", "packages", "triggers", "rules"]) {
    const { status, json } = await ask("GET", `${collection}?limit=0&skip=0`);
    expect([collection, status, Array.isArray(json)]).toEqual([collection, 200, true]);
  }
  const names = (await ask("GET", "rules?limit=0&skip=0")).json.map((each: Loose) => each.name);
  expect(names).toContain(rule);
  for (const name of names) expect(["active", "inactive", undefined]).toContain(await statusOf(name));
});
