// What ships in /whisk.system: parity section 13, and the kind `builtin` behind it.

import { expect } from "vitest";
import { annotation, ask, fresh, key, line, make, namespace, recordOf, useApi } from "./suite.ts";

await useApi();

const UTILS = "/api/v1/namespaces/whisk.system/actions/utils";

function call(name: string, body: unknown, query = "?blocking=true&result=true") {
  return ask("POST", `${UTILS}/${name}${query}`, { body });
}

line("13.13 13.01", "any user lists the packages of whisk.system and invokes utils/echo", async () => {
  for (const which of [1, 2] as const) {
    const { json } = await ask("GET", "/api/v1/namespaces/whisk.system/packages", { key: key(which) });
    expect(json).toContainEqual(
      expect.objectContaining({ namespace: "whisk.system", name: "utils", publish: true, binding: false }),
    );
  }
  expect((await call("echo", { a: "b" })).json).toEqual({ a: "b" });
  expect((await call("echo", {})).json).toEqual({});
  expect((await ask("POST", `${UTILS}/echo?blocking=true`, { key: null })).status).toBe(401);
});

line("13.01", "the actions of utils do what their catalog says", async () => {
  expect((await call("cat", { lines: ["a", "b", 3] })).json).toEqual({ lines: ["a", "b", 3], payload: "a\nb\n3" });
  expect((await call("head", { lines: [4, 2, 3] })).json).toEqual({ lines: [4], num: 1 });
  expect((await call("head", { lines: [4, 2, 3], num: 2 })).json).toEqual({ lines: [4, 2], num: 2 });
  expect((await call("sort", { lines: ["b", "c", "a"] })).json).toEqual({ lines: ["a", "b", "c"], length: 3 });
  expect((await call("split", { payload: "a\nb\r\nc" })).json).toEqual({
    lines: ["a", "b", "c"],
    payload: "a\nb\r\nc",
  });
  expect((await call("split", { payload: "a,b", separator: "," })).json).toEqual({ lines: ["a", "b"], payload: "a,b" });
  const { date } = (await call("date", {})).json;
  expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(60_000);
  expect((await call("smash", { a: 1, b: { c: 2 }, $fieldName: "p" })).json).toEqual({ p: { a: 1, b: { c: 2 } } });
  expect((await call("namespace", {})).json).toEqual({ namespace: namespace(1) });
});

line("13.02", "smash without a field name is an application error", async () => {
  const answer = await call("smash", { a: 1 });
  expect(answer).toMatchObject({
    status: 502,
    json: { error: "Expected an argument '$fieldName' of type 'string'." },
  });
});

line("13.03", "hosturl knows this platform's address and the invoking namespace", async () => {
  const url = async (body: object) => (await call("hosturl", body)).json.url;
  const ns = namespace(1);
  expect(await url({})).toMatch(new RegExp(`^https?://[^/]+/api/v1/namespaces/${ns}/actions$`));
  expect(await url({ path: "p/a" })).toMatch(new RegExp(`/api/v1/namespaces/${ns}/actions/p/a$`));
  expect(await url({ trigger: true, path: "t" })).toMatch(new RegExp(`/api/v1/namespaces/${ns}/triggers/t$`));
  expect(await url({ web: true, path: "a", ext: ".json" })).toMatch(new RegExp(`/api/v1/web/${ns}/default/a\\.json$`));
  for (const body of [
    { web: true, trigger: true },
    { web: true, ext: ".x" },
    { trigger: true, path: "p/t" },
  ]) {
    expect((await call("hosturl", body)).status).toBe(502);
  }
});

line("13.11", "package and actions are described for the command line's summaries", async () => {
  const { json } = await ask("GET", "/api/v1/namespaces/whisk.system/packages/utils");
  expect(annotation(json, "description")).toEqual(expect.any(String));
  const names = json.actions.map((each: { name: string }) => each.name);
  expect(names).toEqual(
    expect.arrayContaining(["cat", "date", "echo", "head", "hosturl", "namespace", "smash", "sort", "split"]),
  );
  const echo = json.actions.find((each: { name: string }) => each.name === "echo");
  for (const name of ["description", "parameters", "sampleInput", "sampleOutput"]) {
    expect(annotation(echo, name)).toBeDefined();
  }
});

line("13.13 4.21 8.07", "its activations are the caller's, with the record of any other action", async () => {
  const { json } = await call("echo", { a: 1 }, "?blocking=true");
  expect(json).toMatchObject({ namespace: namespace(1), name: "echo", response: { result: { a: 1 }, success: true } });
  const record = await recordOf(json.activationId);
  expect(record).toMatchObject({ response: { status: "success", result: { a: 1 } }, logs: [] });
  expect(annotation(record, "path")).toBe("whisk.system/utils/echo");
  expect(annotation(record, "kind")).toEqual(expect.any(String));
  expect(annotation(record, "limits")).toMatchObject({ timeout: 60_000 });
  expect(annotation(record, "timeout")).toBe(false);
  const later = await call("echo", { b: 2 }, "");
  expect(later.status).toBe(202);
  expect((await recordOf(later.json.activationId)).response.result).toEqual({ b: 2 });
});

line("13.13 4.22", "it can be bound, its parameters with it", async () => {
  const bound = fresh("bound");
  await make(`packages/${bound}`, {
    binding: { namespace: "whisk.system", name: "utils" },
    parameters: [{ key: "p", value: "bound" }],
  });
  const answer = await ask("POST", `actions/${bound}/echo?blocking=true`, { body: { x: 1 } });
  expect(answer.json.response.result).toEqual({ p: "bound", x: 1 });
  expect(annotation(await recordOf(answer.json.activationId), "binding")).toBe(`${namespace(1)}/${bound}`);
});

line("1.34 2.68", "nobody else writes there", async () => {
  const body = { exec: { kind: "nodejs:default", code: "function main() {}" } };
  expect((await ask("PUT", `${UTILS}/mine`, { body })).status).toBe(403);
  expect((await ask("DELETE", `${UTILS}/echo`)).status).toBe(403);
  expect((await ask("DELETE", "/api/v1/namespaces/whisk.system/packages/utils?force=true")).status).toBe(403);
});
