// Firing triggers: what is answered, what each rule's action gets, what the trigger's record says.
// Parity 2.94 to 2.102.

import { expect } from "vitest";
import { withinOneMinute } from "../support/minutes.ts";
import {
  type Answer,
  annotation,
  ask,
  code,
  ECHO,
  fresh,
  key,
  type Loose,
  line,
  make,
  namespace,
  pair,
  recordOf,
  tenant,
  useApi,
} from "./suite.ts";

await useApi();

interface Hook {
  trigger: string;
  rules: string[];
}

/** A trigger with a rule for each of these actions. */
async function hook(actions: string[], body: object = {}): Promise<Hook> {
  const trigger = fresh("hook");
  await make(`triggers/${trigger}`, body);
  const rules: string[] = [];
  for (const action of actions) {
    const rule = fresh("rule");
    rules.push(rule);
    await make(`rules/${rule}`, { trigger: `/_/${trigger}`, action: `/_/${action}` });
  }
  return { trigger, rules };
}

async function echo(): Promise<string> {
  const name = fresh("echo");
  await make(`actions/${name}`, code(ECHO));
  return name;
}

const fire = (trigger: string, body?: unknown, headers: Record<string, string> = {}) =>
  ask("POST", `triggers/${trigger}`, { ...(body === undefined ? {} : { body }), headers });
const linesOf = (record: Loose): Loose[] => record.logs.map((each: string) => JSON.parse(each));

line("2.94", "a fire is 202 with an id, in the body and in a header", async () => {
  const { trigger } = await hook([await echo()]);
  const answer = await fire(trigger, { n: 1 });
  expect(answer.status).toBe(202);
  expect(answer.json).toEqual({ activationId: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(answer.headers.get("x-openwhisk-activation-id")).toBe(answer.json.activationId);
});

line("2.95", "without an active rule it is 204, empty, and nothing is kept", async () => {
  const { trigger, rules } = await hook([await echo()]);
  const bare = await hook([]);
  expect((await ask("POST", `rules/${rules[0]}`, { body: { status: "inactive" } })).status).toBe(200);
  for (const name of [trigger, bare.trigger]) {
    const answer = await fire(name, { n: 1 });
    expect([answer.status, answer.text, answer.headers.get("x-openwhisk-activation-id")]).toEqual([204, "", null]);
  }
  // When the record of a later fire is there, theirs would be.
  const later = await hook([await echo()]);
  await recordOf((await fire(later.trigger)).json.activationId);
  for (const name of [trigger, bare.trigger]) expect((await ask("GET", `activations?name=${name}`)).json).toEqual([]);
});

line("2.96 3.44", "more than 1 MB is 413", async () => {
  const action = fresh("length");
  await make(`actions/${action}`, code("function main(a) { return { length: a.text.length }; }"));
  const { trigger } = await hook([action]);
  expect(await fire(trigger, { text: "x".repeat(1024 * 1024) })).toMatchObject({
    status: 413,
    json: { error: "Request larger than allowed: 1048587 > 1048576 bytes." },
  });
  const most = await fire(trigger, { text: "x".repeat(1024 * 1024 - 11) });
  expect(most.status).toBe(202);
  const record = await recordOf(most.json.activationId);
  expect(record.response.result.text.length).toBe(1024 * 1024 - 11);
  const [told] = linesOf(record);
  expect((await recordOf(told.activationId)).response.result).toEqual({ length: 1024 * 1024 - 11 });
});

line("2.97", "an action gets the trigger's parameters, under the headers, under what was posted", async () => {
  const action = await echo();
  const parameters = [pair("a", "trigger"), pair("b", "trigger"), pair("__ow_headers", "trigger")];
  const { trigger } = await hook([action], { parameters });
  const told = async (body: object) => {
    const { json } = await fire(trigger, body, { "X-Hook-Header": "Yes" });
    const [first] = linesOf(await recordOf(json.activationId));
    return (await recordOf(first.activationId)).response.result;
  };
  const plain = await told({ b: "posted" });
  expect(plain).toMatchObject({ a: "trigger", b: "posted" });
  expect(plain.__ow_headers["x-hook-header"]).toBe("Yes");
  expect(await told({ __ow_headers: "posted" })).toMatchObject({ a: "trigger", b: "trigger", __ow_headers: "posted" });
});

line(
  "2.98 4.24 2.102",
  "each active rule is a call of its own in the namespace of who fired, and nothing is a cause",
  async () => {
    const name = fresh("who");
    await make(
      `actions/${name}`,
      code(
        "function main() { return { transaction: process.env.__OW_TRANSACTION_ID, ns: process.env.__OW_NAMESPACE }; }",
      ),
    );
    const { trigger } = await hook([name, await echo()]);
    const fired = await fire(trigger);
    const record = await recordOf(fired.json.activationId);
    expect(record).toMatchObject({ namespace: namespace(1), name: trigger });
    const ids = linesOf(record).map((each) => each.activationId);
    expect(new Set(ids).size).toBe(2);
    const { logs: _, ...rest } = record;
    for (const id of ids) {
      const caused = await recordOf(id);
      expect(caused).toMatchObject({ namespace: namespace(1), response: { success: true } });
      // Nothing but the trigger's logs ties them together.
      for (const each of [rest, caused]) expect(each).not.toHaveProperty("cause");
      expect(annotation(caused, "causedBy")).toBeUndefined();
      const texts = [JSON.stringify(rest), JSON.stringify(caused)];
      expect([texts[0]?.includes(id), texts[1]?.includes(record.activationId)]).toEqual([false, false]);
    }
    const [first] = linesOf(record).filter((each) => each.action.endsWith(name));
    const { result } = (await recordOf(first.activationId)).response;
    expect(result).toEqual({ transaction: fired.headers.get("x-request-id"), ns: namespace(1) });
  },
);

line(
  "2.98 9.06 9.01 9.08",
  "fires have a rate of their own and no limit at a time; each rule's action is throttled as any call",
  async () => {
    const owner = await tenant({ firesPerMinute: 3, invocationsPerMinute: 1, concurrentInvocations: 1 });
    const as = { key: owner.key };
    await ask("PUT", "actions/a", { ...as, body: code(ECHO) });
    await ask("PUT", "triggers/t", { ...as, body: {} });
    await ask("PUT", "rules/r", { ...as, body: { trigger: "/_/t", action: "/_/a" } });
    // The rules' calls are counted in the same minute: with the records, which tell of them, it is still that one.
    const [answers, lines] = await withinOneMinute(async () => {
      const heard: Answer[] = [];
      for (let n = 0; n < 4; n++) heard.push(await ask("POST", "triggers/t", { ...as, body: {} }));
      const told: Loose[] = [];
      for (const each of heard.slice(0, 3)) told.push(...linesOf(await recordOf(each.json.activationId, owner.key)));
      return [heard, told] as const;
    });
    expect(answers.map((each) => each.status)).toEqual([202, 202, 202, 429]);
    const tooMany = (count: number, allowed: number) =>
      `Too many requests in the last minute (count: ${count}, allowed: ${allowed}).`;
    expect(answers[3]?.json.error).toBe(tooMany(4, 3));
    const refused = lines.filter((each) => !each.success);
    expect(refused.map((each) => [each.statusCode, each.error]).sort()).toEqual([
      [1, tooMany(2, 1)],
      [1, tooMany(3, 1)],
    ]);
  },
  { needs: "admin" },
);

line(
  "2.99",
  "the record is a success with what was posted, without end or duration, a line for each rule",
  async () => {
    const action = await echo();
    const { trigger, rules } = await hook([action]);
    const posted = await fire(trigger, { n: 1 });
    const record = await recordOf(posted.json.activationId);
    expect(record.response).toMatchObject({ success: true, status: "success", result: { n: 1 } });
    for (const field of ["end", "duration"]) expect(record).not.toHaveProperty(field);
    expect(linesOf(record)).toEqual([
      {
        rule: `${namespace(1)}/${rules[0]}`,
        action: `${namespace(1)}/${action}`,
        statusCode: 0,
        success: true,
        activationId: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
    const [summary] = (await ask("GET", `activations?name=${trigger}`)).json;
    expect(summary).toMatchObject({ name: trigger, activationId: record.activationId });
    for (const field of ["end", "duration", "statusCode"]) expect(summary).not.toHaveProperty(field);
    const empty = await fire(trigger);
    expect((await recordOf(empty.json.activationId)).response.result).toEqual({});
    expect((await ask("GET", `activations/${empty.json.activationId}/logs`)).json.logs).toHaveLength(1);
    expect((await ask("GET", `activations/${empty.json.activationId}/result`)).json).toMatchObject({ result: {} });
  },
);

line("2.100", "an inactive rule beside an active one has a line that says so", async () => {
  const action = await echo();
  const { trigger, rules } = await hook([action, action]);
  await ask("POST", `rules/${rules[0]}`, { body: { status: "inactive" } });
  const { json } = await fire(trigger);
  const ns = namespace(1);
  const lines = linesOf(await recordOf(json.activationId));
  expect(lines.find((each) => each.rule === `${ns}/${rules[0]}`)).toEqual({
    ...{ rule: `${ns}/${rules[0]}`, action: `${ns}/${action}`, statusCode: 1, success: false },
    error: `Rule '${ns}/${rules[0]}' is inactive, action '${ns}/${action}' was not activated.`,
  });
  expect(lines.find((each) => each.rule === `${ns}/${rules[1]}`)).toMatchObject({ success: true });
});

line("2.101", "a rule whose action is gone has a line with the words of the 404", async () => {
  const action = await echo();
  const { trigger } = await hook([action]);
  await ask("DELETE", `actions/${action}`);
  const { status, json } = await fire(trigger);
  expect(status).toBe(202);
  expect(linesOf(await recordOf(json.activationId))).toEqual([
    expect.objectContaining({ statusCode: 1, success: false, error: "The requested resource does not exist." }),
  ]);
});

line("2.98", "a rule's action may be a sequence", async () => {
  const [one, sequence] = [await echo(), fresh("sequence")];
  await make(`actions/${sequence}`, { exec: { kind: "sequence", components: [`/_/${one}`, `/_/${one}`] } });
  const { trigger } = await hook([sequence]);
  const [told] = linesOf(await recordOf((await fire(trigger, { n: 1 })).json.activationId));
  const record = await recordOf(told.activationId);
  expect(record).toMatchObject({ name: sequence, response: { success: true, result: { n: 1 } } });
  expect(record.logs).toHaveLength(2);
});

line("2.94", "the next fire sees an action changed, a rule switched off, and the trigger deleted", async () => {
  const action = await echo();
  const { trigger, rules } = await hook([action]);
  const told = async () => linesOf(await recordOf((await fire(trigger)).json.activationId));
  await told();
  await make(`actions/${action}`, code("function main() { return { changed: true }; }"));
  const [changed] = await told();
  expect((await recordOf(changed.activationId)).response.result).toEqual({ changed: true });
  await ask("POST", `rules/${rules[0]}`, { body: { status: "inactive" } });
  expect((await fire(trigger)).status).toBe(204);
  await ask("POST", `rules/${rules[0]}`, { body: { status: "active" } });
  expect((await fire(trigger)).status).toBe(202);
  await ask("DELETE", `rules/${rules[0]}`);
  expect((await fire(trigger)).status).toBe(204);
  await ask("DELETE", `triggers/${trigger}`);
  expect((await fire(trigger)).status).toBe(404);
});

line("2.10 2.94", "what is no object, no trigger, or another's is refused", async () => {
  const action = await echo();
  const { trigger } = await hook([action]);
  for (const text of ["[1]", "7", '"x"', "{", "null"]) {
    const answer = await ask("POST", `triggers/${trigger}`, { text });
    expect([text, answer.status]).toEqual([text, 400]);
    expect(answer.json).toEqual({ error: expect.any(String), code: expect.any(String) });
  }
  expect((await fire(fresh("nobody"))).status).toBe(404);
  expect((await fire(action)).status).toBe(409);
  expect((await ask("POST", `triggers/${trigger}`, { key: null, body: {} })).status).toBe(401);
  const foreign = await ask("POST", `/api/v1/namespaces/${namespace(1)}/triggers/${trigger}`, {
    key: key(2),
    body: {},
  });
  expect(foreign.status).toBe(403);
});
