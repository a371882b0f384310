// What the platform says of itself without credentials: its root, that of the API, its description, and whether it is
// well. Parity 2.1.

import { expect } from "vitest";
import { apiUrl, ask, line, useApi } from "./suite.ts";

await useApi();

line("2.17 2.18 2.19", "the root describes runtimes and limits, with the content type wskdeploy compares", async () => {
  const answer = await ask("GET", "/", { key: null });
  expect(answer.status).toBe(200);
  expect(["application/json", "application/json; charset=UTF-8"]).toContain(answer.headers.get("content-type"));
  expect(answer.json).toMatchObject({
    description: expect.any(String),
    support: { github: expect.any(String), slack: expect.any(String) },
    api_paths: ["/api/v1"],
  });
  expect(answer.json.limits.sequence_length).toBe(50);
  // What is not enforced is not announced: nobody is throttled on one machine.
  for (const name of ["actions_per_minute", "triggers_per_minute", "concurrent_actions"])
    expect(answer.json.limits).not.toHaveProperty(name);
  // Memory and logs in bytes, where a namespace is told MB; durations in ms in both.
  const own = (await ask("GET", "limits")).json;
  for (const [bound, of] of [
    ["min", "minAction"],
    ["max", "maxAction"],
  ])
    for (const prefix of ["", "default_"])
      expect(answer.json.limits).toMatchObject({
        [`${prefix}${bound}_action_duration`]: own[`${of}Timeout`],
        [`${prefix}${bound}_action_memory`]: own[`${of}Memory`] * 1024 * 1024,
        [`${prefix}${bound}_action_logs`]: own[`${of}Logs`] * 1024 * 1024,
      });
  for (const family of Object.values(answer.json.runtimes) as { kind: string; default: boolean }[][]) {
    expect(family.filter((each) => each.default)).toHaveLength(1);
    expect(family[0]).toMatchObject({
      kind: expect.any(String),
      deprecated: expect.any(Boolean),
      requireMain: expect.any(Boolean),
    });
  }
  expect(Object.keys(answer.json.runtimes)).toContain("nodejs");
});

line("2.20", "the API root describes itself, `build` is a date", async () => {
  for (const path of ["/api/v1", "/api/v1/"]) {
    const { json } = await ask("GET", path, { key: null });
    expect(Date.parse(json.build)).toBeGreaterThan(Date.parse("2015-01-01"));
    expect(json).toMatchObject({
      description: expect.any(String),
      api_version: "1.0.0",
      api_version_path: "v1",
      build: expect.any(String),
      buildno: expect.any(String),
      swagger_paths: { ui: "/docs", "api-docs": "/api-docs" },
    });
  }
});

line("2.21", "the API describes itself in Swagger 2.0, every reference in it leading somewhere", async () => {
  const { status, json, text, headers } = await ask("GET", "/api/v1/api-docs", { key: null });
  expect([status, json.swagger, json.basePath]).toEqual([200, "2.0", "/api/v1"]);
  expect(headers.get("content-type")).toMatch(/^application\/json/);
  for (const name of ["ActionMeta", "ActionExecMeta", "RuleMeta", "TriggerMeta"])
    expect(text).toContain(`"#/definitions/${name}"`);
  for (const [, name = ""] of text.matchAll(/"#\/definitions\/(\w+)"/g)) expect(json.definitions).toHaveProperty(name);
  expect(json.paths).toHaveProperty(["/namespaces/{namespace}/actions/{package}/{action}", "post"]);
});

line("2.22", "a page shows the description", async () => {
  const moved = await ask("GET", "/api/v1/docs", { key: null });
  expect(moved.status).toBe(308);
  const location = moved.headers.get("location") ?? "";
  expect(location).toMatch(/docs\/index\.html\?url=\/api\/v1\/api-docs$/);
  const { pathname, search } = new URL(location, `${apiUrl()}/api/v1/docs`);
  expect(pathname).toBe("/api/v1/docs/index.html");
  for (const query of ["", search]) {
    const page = await ask("GET", `${pathname}${query}`, { key: null });
    expect([page.status, page.headers.get("content-type")]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    // It reads what its address names, else the description of this API.
    expect(page.text).toMatch(/<script.*"url".*"\/api\/v1\/api-docs".*<\/script>/s);
  }
  for (const path of ["dummy", "index.htm", "index.html/x"])
    expect([path, (await ask("GET", `/api/v1/docs/${path}`, { key: null })).status]).toEqual([path, 404]);
});

line("2.24 2.26 2.27", "ping and the invokers' health answer without credentials", async () => {
  expect(await ask("GET", "/ping", { key: null })).toMatchObject({ status: 200, text: "pong" });
  expect(Object.values((await ask("GET", "/invokers", { key: null })).json)).toContain("up");
  expect((await ask("GET", "/invokers/healthy/count", { key: null })).json).toBeGreaterThan(0);
  expect((await ask("GET", "/invokers/ready", { key: null })).json.healthy).toMatch(/^\d+\/\d+$/);
});
