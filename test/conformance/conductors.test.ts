// Conductors: actions that say step by step what comes next. Parity 4.5.

import { expect } from "vitest";
import { action, COUNT, invoke, partsOf } from "./compositions.ts";
import {
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
  useApi,
} from "./suite.ts";

await useApi();

/** Answers with what `script` holds for the n-th time it is asked, or with what it was given. */
const SCRIPTED = `function main(args) {
  const { at = 0, script, ...rest } = args;
  const next = script && script[at];
  return next ? { ...next, state: { at: at + 1, script } } : { params: { given: rest } };
}`;
const TOO_LONG = "Too many actions in the composition.";

function conductor(source: string, more: { annotations?: object[]; [field: string]: unknown } = {}): Promise<string> {
  return action(source, { ...more, annotations: [pair("conductor", true), ...(more.annotations ?? [])] });
}

async function resultOf(name: string, body: object = {}): Promise<Loose> {
  return (await invoke(name, body)).json.response.result;
}

line("4.46", "an action whose annotation is true in any way is a conductor, a sequence never", async () => {
  for (const value of [true, 1, "yes", {}, [], { type: "ast" }]) {
    const name = await action("function main() { return { params: { conducted: true } }; }", {
      annotations: [pair("conductor", value)],
    });
    expect([value, await resultOf(name)]).toEqual([value, { conducted: true }]);
  }
  for (const value of [false, 0, "", null]) {
    const name = await action("function main() { return { params: 1 }; }", { annotations: [pair("conductor", value)] });
    const { json } = await invoke(name);
    expect([value, json.response.result]).toEqual([value, { params: 1 }]);
    expect(annotation(json, "kind")).toMatch(/^nodejs/);
  }
  const step = await action("function main() { return { action: 'nowhere' }; }");
  const seq = fresh("seq");
  const exec = { kind: "sequence", components: [`/_/${step}`] };
  await make(`actions/${seq}`, { exec, annotations: [pair("conductor", true)] });
  const { json } = await invoke(seq);
  expect(json.response.result).toEqual({ action: "nowhere" });
  expect(annotation(json, "conductor")).toBeUndefined();
});

line(
  "4.47",
  "what it names is run with its params; without a name the params, or all of it, are the result",
  async () => {
    const count = await action();
    const name = await conductor(
      `function main(a) { return a.n < 3 ? { action: '${count}', params: { n: a.n } } : { params: { end: a.n } }; }`,
    );
    expect(await resultOf(name, { n: 0 })).toEqual({ end: 3 });
    expect(await resultOf(await conductor("function main(a) { return { whole: a.x }; }"), { x: 1 })).toEqual({
      whole: 1,
    });
    expect(
      await resultOf(await conductor("function main() { return { params: { p: 1 }, state: { s: 1 }, x: 1 }; }")),
    ).toEqual({ p: 1 });
    // Without params it is run with nothing.
    const seen = await action("function main(a) { return { seen: a }; }");
    const bare = await conductor(`function main(a) { return a.seen ? { params: a } : { action: '${seen}', x: 1 }; }`);
    expect(await resultOf(bare, { y: 2 })).toEqual({ seen: {} });
  },
);

line("4.48", "params and state that are no objects are boxed", async () => {
  const echo = await action(ECHO);
  const name = await conductor(
    `function main(a) { return a.state ? { params: { seen: a } } : { action: '${echo}', params: 7, state: 'kept' }; }`,
  );
  expect(await resultOf(name)).toEqual({ seen: { value: 7, state: "kept" } });
  expect(await resultOf(await conductor("function main() { return { params: [1, 2] }; }"))).toEqual({ value: [1, 2] });
});

line("4.49", "the state overlays what the component answered, and lasts until the next answer", async () => {
  const name = await conductor(SCRIPTED);
  const both = await action("function main() { return { a: 'component', b: 'component' }; }");
  const overlaid = await conductor(`function main(args) {
    if (args.round === 2) return { params: { ...args, round: undefined } };
    if (args.round === 1) return { action: '${both}', state: { round: 2, b: 'second' } };
    return { action: '${both}', state: { round: 1, a: 'first' } };
  }`);
  expect(await resultOf(overlaid)).toEqual({ a: "component", b: "second" });
  const lost = await conductor(`function main(args) {
    if (args.over) return { params: args };
    return args.once ? { action: '${both}', params: {}, state: { over: true } } : { action: '${both}', state: { once: true, x: 1 } };
  }`);
  expect(await resultOf(lost)).toEqual({ a: "component", b: "component", over: true });
  const script = [{ action: both }, { action: both }];
  expect(await resultOf(name, { script })).toMatchObject({ given: { a: "component" } });
});

line("4.50", "its own error ends the composition, with its verdict", async () => {
  const step = await action();
  for (const [source, status] of [
    ["function main(a) { return { error: 'enough', params: { x: 1 } }; }", "application error"],
    [`function main(a) { return { error: 'enough', action: '${step}' }; }`, "application error"],
    ["function main() { throw new Error('thrown'); }", "action developer error"],
  ] as const) {
    const name = await conductor(source);
    const answer = await invoke(name);
    expect([answer.status, answer.json.response.status]).toEqual([502, status]);
    const [own] = await partsOf(answer.json);
    expect(answer.json.response).toEqual({ ...own.response, size: answer.json.response.size });
    const error = status === "application error" ? "enough" : expect.stringContaining("thrown");
    expect(answer.json.response.result).toEqual({ error });
    expect(answer.json.logs).toHaveLength(1);
    expect((await invoke(name, {}, "?blocking=true&result=true")).json).toEqual({ error });
  }
});

line("4.50", "a conductor that answers rubbish ends its composition, with one record", async () => {
  for (const source of [
    "function main() { return 7; }",
    "function main() { return 'text'; }",
    "function main() { process.exit(1); }",
    "function main( {",
  ]) {
    const { status, json } = await invoke(await conductor(source));
    expect([source, status, json.response.status]).toEqual([source, 502, "action developer error"]);
    expect(json.logs).toHaveLength(1);
    expect(await recordOf(json.activationId)).toEqual(json);
  }
  const list = await invoke(await conductor("function main() { return [1, 2]; }"));
  expect([list.status, list.json]).toEqual([200, [1, 2]]);
});

line("4.51", "a component's error is the conductor's to judge", async () => {
  const bad = await action("function main() { return { error: 'on purpose' }; }");
  const thrown = await action("function main() { throw new Error('thrown'); }");
  const name = await conductor(SCRIPTED);
  for (const each of [bad, thrown]) {
    const { status, json } = await invoke(name, { script: [{ action: each }] });
    expect(status).toBe(200);
    expect(json.response.result.given.error).toBeDefined();
    expect(json.logs).toHaveLength(3);
  }
});

line("4.52", "names are relative to the caller's namespace, or full", async () => {
  const pack = fresh("pkg");
  await make(`packages/${pack}`, {});
  await make(`actions/${pack}/a`, code("function main() { return { ran: true }; }"));
  const plain = await action("function main() { return { ran: true }; }");
  const name = await conductor(SCRIPTED);
  const names = [plain, `/_/${plain}`, `/${namespace(1)}/${plain}`, `${pack}/a`, `/_/${pack}/a`];
  for (const each of [...names, `${namespace(1)}/${pack}/a`, "/whisk.system/utils/echo"]) {
    const { given } = await resultOf(name, { script: [{ action: each, params: { ran: true } }] });
    expect([each, given]).toEqual([each, { ran: true }]);
  }
  // Two segments without a slash are a package of one's own and its action; the invoking namespace is the caller's.
  const told = async (next: string, options: { key: string; path: string } | null) => {
    const [path, secret] = options === null ? [`actions/${name}`, key(1)] : [options.path, options.key];
    const body = { script: [{ action: next, params: { ran: true } }] };
    return (await ask("POST", `${path}?blocking=true`, { key: secret, body })).json.response.result.given;
  };
  expect((await told(`${namespace(1)}/${plain}`, null)).error).toContain(`'${namespace(1)}/${namespace(1)}/${plain}'`);
  const shared = fresh("pkg");
  await make(`packages/${shared}`, { publish: true });
  await make(`actions/${shared}/asks`, code(SCRIPTED, { annotations: [pair("conductor", true)] }));
  const theirs = { path: `/api/v1/namespaces/${namespace(1)}/actions/${shared}/asks`, key: key(2) };
  const own = fresh("own");
  await ask("PUT", `actions/${own}`, { key: key(2), body: code("function main() { return { theirs: true }; }") });
  for (const next of [own, `/_/${own}`]) expect([next, await told(next, theirs)]).toEqual([next, { theirs: true }]);
  expect((await told(plain, theirs)).error).toContain(`'${namespace(2)}/${plain}'`);
  await ask("DELETE", `actions/${own}`, { key: key(2) });
});

line("4.53", "what cannot be named, found or called is told to the conductor", async () => {
  const name = await conductor(SCRIPTED);
  const told = async (next: unknown) => (await resultOf(name, { script: [{ action: next }] })).given.error;
  for (const next of [null, 1, true, {}, [], "", "/", "/a", "a/b/c/d", "bad*name"]) {
    const text = `Failed to parse action name from json value ${JSON.stringify(next)} during composition.`;
    expect(await told(next)).toBe(text);
  }
  const nobody = fresh("nobody");
  expect(await told(nobody)).toBe(`Failed to resolve action with name '${namespace(1)}/${nobody}' during composition.`);
  const closed = fresh("pkg");
  await ask("PUT", `packages/${closed}`, { key: key(2), body: {} });
  for (const foreign of [`${namespace(2)}/${nobody}`, `${namespace(2)}/${closed}/a`]) {
    expect(await told(`/${foreign}`)).toBe(
      `Failed entitlement check for action with name '${foreign}' during composition.`,
    );
  }
  await ask("DELETE", `packages/${closed}`, { key: key(2) });
});

line("4.54 4.55", "at the fifty-first component the conductor is told, and may still end it", async () => {
  const step = await action();
  const name = await conductor(
    `function main(a) { return a.error ? { params: { told: a.error } } : { action: '${step}', params: { n: a.n } }; }`,
  );
  const { json } = await invoke(name, { n: 0 });
  expect(json.response).toMatchObject({ success: true, result: { told: TOO_LONG } });
  expect(json.logs).toHaveLength(50 + 52);
});

line("4.54 4.55", "a conductor that never ends is ended after 101 runs", async () => {
  const name = await conductor("function main() { return { action: 'no such*name' }; }");
  const { status, json } = await invoke(name);
  expect(status).toBe(502);
  expect(json.response).toMatchObject({ status: "application error", result: { error: TOO_LONG } });
  expect(json.logs).toHaveLength(101);
  const itself = fresh("itself");
  await make(
    `actions/${itself}`,
    code(`function main() { return { action: '${itself}' }; }`, { annotations: [pair("conductor", true)] }),
  );
  const nested = await invoke(itself);
  expect(nested.json.response).toMatchObject({ success: false, result: { error: TOO_LONG } });
});

line("4.57 4.58 4.59", "one record for the whole, one for each step", async () => {
  const step = await action(COUNT, { limits: { memory: 512 } });
  const name = await conductor(
    `function main(a) { return a.n < 2 ? { action: '${step}', params: { n: a.n } } : { params: { n: a.n } }; }`,
    { limits: { memory: 128 } },
  );
  const { json } = await invoke(name, { n: 0 });
  const told = Object.fromEntries(json.annotations.map((each: Loose) => [each.key, each.value]));
  expect(told).toMatchObject({
    kind: "sequence",
    conductor: true,
    topmost: true,
    path: `${namespace(1)}/${name}`,
    limits: { memory: 512 },
  });
  const record = await recordOf(json.activationId);
  expect(record).toEqual(json);
  const parts = await partsOf(record);
  expect(parts.map((each) => each.name)).toEqual([name, step, name, step, name]);
  expect(record.duration).toBe(parts.reduce((sum, each) => sum + each.duration, 0));
  const small = await action(COUNT, { limits: { memory: 128 } });
  const large = await conductor(
    `function main(a) { return a.n < 2 ? { action: a.n ? '${small}' : '${step}', params: { n: a.n } } : {}; }`,
    { limits: { memory: 384, timeout: 30_000, logs: 1 } },
  );
  expect(annotation((await invoke(large, { n: 0 })).json, "limits")).toMatchObject({
    ...{ memory: 512, timeout: 30_000, logs: 1 },
  });
  expect(annotation((await invoke(large, { n: 1 })).json, "limits").memory).toBe(384);
  const alone = await invoke(await conductor("function main() { return {}; }"));
  expect(alone.json.logs).toHaveLength(1);
  expect(annotation(alone.json, "conductor")).toBe(true);
});

line("4.57 4.46", "conductors and sequences stand in each other, one id for each", async () => {
  const step = await action();
  const inner = await conductor(
    `function main(a) { return a.n < 1 ? { action: '${step}', params: { n: a.n } } : { params: { n: a.n } }; }`,
  );
  const seq = fresh("seq");
  await make(`actions/${seq}`, { exec: { kind: "sequence", components: [`/_/${inner}`, `/_/${step}`] } });
  const outer = await conductor(
    `function main(a) { return a.again ? { params: { n: a.n } } : { action: '${seq}', params: { n: a.n }, state: { again: true } }; }`,
  );
  const { json } = await invoke(outer, { n: 0 });
  expect(json.response.result).toEqual({ n: 2 });
  const parts = await partsOf(json);
  expect(parts.map((each) => each.name)).toEqual([outer, seq, outer]);
  const inSequence = await partsOf(parts[1]);
  expect(inSequence.map((each) => each.name)).toEqual([inner, step]);
  expect(annotation(inSequence[0], "topmost")).toBe(false);
  expect((await partsOf(inSequence[0])).map((each) => each.name)).toEqual([inner, step, inner]);
});

line("4.57", "a conductor is a web action like any other", async () => {
  const step = await action();
  const name = await conductor(
    `function main(a) { return a.over ? { params: { body: String(a.n) } } : { action: '${step}', params: { n: Number(a.n) }, state: { over: true } }; }`,
    { annotations: [pair("web-export", true)] },
  );
  const answer = await ask("GET", `/api/v1/web/${namespace(1)}/default/${name}?n=4`, { key: null });
  expect([answer.status, answer.text]).toEqual([200, "5"]);
});

line("4.47", "without waiting it is 202, and runs to its end", async () => {
  const name = await conductor(SCRIPTED);
  const { status, json } = await invoke(
    name,
    { script: [{ action: "/whisk.system/utils/echo", params: { x: 1 } }] },
    "",
  );
  expect(status).toBe(202);
  expect((await recordOf(json.activationId)).response.result).toEqual({ given: { x: 1 } });
});
