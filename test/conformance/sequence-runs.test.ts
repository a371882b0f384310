// Sequences as they run: parity 4.4, and what 4.1 says of them.

import { expect } from "vitest";
import { withinOneMinute } from "../support/minutes.ts";
import { action, COUNT, invoke, partsOf, put, sequence, sequenceOf, times } from "./compositions.ts";
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
  type Tenant,
  tenant,
  useApi,
} from "./suite.ts";

await useApi();

const ID = /^[0-9a-f]{32}$/;
const FAIL = "function main(args) { return { error: 'on purpose', n: args.n }; }";

line("4.33 4.34 4.35 4.38 4.23", "a sequence's record tells of its steps, and theirs of it", async () => {
  const small = await action(COUNT, { limits: { memory: 128 } });
  const large = await action(COUNT, { limits: { memory: 512, timeout: 9000 } });
  const seq = await sequence([small, large, small], { limits: { timeout: 30000 } });
  const { status, headers, json } = await invoke(seq, { n: 1, x: "ü" });
  expect(status).toBe(200);
  expect(headers.get("x-openwhisk-activation-id")).toBe(json.activationId);
  expect(json).toMatchObject({
    namespace: namespace(1),
    name: seq,
    version: "0.0.1",
    activationId: expect.stringMatching(ID),
    response: { status: "success", success: true, result: { n: 4, x: "ü" } },
    publish: false,
  });
  expect(json.cause).toBeUndefined();
  expect(json.logs).toHaveLength(3);
  const told = Object.fromEntries(json.annotations.map((each: Loose) => [each.key, each.value]));
  expect(told).toMatchObject({
    kind: "sequence",
    path: `${namespace(1)}/${seq}`,
    topmost: true,
    limits: { memory: 512, timeout: 30000 },
    waitTime: expect.any(Number),
  });
  for (const none of ["causedBy", "binding", "conductor", "initTime"]) expect(told).not.toHaveProperty(none);
  const record = await recordOf(json.activationId);
  expect(record).toEqual(json);
  const parts = await partsOf(record);
  expect(parts.map((each) => each.name)).toEqual([small, large, small]);
  expect(parts.map((each) => each.response.result.n)).toEqual([2, 3, 4]);
  expect(record.duration).toBe(parts.reduce((sum, each) => sum + each.duration, 0));
  // Nobody but the caller has a part in what stands alone.
  const alone = await recordOf((await invoke(small, { n: 1 })).json.activationId);
  expect([alone.cause, annotation(alone, "causedBy")]).toEqual([undefined, undefined]);
  const logs = await ask("GET", `activations/${json.activationId}/logs`);
  expect(logs.json).toEqual({ logs: json.logs });
});

line("4.34 4.33", "an inner sequence is one step of the outer one, with a record like it", async () => {
  const name = await action();
  const inner = await sequence([name, name]);
  const outer = await sequence([name, inner, name]);
  const { json } = await invoke(outer);
  expect(json.response.result).toEqual({ n: 4 });
  const parts = await partsOf(json);
  expect(parts.map((each) => each.name)).toEqual([name, inner, name]);
  expect(annotation(parts[1], "topmost")).toBe(false);
  expect(annotation(parts[1], "kind")).toBe("sequence");
  expect(parts[1].response.result).toEqual({ n: 3 });
  expect((await partsOf(parts[1])).map((each) => each.name)).toEqual([name, name]);
  expect(json.duration).toBe(parts.reduce((sum, each) => sum + each.duration, 0));
});

line("4.36 4.35", "an error in the middle ends it, with that answer", async () => {
  const [good, bad] = [await action(), await action(FAIL)];
  const seq = await sequence([good, bad, good]);
  const { status, json } = await invoke(seq);
  expect(status).toBe(502);
  expect(json.response).toMatchObject({ status: "application error", success: false, result: { error: "on purpose" } });
  expect((await partsOf(json)).map((each) => each.name)).toEqual([good, bad]);
  expect((await invoke(seq, {}, "?blocking=true&result=true")).json).toEqual({ error: "on purpose" });
  const inner = await sequence([good, seq, good]);
  const outer = await invoke(inner);
  expect(outer.json.response.result).toEqual({ error: "on purpose" });
  expect(outer.json.logs).toHaveLength(2);
});

line("4.36", "an action that throws, exits or takes too long ends it, with its own verdict", async () => {
  const good = await action();
  for (const source of [
    "function main() { throw new Error('thrown'); }",
    "function main() { process.exit(1); }",
    "function main() { return new Promise(() => {}); }",
  ]) {
    const bad = await action(source, { limits: { timeout: 1000 } });
    const { json } = await invoke(await sequence([good, bad, good]));
    const parts = await partsOf(json);
    expect(parts.map((each) => each.name)).toEqual([good, bad]);
    expect(json.response).toEqual({ ...parts[1].response, size: json.response.size });
    expect(json.response.success).toBe(false);
  }
});

line("4.37", "an error in the payload does not stop it before the first step", async () => {
  const seq = await sequence([await action("function main(a) { return { had: a.error }; }"), await action(ECHO)]);
  expect((await invoke(seq, { error: "mine" })).json.response.result).toEqual({ had: "mine" });
});

line("4.03", "each step has its own parameters under what came; the payload is the first one's", async () => {
  const pack = fresh("pkg");
  await make(`packages/${pack}`, { parameters: [pair("p", "package"), pair("q", "package")] });
  await make(`actions/${pack}/a`, code(ECHO, { parameters: [pair("q", "action")] }));
  const pick = await action("function main(a) { return { got: a }; }", {
    parameters: [pair("q", "second"), pair("r", 1)],
  });
  const seq = await sequence([`${pack}/a`, pick]);
  expect((await invoke(seq, { x: 1 })).json.response.result).toEqual({
    got: { p: "package", q: "action", x: 1, r: 1 },
  });
  expect((await invoke(seq, { p: "payload" })).json.response.result.got.p).toBe("payload");
  const forgets = await sequence([await action("function main() { return { forgot: 1 }; }"), pick]);
  expect((await invoke(forgets, { x: 1 })).json.response.result).toEqual({ got: { forgot: 1, q: "second", r: 1 } });
  const alone = await sequence([`${pack}/a`]);
  expect((await invoke(alone)).json.response.result).toEqual({ p: "package", q: "action" });
});

line("4.04", "an array goes from step to step as it is", async () => {
  const split = await action("function main(a) { return a.text.split(','); }");
  const sort = await action("function main(a) { return a.sort(); }", { parameters: [pair("unused", 1)] });
  const seq = await sequence([split, sort]);
  const answer = await invoke(seq, { text: "b,c,a" });
  expect([answer.status, answer.json]).toEqual([200, ["a", "b", "c"]]);
  const record = await recordOf(answer.headers.get("x-openwhisk-activation-id") ?? "");
  expect(record.response).toMatchObject({ status: "success", result: ["a", "b", "c"] });
});

line("4.04", "numbers keep their bytes from payload to result", async () => {
  const seq = await sequence(["/whisk.system/utils/echo", "/whisk.system/utils/echo"]);
  const text = '{"big":18446744073709551616,"f":1.0,"e":1e400}';
  const answer = await ask("POST", `actions/${seq}?blocking=true&result=true`, { text });
  expect(answer.text).toBe(text);
});

line("4.39", "a component deleted meanwhile ends it when its turn comes", async () => {
  const [good, gone] = [await action(), await action()];
  const seq = await sequence([good, gone, good]);
  const outer = await sequence([good, seq]);
  await ask("DELETE", `actions/${gone}`);
  const { status, json } = await invoke(seq);
  expect(status).toBe(502);
  expect(json.response).toMatchObject({
    status: "application error",
    result: { error: "Sequence component does not exist." },
  });
  expect((await partsOf(json)).map((each) => each.name)).toEqual([good]);
  expect(await recordOf(json.activationId)).toEqual(json);
  expect((await invoke(outer)).json.logs).toHaveLength(2);
});

line("4.39", "a component deleted while the sequence runs ends it, what ran is named", async () => {
  const slow = await action("function main(a) { return new Promise((r) => setTimeout(() => r(a), 1500)); }");
  const gone = await action();
  const { json } = await invoke(await sequence([slow, gone]), {}, "");
  await ask("DELETE", `actions/${gone}`);
  const record = await recordOf(json.activationId);
  expect(record.response).toMatchObject({
    status: "application error",
    result: { error: "Sequence component does not exist." },
  });
  expect((await partsOf(record)).map((each) => each.name)).toEqual([slow]);
});

line("4.40", "a sequence that has become too long ends at fifty actions", async () => {
  const name = await action();
  const inner = await sequence([name]);
  const outer = await sequence([name, inner, name]);
  await put(inner, sequenceOf(times(50, name)));
  const { json } = await invoke(outer);
  expect(json.response).toMatchObject({
    status: "application error",
    result: { error: "Too many actions in the sequence." },
  });
  expect(json.logs).toHaveLength(2);
  const record = await recordOf(json.logs[1]);
  expect(record.logs).toHaveLength(49);
  expect(record.cause).toBe(json.activationId);
});

line("4.42", "what takes longer than the caller waits is 202, and goes on to its end", async () => {
  const slow = await action("function main(a) { return new Promise((r) => setTimeout(() => r(a), 1500)); }");
  const seq = await sequence([slow, await action()]);
  const answer = await invoke(seq, {}, "?blocking=true&timeout=500");
  expect([answer.status, answer.json]).toEqual([202, { activationId: expect.stringMatching(ID) }]);
  const record = await recordOf(answer.json.activationId);
  expect(record.response.result).toEqual({ n: 1 });
  expect(record.logs).toHaveLength(2);
  const direct = await invoke(seq, {}, "");
  expect(direct.status).toBe(202);
  expect((await recordOf(direct.json.activationId)).response).toMatchObject({ success: true, result: { n: 1 } });
});

line("4.43", "a step that was updated while the sequence runs is run as it is now", async () => {
  const slow = await action("function main(a) { return new Promise((r) => setTimeout(() => r(a), 1500)); }");
  const name = await action("function main() { return { v: 1 }; }");
  const seq = await sequence([slow, name]);
  const { json } = await invoke(seq, {}, "");
  await put(name, code("function main() { return { v: 2 }; }"));
  const record = await recordOf(json.activationId);
  expect(record.response.result).toEqual({ v: 2 });
});

line("4.44", "another's published sequence runs in the caller's namespace and is kept there", async () => {
  const pack = fresh("pkg");
  await make(`packages/${pack}`, { publish: true });
  await make(`actions/${pack}/who`, code("function main() { return { ns: process.env.__OW_NAMESPACE }; }"));
  await make(`actions/${pack}/seq`, sequenceOf([`${pack}/who`]));
  const path = `/api/v1/namespaces/${namespace(1)}/actions/${pack}/seq?blocking=true`;
  const { json } = await ask("POST", path, { key: key(2), body: {} });
  expect(json).toMatchObject({ namespace: namespace(2), response: { result: { ns: namespace(2) } } });
  expect(annotation(json, "path")).toBe(`${namespace(1)}/${pack}/seq`);
  const [part] = await partsOf(json, 2);
  expect(part).toMatchObject({ namespace: namespace(2), subject: json.subject });
  expect((await ask("GET", `activations/${json.activationId}`)).status).toBe(404);
});

line("1.49", "the steps of another's inner sequence must be the caller's to call, too", async () => {
  const pack = fresh("pkg");
  await make(`packages/${pack}`, { publish: true });
  await make(`actions/${pack}/inner`, sequenceOf([await action()]));
  await make(`actions/${pack}/outer`, sequenceOf([`${pack}/inner`]));
  const path = `/api/v1/namespaces/${namespace(1)}/actions/${pack}/outer?blocking=true`;
  const answer = await ask("POST", path, { key: key(2), body: {} });
  expect([answer.status, answer.json.response.result]).toEqual([500, { error: "Sequence failed." }]);
  expect((await ask("POST", path, { body: {} })).json.response.result).toEqual({ n: 1 });
});

line("4.33 4.22", "through a binding, a sequence and its bound steps say so", async () => {
  const [pack, bound] = [fresh("pkg"), fresh("pkg")];
  await make(`packages/${pack}`, { parameters: [pair("k", 1)] });
  await make(`actions/${pack}/a`, code(ECHO));
  await make(`packages/${bound}`, { binding: { namespace: namespace(1), name: pack }, parameters: [pair("b", 2)] });
  await make(`actions/${pack}/seq`, sequenceOf([`${bound}/a`]));
  const { json } = await invoke(`${bound}/seq`);
  expect(json.response.result).toEqual({ k: 1, b: 2 });
  expect(annotation(json, "binding")).toBe(`${namespace(1)}/${bound}`);
  expect(annotation(json, "path")).toBe(`${namespace(1)}/${pack}/seq`);
  const [part] = await partsOf(json);
  expect(annotation(part, "binding")).toBe(`${namespace(1)}/${bound}`);
});

line(
  "4.45",
  "a sequence counts as one call, however many steps and sequences it has within",
  async () => {
    const owner: Tenant = await tenant({ invocationsPerMinute: 2, concurrentInvocations: 1 });
    const mine = (method: string, path: string, body: object) => ask(method, path, { key: owner.key, body });
    await mine("PUT", "actions/a", code(COUNT));
    const of = (components: string[]) => ({ exec: { kind: "sequence", components } });
    await mine("PUT", "actions/inner", of(times(2, "/_/a")));
    await mine("PUT", "actions/seq", of(["/_/a", "/_/inner", ...times(2, "/_/a")]));
    const calls = await withinOneMinute(async () => {
      const answers: Answer[] = [];
      for (let n = 0; n < 3; n++) answers.push(await mine("POST", "actions/seq?blocking=true", {}));
      return answers;
    });
    expect(calls.map((each) => each.status)).toEqual([200, 200, 429]);
    expect(calls[1]?.json.response.result).toEqual({ n: 5 });
  },
  { needs: "admin" },
);

line("4.35", "a sequence is a web action like any other, its steps are the owner's", async () => {
  const page = await action(
    "function main(a) { return { body: '<p>' + a.word + ' ' + a.n + '</p>', statusCode: 201 }; }",
  );
  const seq = await sequence([await action(), page], { annotations: [pair("web-export", true)] });
  const url = `/api/v1/web/${namespace(1)}/default/${seq}`;
  const answer = await ask("GET", `${url}.http?word=hello`, { key: null });
  expect([answer.status, answer.text]).toEqual([201, "<p>hello 1</p>"]);
  await put(seq, sequenceOf([page]));
  const json = await ask("GET", `${url}.json?word=x`, { key: null });
  expect(json.json).toMatchObject({ statusCode: 201 });
  const hidden = await sequence([page]);
  expect((await ask("GET", `/api/v1/web/${namespace(1)}/default/${hidden}`, { key: null })).status).toBe(404);
});

line("4.34", "a result too large for a frame goes on to the next step whole", async () => {
  const seq = await sequence([
    await action("function main(a) { return { text: 'x'.repeat(a.size) }; }"),
    await action(ECHO),
    await action("function main(a) { return { length: a.text.length, text: a.text }; }"),
  ]);
  const { json } = await invoke(seq, { size: 300_000 });
  expect(json.response.result.length).toBe(300_000);
  expect((await recordOf(json.activationId)).response.result.text).toHaveLength(300_000);
});
