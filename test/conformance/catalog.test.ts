// The packages of /whisk.system beside `utils`: parity section 13.
// Their actions are ordinary code and run on the hosts.

import { expect } from "vitest";
import { annotation, ask, code, fresh, key, type Loose, line, make, namespace, recordOf, useApi } from "./suite.ts";

await useApi();

const SYSTEM = "/api/v1/namespaces/whisk.system";

async function result(action: string, body: object = {}): Promise<Loose> {
  return (await call(action, body)).json.response.result;
}

function call(action: string, body: object = {}): ReturnType<typeof ask> {
  return ask("POST", `${SYSTEM}/actions/${action}?blocking=true`, { body });
}

/** What an invocation printed, one line each. */
async function printed(action: string, body: object = {}): Promise<string> {
  const { json } = await call(action, body);
  return (await recordOf(json.activationId)).logs.join("\n");
}

line("13.13 13.11", "the packages are there, shared, and say what they are for", async () => {
  const { json } = await ask("GET", `${SYSTEM}/packages?limit=200`, { key: key(2) });
  for (const name of ["combinators", "samples", "slack", "utils", "websocket"]) {
    const found = json.find((each: Loose) => each.name === name);
    expect(found).toMatchObject({ namespace: "whisk.system", publish: true, binding: false });
    const shown = (await ask("GET", `${SYSTEM}/packages/${name}`, { key: key(2) })).json;
    expect(annotation(shown, "description")).toEqual(expect.any(String));
    for (const action of shown.actions) expect(annotation(action, "description")).toEqual(expect.any(String));
  }
});

line("13.04", "samples answer and print what they are known for", async () => {
  expect(await result("samples/greeting")).toEqual({ payload: "Hello, stranger from somewhere!" });
  expect(await result("samples/greeting", { name: "Ada", place: "London" })).toEqual({
    payload: "Hello, Ada from London!",
  });
  expect(await result("samples/greeting", { payload: "Bo" })).toEqual({ payload: "Hello, Bo from somewhere!" });
  expect(await result("samples/wordCount", { payload: "three green bottles" })).toEqual({ count: 3 });
  expect(await result("samples/wordCountAsync", { payload: "three green bottles" })).toEqual({ count: 3 });
  expect(await result("samples/printParams", { z: 1, b: { c: 2 } })).toEqual({ params: { b: { c: 2 }, z: 1 } });
  expect(await result("samples/cat", { lines: [1, "two"] })).toEqual({ lines: [1, "two"], payload: "1\ntwo\n" });
  expect(await result("samples/head", { lines: [1, 2, 3], num: 2 })).toEqual({ lines: [1, 2], num: 2 });
  expect(await printed("samples/helloWorld", { payload: "Ada" })).toContain("stdout: hello Ada!");
  expect((await call("samples/wordCount")).json.response).toMatchObject({ success: false });
  expect(await result("samples/head")).toEqual({ error: "You must specify a lines parameter!" });
  expect(await result("samples/curl", { payload: "no-such-host.invalid" })).toEqual({
    msg: "curl: (6) Could not resolve host: no-such-host.invalid",
  });
});

line("13.04 13.05", "those that call other actions get a key for it, in the caller's namespace", async () => {
  for (const name of ["countdown", "helloPromises", "invoke"]) {
    const shown = (await ask("GET", `${SYSTEM}/actions/samples/${name}?code=false`)).json;
    expect([name, annotation(shown, "provide-api-key")]).toEqual([name, true]);
  }
  expect(await result("samples/helloPromises", { name: "Ada" })).toEqual({
    lines: ["Hello,", "Ada", "from", "somewhere!"],
  });
  const { response, namespace: owner } = await result("samples/invoke");
  expect([owner, Date.parse(response.result.date)]).toEqual([namespace(1), expect.any(Number)]);
  let { activationId } = await result("samples/countdown", { n: 2 });
  const logs: string[] = [];
  while (activationId !== undefined) {
    const record = await recordOf(activationId);
    logs.push(...record.logs);
    activationId = record.response.result.activationId;
  }
  expect(logs.join("\n")).toMatch(/stdout: 1\n.*stdout: 0\n.*stdout: Happy New Year!$/s);
});

line("13.04", "the code of samples is there to be read and copied", async () => {
  const { exec } = (await ask("GET", `${SYSTEM}/actions/samples/greeting`)).json;
  expect(exec.code).toContain("function main(params)");
  const name = fresh("copied");
  await make(`actions/${name}`, { exec });
  const answer = await ask("POST", `actions/${name}?blocking=true&result=true`, { body: { name: "Bo" } });
  expect(answer.json).toEqual({ payload: "Hello, Bo from somewhere!" });
});

line("13.04", "combinators call other actions, the caller's own too, and go on by how they end", async () => {
  const maybe = fresh("maybe");
  await make(
    `actions/${maybe}`,
    code('function main(args) { return args.no ? { error: "no" } : { ...args, ran: 1 }; }'),
  );
  const combine = (name: string, body: object) => result(`combinators/${name}`, body);
  const names = { $conditionName: maybe, $actionName: maybe, $tryName: maybe, $catchName: "/whisk.system/utils/smash" };
  const { $conditionName, $actionName, $tryName, $catchName } = names;
  expect(await combine("eca", { $conditionName, $actionName, x: 1 })).toEqual({ x: 1, ran: 1 });
  expect(await combine("eca", { $conditionName, $actionName, no: true })).toEqual({ $eca: "Condition was false." });
  expect(await combine("eca", { $conditionName, $actionName: "none" })).toEqual({
    error: "There was a problem invoking none",
  });
  const forwarded = { $actionName, $actionArgs: ["x"], $forward: ["y"], x: 1, y: 2, z: 3 };
  expect(await combine("forwarder", forwarded)).toEqual({ x: 1, y: 2, ran: 1 });
  expect(await combine("retry", { $actionName, $attempts: 2, x: 1 })).toEqual({ x: 1, ran: 1 });
  expect(await combine("retry", { $actionName, $attempts: 2, no: true })).toEqual({
    error: "Invocation failed. No retries left.",
  });
  expect(await combine("trycatch", { $tryName, $catchName: maybe, x: 1 })).toEqual({ x: 1, ran: 1 });
  expect(await combine("trycatch", { $tryName, $catchName: maybe, no: true })).toEqual({ error: "no" });
  expect(await combine("trycatch", { $tryName, $catchName, no: true })).toEqual({
    error: "Expected an argument '$fieldName' of type 'string'.",
  });
  for (const name of ["eca", "forwarder", "retry", "trycatch"]) {
    expect((await combine(name, {})).error).toMatch(/^Expected an argument '\$\w+' of type 'string'/);
  }
});

line("13.06 13.08", "slack and websocket say what they lack", async () => {
  expect(await result("slack/post", { url: "http://127.0.0.1:9" })).toEqual({ error: "No text provided" });
  expect(await result("slack/post", { text: "a" })).toEqual({ error: "No Webhook URL provided" });
  expect(await result("websocket/send", { payload: "a" })).toEqual({ error: "You must specify a uri parameter." });
  expect(await result("websocket/send", { uri: "ws://127.0.0.1:9" })).toEqual({
    error: "You must specify a payload parameter.",
  });
  expect((await result("websocket/send", { uri: "ws://127.0.0.1:9", payload: "a" })).error).toContain("ECONNREFUSED");
  for (const uri of ["nonsense", "ftp://127.0.0.1"]) {
    expect(await result("websocket/send", { uri, payload: "a" })).toEqual({ error: `Invalid URL: ${uri}` });
  }
});
