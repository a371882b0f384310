// Triggers and rules over REST in workerd: what is written together, and who is in whose way.

import { beforeAll, describe, expect, test } from "vitest";
import { type Client, newClient } from "../platform.worker.ts";

const EXEC = { kind: "nodejs:default", code: "function main() {}" };
const MB = 1024 * 1024;

let me: Client;
let other: Client;
let counter = 0;
const fresh = (what: string) => `${what}-${counter++}`;

beforeAll(async () => {
  me = await newClient();
  other = await newClient();
});

async function put(path: string, body: unknown = {}, query = "?overwrite=true"): Promise<void> {
  const answer = await me.call("PUT", `/${path}${query}`, body);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
}

/** A trigger, an action and a rule between them. */
async function linked(): Promise<{ trigger: string; action: string; rule: string }> {
  const names = { trigger: fresh("t"), action: fresh("a"), rule: fresh("r") };
  await put(`triggers/${names.trigger}`);
  await put(`actions/${names.action}`, { exec: EXEC });
  await put(`rules/${names.rule}`, { trigger: `/_/${names.trigger}`, action: `/_/${names.action}` });
  return names;
}

const rulesOf = async (trigger: string): Promise<Record<string, { status: string }>> =>
  (await me.call("GET", `/triggers/${trigger}`)).json.rules;

describe("at once", () => {
  test("many rules are made over one trigger, and it knows them all", async () => {
    const { trigger, action, rule } = await linked();
    const names = Array.from({ length: 12 }, () => fresh("r"));
    const body = { trigger: `/_/${trigger}`, action: `/_/${action}` };
    const answers = await Promise.all(names.map((name) => me.call("PUT", `/rules/${name}`, body)));
    expect(answers.map((each) => each.status)).toEqual(names.map(() => 200));
    const wanted = [rule, ...names].map((name) => `${me.namespace}/${name}`).sort();
    expect(Object.keys(await rulesOf(trigger)).sort()).toEqual(wanted);
  });

  test("one rule is made once, and its trigger knows it once", async () => {
    const { trigger, action } = await linked();
    const name = fresh("r");
    const body = { trigger: `/_/${trigger}`, action: `/_/${action}` };
    const answers = await Promise.all([1, 2, 3].map(() => me.call("PUT", `/rules/${name}`, body)));
    expect(answers.map((each) => each.status).sort()).toEqual([200, 409, 409]);
    expect(Object.keys(await rulesOf(trigger))).toHaveLength(2);
  });

  test("a trigger is updated while its rules are made and switched: nothing is lost", async () => {
    const { trigger, action, rule } = await linked();
    const more = [fresh("r"), fresh("r")];
    const answers = await Promise.all([
      me.call("PUT", `/triggers/${trigger}?overwrite=true`, { parameters: [{ key: "n", value: 1 }] }),
      ...more.map((name) => me.call("PUT", `/rules/${name}`, { trigger: `/_/${trigger}`, action: `/_/${action}` })),
      me.call("POST", `/rules/${rule}`, { status: "inactive" }),
    ]);
    expect(answers.map((each) => each.status)).toEqual([200, 200, 200, 200]);
    const { json } = await me.call("GET", `/triggers/${trigger}`);
    expect(json.parameters).toEqual([{ key: "n", value: 1 }]);
    const statuses = Object.entries(json.rules as Record<string, { status: string }>);
    expect(statuses.map(([name, { status }]) => [name, status]).sort()).toEqual(
      [[`${me.namespace}/${rule}`, "inactive"], ...more.map((name) => [`${me.namespace}/${name}`, "active"])].sort(),
    );
  });

  test("a rule is moved and deleted: no trigger knows it in the end", async () => {
    for (let round = 0; round < 5; round++) {
      const { trigger, rule } = await linked();
      const elsewhere = fresh("t");
      await put(`triggers/${elsewhere}`);
      const [moved, gone, on] = await Promise.all([
        me.call("PUT", `/rules/${rule}?overwrite=true`, { trigger: `/_/${elsewhere}` }),
        me.call("DELETE", `/rules/${rule}`),
        me.call("POST", `/rules/${rule}`, { status: "inactive" }),
      ]);
      expect(gone.status).toBe(200);
      expect([200, 400]).toContain(moved.status);
      expect([200, 404]).toContain(on.status);
      expect(await rulesOf(trigger)).toEqual({});
      const left = (await me.call("GET", `/rules/${rule}`)).status === 200;
      expect(Object.keys(await rulesOf(elsewhere))).toHaveLength(left ? 1 : 0);
      expect(left).toBe(false);
    }
  });
});

describe("bad input", () => {
  test("of a rule is told apart", async () => {
    const { trigger, action, rule } = await linked();
    await put("packages/held");
    const ns = me.namespace;
    const theirs = other.namespace;
    const cases: [object | string, number, RegExp][] = [
      [{ trigger: `/_/${trigger}` }, 400, /^rule requires a valid trigger and a valid action$/],
      [{ trigger: `/_/none`, action: `/_/${action}` }, 400, new RegExp(`^trigger /${ns}/none does not exist$`)],
      [{ trigger: `/_/${trigger}`, action: "/_/none" }, 400, new RegExp(`^action /${ns}/none does not exist$`)],
      [{ trigger: `/_/${action}`, action: `/_/${action}` }, 400, /^trigger .* does not exist: .* something else$/],
      [{ trigger: `/_/${trigger}`, action: `/_/${trigger}` }, 400, /^action .* does not exist: .* something else$/],
      [{ trigger: `/_/${trigger}`, action: `/_/${rule}` }, 400, /^action .* does not exist: .* something else$/],
      [{ trigger: `/_/${rule}`, action: `/_/${action}` }, 400, /^trigger .* does not exist: .* something else$/],
      [{ trigger: `/_/held/${trigger}`, action: `/_/${action}` }, 400, /^trigger .* does not exist$/],
      [{ trigger: `/_/${trigger}`, action: `/_/held/none` }, 400, /^action .* does not exist$/],
      [{ trigger: `/_/${trigger}`, action: `/_/none/none` }, 404, /does not exist/],
      [{ trigger: `/${theirs}/t`, action: `/_/${action}` }, 403, new RegExp(`${theirs}/t`)],
      [{ trigger: `/_/${trigger}`, action: `/${theirs}/a` }, 403, new RegExp(`${theirs}/a`)],
      [{ trigger: `/_/${trigger}`, action: `/${theirs}/p/a` }, 403, new RegExp(`${theirs}/p`)],
      [{ trigger, action }, 400, /malformed/],
      [{ trigger: 7, action: `/_/${action}` }, 400, /malformed/],
      ["[]", 400, /malformed/],
      ["{", 400, /malformed/],
    ];
    for (const [body, status, text] of cases) {
      const name = fresh("bad");
      const answer = await me.call("PUT", `/rules/${name}`, body);
      expect([body, answer.status, answer.json.error]).toEqual([body, status, expect.stringMatching(text)]);
      expect((await me.call("GET", `/rules/${name}`)).status).toBe(404);
    }
    expect(Object.keys(await rulesOf(trigger))).toEqual([`${ns}/${rule}`]);
  });

  test("does not end a rule whose trigger or action is gone", async () => {
    const { trigger, action, rule } = await linked();
    await me.call("DELETE", `/actions/${action}`);
    expect((await me.call("PUT", `/rules/${rule}?overwrite=true`, {})).json.error).toMatch(
      /^action .* does not exist$/,
    );
    expect((await me.call("GET", `/rules/${rule}`)).json.status).toBe("active");
    await me.call("DELETE", `/triggers/${trigger}`);
    await put(`actions/${trigger}`, { exec: EXEC });
    expect((await me.call("GET", `/rules/${rule}`)).json).toMatchObject({ status: "inactive" });
    expect((await me.call("POST", `/rules/${rule}`, { status: "active" })).status).toBe(404);
    expect((await me.call("POST", `/rules/${rule}`, { status: "inactive" })).status).toBe(200);
    expect((await me.call("DELETE", `/rules/${rule}`)).json).toMatchObject({ name: rule, status: "inactive" });
    expect((await me.call("GET", `/rules/${rule}`)).status).toBe(404);
  });

  test("that is too large is 413", async () => {
    const { rule } = await linked();
    const long = [{ key: "k", value: "x".repeat(MB) }];
    for (const [path, field] of [
      ["triggers/long", "parameters"],
      ["triggers/long", "annotations"],
      ["rules/long", "annotations"],
    ]) {
      const answer = await me.call("PUT", `/${path}`, { [field as string]: long });
      expect([path, answer.status]).toEqual([path, 413]);
    }
    const more = "x".repeat(4 * MB);
    expect((await me.call("PUT", "/triggers/long", { more })).status).toBe(413);
    expect((await me.call("PUT", "/rules/long", { more })).status).toBe(413);
    expect((await me.call("POST", `/rules/${rule}`, { status: "active", more: "x".repeat(MB) })).status).toBe(413);
  });
});

test("a trigger keeps the bytes of its parameters", async () => {
  const values = ["12345678901234567890", "1.0", "1e400", '{"b":1, "a" : [2.50] }', '"\\u00fc\\/"'];
  const list = values.map((value, at) => `{"key":"k${at}","value":${value}}`).join(",");
  const name = fresh("t");
  await put(`triggers/${name}`, `{"parameters":[${list}]}`);
  const action = fresh("a");
  await put(`actions/${action}`, { exec: EXEC });
  await put(`rules/${fresh("r")}`, { trigger: `/_/${name}`, action: `/_/${action}` });
  const { text } = await me.call("GET", `/triggers/${name}`);
  for (const value of values) expect(text).toContain(`"value":${value}}`);
});

test("a trigger takes so many rules and no more", async () => {
  const { trigger, action } = await linked();
  const { DB } = (await import("cloudflare:workers")).env as unknown as { DB: D1Database };
  const one = { rule: "ns/full", action: { path: "ns", name: "a" }, status: "active" };
  const rules = Array.from({ length: 1_000 }, (_, at) => ({ ...one, rule: `ns/full-${at}` }));
  await DB.prepare("UPDATE entities SET document = json_set(document, '$.rules', json(?)) WHERE path = ? AND name = ?")
    .bind(JSON.stringify(rules), me.namespace, trigger)
    .run();
  const answer = await me.call("PUT", `/rules/${fresh("r")}`, { trigger: `/_/${trigger}`, action: `/_/${action}` });
  expect([answer.status, answer.json.error]).toEqual([400, "A trigger can have at most 1000 rules."]);
});
