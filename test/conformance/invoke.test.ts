// Invocation and activations: parity 2.9, 2.10, 3.4, 4.1, 4.2, 4.3, 8.4.

import { expect } from "vitest";
import { annotation, ask, code, ECHO, fresh, line, make, namespace, recordOf, useApi } from "./suite.ts";

await useApi();

const P = (name: string, value: unknown) => ({ key: name, value });
const post = (name: string, query: string, body?: unknown) => ask("POST", `actions/${name}${query}`, { body });
const ID = /^[0-9a-f]{32}$/;

async function action(source = ECHO, more: object = {}): Promise<string> {
  const name = fresh("inv");
  await make(`actions/${name}`, code(source, more));
  return name;
}

line("2.131 2.138 4.28", "non-blocking is 202 with the id, result ignored", async () => {
  const name = await action();
  for (const query of ["", "?result=true", "?blocking=false"]) {
    const answer = await post(name, query, {});
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual({ activationId: expect.stringMatching(ID) });
    expect(answer.headers.get("x-openwhisk-activation-id")).toBe(answer.json.activationId);
  }
});

line("2.132 4.20 4.21 2.138", "blocking is 200 with the record, its logs empty", async () => {
  const name = await action("function main(a) { console.log('x'); return a; }");
  const answer = await post(name, "?blocking=true", { n: 1 });
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({
    namespace: namespace(1),
    name,
    version: "0.0.1",
    subject: expect.any(String),
    activationId: expect.stringMatching(ID),
    start: expect.any(Number),
    end: expect.any(Number),
    duration: expect.any(Number),
    response: { status: "success", success: true, result: { n: 1 } },
    logs: [],
    publish: false,
  });
  expect(answer.headers.get("x-openwhisk-activation-id")).toBe(answer.json.activationId);
  expect(annotation(answer.json, "path")).toBe(`${namespace(1)}/${name}`);
  expect(annotation(answer.json, "kind")).toMatch(/^nodejs:/);
  expect(annotation(answer.json, "limits")).toMatchObject({ timeout: 60000, memory: 256, logs: 10 });
  expect(annotation(answer.json, "timeout")).toBe(false);
  expect(annotation(answer.json, "waitTime")).toBeGreaterThanOrEqual(0);
  expect(annotation(answer.json, "initTime")).toBeGreaterThanOrEqual(0);
  expect((await post(name, "?blocking=true&result=true", { n: 2 })).json).toEqual({ n: 2 });
});

line("4.26", "a cold run spans loading and running, a warm one the run alone", async () => {
  const name = await action(
    "const until = Date.now() + 2000; while (Date.now() < until); const pause = (ms) => new Promise((r) => setTimeout(r, ms)); async function main() { const began = Date.now(); await pause(300); return { began, ended: Date.now() }; }",
  );
  const cold = (await post(name, "?blocking=true", {})).json;
  expect(annotation(cold, "initTime")).toBeGreaterThanOrEqual(1_990);
  expect(cold.duration).toBeGreaterThanOrEqual(annotation(cold, "initTime") + 290);
  for (let tries = 0; tries < 5; tries++) {
    const { json } = await post(name, "?blocking=true", {});
    if (annotation(json, "initTime") !== undefined) continue;
    const { began, ended } = json.response.result;
    expect(json.duration).toBeGreaterThanOrEqual(290);
    expect(json.duration).toBeLessThan(annotation(cold, "initTime") ?? 0);
    for (const { start, end, duration } of [cold, json]) expect(end - start).toBe(duration);
    // Whoever stores the record has a clock of his own, and hears of the end a little later.
    expect(Math.abs(json.start - began)).toBeLessThan(10_000);
    expect(Math.abs(json.end - ended)).toBeLessThan(10_000);
    return;
  }
  throw new Error("five calls in turn were all cold");
});

line("2.130", "timeout must be 1 to 60000", async () => {
  const name = await action();
  for (const timeout of ["0", "60001", "-1", "x", "1.5"]) {
    const answer = await post(name, `?blocking=true&timeout=${timeout}`, {});
    expect([timeout, answer.status]).toEqual([timeout, 400]);
    expect(answer.json.error).toMatch(/^The query parameter 'timeout' was malformed:\nTimeout must be number/);
  }
  expect((await post(name, "?blocking=true&timeout=60001", {})).json.error).toContain(
    "Timeout must be number of milliseconds up to 60000.",
  );
  expect((await post(name, "?blocking=true&timeout=60000", {})).status).toBe(200);
  expect([200, 202]).toContain((await post(name, "?blocking=true&timeout=1", {})).status);
});

line("2.133", "what is not finished in time is 202 with the id, and finishes", async () => {
  const name = await action(
    "function main() { return new Promise((r) => setTimeout(() => r({ late: true }), 1500)); }",
  );
  const answer = await post(name, "?blocking=true&timeout=200", {});
  expect(answer.status).toBe(202);
  expect(answer.json).toEqual({ activationId: expect.stringMatching(ID) });
  expect((await recordOf(answer.json.activationId)).response.result).toEqual({ late: true });
});

line("2.134 4.05 4.06 4.08", "an application error is 502 and reduced to its error", async () => {
  const name = await action("function main() { return { error: { why: 1 }, other: 2 }; }");
  const answer = await post(name, "?blocking=true", {});
  expect(answer.status).toBe(502);
  expect(answer.json.response).toMatchObject({
    status: "application error",
    success: false,
    result: { error: { why: 1 } },
  });
  expect(answer.json.response.result).not.toHaveProperty("other");
  expect(answer.headers.get("x-openwhisk-activation-id")).toBe(answer.json.activationId);
  const reduced = await post(name, "?blocking=true&result=true", {});
  expect([reduced.status, reduced.json]).toEqual([502, { error: { why: 1 } }]);
  expect((await recordOf(answer.json.activationId)).response).toEqual(answer.json.response);
});

line("2.137 4.07", "an array result is the body as it is", async () => {
  const name = await action("function main() { return [1, 'two']; }");
  expect((await post(name, "?blocking=true", {})).json).toEqual([1, "two"]);
  expect((await post(name, "?blocking=true&result=true", {})).json).toEqual([1, "two"]);
});

line("2.139 3.51", "final parameters with a value cannot be overridden", async () => {
  const name = await action(ECHO, { annotations: [P("final", true)], parameters: [P("fixed", 1), P("open", null)] });
  for (const payload of [{ fixed: 2 }, { open: 2, fixed: 1 }])
    expect(await post(name, "?blocking=true", payload)).toMatchObject({
      status: 400,
      json: { error: "Request defines parameters that are not allowed (e.g., reserved properties)." },
    });
  expect((await post(name, "?blocking=true&result=true", { open: 2 })).json).toEqual({ fixed: 1, open: 2 });
});

line("3.51", "what is frozen is what has a value when package, binding and action are merged", async () => {
  const [bundle, bound] = [fresh("pkg"), fresh("bound")];
  const values = { text: "", zero: 0, no: false, list: [], map: {} };
  const provided = [P("of_package", 1), P("opened", 1), P("closed", null), P("bound_open", 1), P("nowhere", null)];
  await make(`packages/${bundle}`, { parameters: provided });
  await make(`packages/${bound}`, {
    binding: { namespace: namespace(1), name: bundle },
    parameters: [P("of_binding", 1), P("bound_open", null)],
  });
  const own = [...Object.entries(values).map(([name, value]) => P(name, value)), P("opened", null), P("closed", 1)];
  await make(`actions/${bundle}/act`, code(ECHO, { annotations: [P("final", true)], parameters: own }));
  const frozen = async (path: string, names: string[]) => {
    const answers = names.map(async (each) => [each, (await post(path, "?blocking=true", { [each]: "mine" })).status]);
    return (await Promise.all(answers)).filter(([, status]) => status === 400).map(([each]) => each);
  };
  const all = [...Object.keys(values), "of_package", "of_binding", "opened", "closed", "bound_open", "nowhere", "new"];
  const always = [...Object.keys(values), "of_package", "closed"];
  expect((await frozen(`${bundle}/act`, all)).sort()).toEqual([...always, "bound_open"].sort());
  expect((await frozen(`${bound}/act`, all)).sort()).toEqual([...always, "of_binding"].sort());
  // Without the annotation nothing is.
  await make(`actions/${bundle}/free`, code(ECHO, { parameters: own }));
  expect(await frozen(`${bound}/free`, all)).toEqual([]);
});

line("2.140 3.44 9.13", "a payload over 1 MB is 413", async () => {
  const name = await action();
  const answer = await post(name, "?blocking=true", { x: "y".repeat(1024 * 1024) });
  expect(answer.status).toBe(413);
  expect(answer.json.error).toBe("Request larger than allowed: 1048584 > 1048576 bytes.");
  // As much as may be sent may be answered.
  const most = await post(name, "?blocking=true&result=true", { x: "y".repeat(1024 * 1024 - 8) });
  expect([most.status, most.json.x?.length]).toEqual([200, 1024 * 1024 - 8]);
});

line("3.45", "a result over 1 MB is cut and becomes an application error", async () => {
  const name = await action("function main() { return { x: 'y'.repeat(1024 * 1024) }; }");
  const { json, status } = await post(name, "?blocking=true", {});
  expect([status, json.response.status]).toEqual([502, "application error"]);
  expect(json.response.result.error).toMatch(
    /^The action produced a response that exceeded the allowed length: \d+ > 1048576 bytes\. The truncated response was: /,
  );
});

line("4.01", "the payload overrides the action's parameters", async () => {
  const name = await action(ECHO, { parameters: [P("a", "action"), P("b", "action")] });
  expect((await post(name, "?blocking=true&result=true", { b: "payload" })).json).toEqual({
    a: "action",
    b: "payload",
  });
});

line("4.02 3.10", "init parameters are in the environment, not in the arguments", async () => {
  const name = await action("function main(a) { return { a, env: process.env.INIT }; }", {
    parameters: [{ key: "INIT", value: "by init", init: true }, P("plain", 1)],
  });
  expect((await post(name, "?blocking=true&result=true", {})).json).toEqual({ a: { plain: 1 }, env: "by init" });
});

line(
  "4.02",
  "of the merged arguments: what the call itself gives, and what is no text, goes the same way",
  async () => {
    const source = "function main(a) { return { a, env: [process.env.GIVEN, process.env.NUMBER, process.env.MAP] }; }";
    const parameters = [
      ...[P("GIVEN", "by parameter"), P("NUMBER", 1.5), P("MAP", { x: [1] })].map((each) => ({ ...each, init: true })),
      P("plain", 1),
    ];
    const result = async (name: string, body: object) => (await post(name, "?blocking=true&result=true", body)).json;
    const name = await action(source, { parameters });
    const call = { GIVEN: "by call", plain: 2, more: 3 };
    const env = ["by call", "1.5", '{"x":[1]}'];
    expect(await result(name, call)).toEqual({ a: { plain: 2, more: 3 }, env });
    // A container is told once: of a warm run they are taken away all the same.
    const { json } = await post(name, "?blocking=true", { GIVEN: "later", more: 4 });
    const given = annotation(json, "initTime") === undefined ? "by call" : "later";
    expect(json.response.result).toEqual({ a: { plain: 1, more: 4 }, env: [given, ...env.slice(1)] });
  },
);

line("8.03 8.04 9.14", "the environment names the activation", async () => {
  const name = await action(
    "function main() { return Object.fromEntries(Object.entries(process.env).filter(([k]) => k.startsWith('__OW_'))); }",
  );
  const answer = await ask("POST", `actions/${name}?blocking=true`, {
    body: {},
    headers: { "x-request-id": "conformance1" },
  });
  const env = answer.json.response.result;
  expect(env).toMatchObject({
    __OW_NAMESPACE: namespace(1),
    __OW_ACTION_NAME: `/${namespace(1)}/${name}`,
    __OW_ACTION_VERSION: "0.0.1",
    __OW_ACTIVATION_ID: answer.json.activationId,
    __OW_TRANSACTION_ID: "conformance1",
    __OW_API_HOST: expect.stringMatching(/^https?:\/\//),
  });
  expect(Number(env.__OW_DEADLINE)).toBeGreaterThan(Date.now());
});

line("8.06 2.65", "a key is given only where the annotation asks for one or is missing", async () => {
  const source =
    "function main() { return { has: process.env.__OW_API_KEY !== undefined && process.env.__OW_API_KEY !== '' }; }";
  const without = await action(source);
  expect((await post(without, "?blocking=true&result=true", {})).json).toEqual({ has: false });
  const withKey = await action(source, { annotations: [P("provide-api-key", true)] });
  expect((await post(withKey, "?blocking=true&result=true", {})).json).toEqual({ has: true });
  await ask("PUT", `actions/${withKey}?overwrite=true`, { body: { delAnnotations: ["provide-api-key"] } });
  expect((await post(withKey, "?blocking=true&result=true", {})).json).toEqual({ has: true });
});

line("8.47 2.58", "an update is used by the next call", async () => {
  const name = await action("function main() { return { v: 0 }; }");
  for (let v = 1; v <= 3; v++) {
    await ask("PUT", `actions/${name}?overwrite=true`, { body: code(`function main() { return { v: ${v} }; }`) });
    expect((await post(name, "?blocking=true&result=true", {})).json).toEqual({ v });
  }
});

line("2.08", "a body names its character set", async () => {
  const name = await action(ECHO);
  const text = Uint8Array.from([...'{"a":"\u00fc"}'].map((each) => each.charCodeAt(0)));
  const headers = { "content-type": "application/json; charset=iso-8859-1" };
  const answer = await ask("POST", `actions/${name}?blocking=true&result=true`, { text, headers });
  expect([answer.status, answer.json.a]).toEqual([200, "\u00fc"]);
  const refused = await ask("POST", `actions/${name}`, { text, headers: { "content-type": "application/json" } });
  expect(refused.status).toBe(400);
});

const NUMBERS =
  '{"a":18446744073709551616,"b":1.0,"c":1e400,"d":-0,"e":123456789012345678901234567890.123456789,"f":"\\ud800","g":1,"g":2}';
line("2.10", "payload bytes reach the container as they were sent", async () => {
  const name = fresh("bytes");
  await make(`actions/${name}`, {
    exec: {
      kind: "python:default",
      code: "import sys\ndef main(args):\n    return {'big': str(args['a']), 'one': repr(args['b']), 'last': args['g']}\n",
    },
  });
  const answer = await ask("POST", `actions/${name}?blocking=true&result=true`, { text: NUMBERS });
  expect(answer.json).toEqual({ big: "18446744073709551616", one: "1.0", last: 2 });
});

line("3.52", "what counts as true in provide-api-key: all but false, 0, an empty text and null", async () => {
  const source = "function main() { return { has: Boolean(process.env.__OW_API_KEY) }; }";
  for (const [value, has] of [
    [false, false],
    [0, false],
    ["", false],
    [null, false],
    [true, true],
    ["false", true],
    [1, true],
    [{}, true],
  ] as const) {
    const name = await action(source, { annotations: [P("provide-api-key", value)] });
    expect([value, (await post(name, "?blocking=true&result=true", {})).json]).toEqual([value, { has }]);
  }
});

line(
  "2.132 3.08 4.01",
  "numbers keep their bytes: in parameters, through the action, in answer and record",
  async () => {
    const name = fresh("bytes");
    const bytes = '[18446744073709551616,1.0,-0,1E5,1e400,0.1234567890123456789012345678901,"\\ud800","\\u0000"]';
    const put = await ask("PUT", `actions/${name}?overwrite=true`, {
      text: `{"parameters":[{"key":"kept","value":${bytes}}],"annotations":[{"key":"note","value":${bytes}}],
      "exec":{"kind":"python:default","code":"import decimal\\ndef main(a):\\n    return {'n': 2**64, 'one': 1.0, 'neg': -0.0, 'long': 10**40, 'one_in': repr(a['kept'][1])}\\n"}}`,
    });
    expect(put.status).toBe(200);
    const got = await ask("GET", `actions/${name}`);
    expect(got.text.split(bytes)).toHaveLength(3);
    const result =
      /\{"n": ?18446744073709551616, ?"one": ?1\.0, ?"neg": ?-0\.0, ?"long": ?10{40}, ?"one_in": ?"1\.0"\}/;
    const answer = await post(name, "?blocking=true", {});
    expect(answer.text).toMatch(result);
    await recordOf(answer.json.activationId);
    expect((await ask("GET", `activations/${answer.json.activationId}`)).text).toMatch(result);
    expect((await ask("GET", `activations/${answer.json.activationId}/result`)).text).toMatch(result);
    await ask("DELETE", `actions/${name}`);
  },
);
