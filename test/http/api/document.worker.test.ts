// The API's description is made from the router: it names each route of the API, and nothing that is none.

import { describe, expect, test } from "vitest";
import { fail } from "../../../src/errors.ts";
import { DEFINITIONS } from "../../../src/http/api/definitions.ts";
import { apiDocument, BASE_PATH, describedRoutes } from "../../../src/http/api/document.ts";
import { described, OPERATIONS, operationOf } from "../../../src/http/api/operations.ts";
import { makeApp } from "../../../src/http/app.ts";

interface SwaggerOperation {
  parameters: { name: string; in: string }[];
  responses: Record<string, unknown>;
}

const { routes } = makeApp(() => fail("internal"));
/** What has a place in the description: the rest is the operator's, the hosts', or shows the description itself. */
const IS_API = /^\/api\/v1\/(namespaces|web)(\/|$)/;
const PAGES_AND_VERSION = /^\/api\/v1\/?$|^\/api\/v1\/(docs|api-docs)(\/|$)/;

describe("every route of the API", () => {
  const own = routes.filter(({ path, method }) => IS_API.test(path) && method !== "ALL");

  test.each(own.map(({ path, method, handler }) => [`${method} ${path}`, handler] as const))("%s", (_, handler) => {
    expect(operationOf(handler)).toBeDefined();
  });

  test("there are many of them, and those without a key are described as well", () => {
    expect(own.length).toBeGreaterThan(30);
    const open = routes.find(({ path }) => path.startsWith(`${BASE_PATH}/web/`));
    expect(operationOf(open?.handler ?? {})).toBe("callWebAction");
  });

  test("and no other: nothing below the base path is forgotten", () => {
    const other = routes.filter(({ path, method }) => method !== "ALL" && !IS_API.test(path));
    expect(other.filter(({ handler }) => operationOf(handler) !== undefined)).toEqual([]);
    const forgotten = other.filter(({ path }) => path.startsWith(BASE_PATH) && !PAGES_AND_VERSION.test(path));
    expect(forgotten.map(({ path }) => path)).toEqual([]);
  });
});

test("every description is that of a route", () => {
  const used = new Set(routes.map(({ handler }) => operationOf(handler)));
  expect(Object.keys(OPERATIONS).filter((name) => !used.has(name as keyof typeof OPERATIONS))).toEqual([]);
});

describe("the document", () => {
  const document = apiDocument(routes, "b1") as {
    swagger: string;
    info: { version: string };
    paths: Record<string, Record<string, SwaggerOperation>>;
  };

  test("has each path once, with the verbs that the router has there", () => {
    const verbs = Object.entries(document.paths).map(([path, all]) => `${path} ${Object.keys(all)}`);
    expect([document.swagger, document.info.version]).toEqual(["2.0", "b1"]);
    expect(verbs).toEqual([
      "/namespaces get",
      "/namespaces/{namespace}/actions get",
      "/namespaces/{namespace}/actions/{action} get,put,post,delete",
      "/namespaces/{namespace}/actions/{package}/ get",
      "/namespaces/{namespace}/actions/{package}/{action} get,put,post,delete",
      "/namespaces/{namespace}/activations get",
      "/namespaces/{namespace}/activations/{activation} get",
      "/namespaces/{namespace}/activations/{activation}/logs get",
      "/namespaces/{namespace}/activations/{activation}/result get",
      "/namespaces/{namespace}/events get,put,delete",
      "/namespaces/{namespace}/forwarding get,put,delete",
      "/namespaces/{namespace}/keys get,post",
      "/namespaces/{namespace}/keys/{key} get,delete,patch",
      "/namespaces/{namespace}/keys/{key}/rotate post",
      "/namespaces/{namespace}/limits get",
      "/namespaces/{namespace}/packages get",
      "/namespaces/{namespace}/packages/{package} get,put,delete",
      "/namespaces/{namespace}/records get,post",
      "/namespaces/{namespace}/retention get,put,delete",
      "/namespaces/{namespace}/rules get",
      "/namespaces/{namespace}/rules/{rule} get,put,post,delete",
      "/namespaces/{namespace}/schedules/preview get",
      "/namespaces/{namespace}/secrets get",
      "/namespaces/{namespace}/stats get",
      "/namespaces/{namespace}/triggers get",
      "/namespaces/{namespace}/triggers/{trigger} get,put,post,delete",
      "/namespaces/{namespace}/triggers/{trigger}/schedule get",
      "/namespaces/{namespace}/usage get",
      "/web/{namespace}/{package}/{action} get,put,post,delete,patch,head,options",
      "/webhooks/{token} post,options",
    ]);
  });

  test("names the parts of each path, and only definitions that are there", () => {
    for (const { path, verb } of describedRoutes(routes)) {
      const parameters = document.paths[path]?.[verb]?.parameters ?? [];
      const inPath = parameters.filter((each) => each.in === "path").map(({ name }) => `{${name}}`);
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
    }
    const refs = [...JSON.stringify(document).matchAll(/#\/definitions\/(\w+)/g)].map(([, name]) => name);
    expect(refs.length).toBeGreaterThan(100);
    expect([...new Set(refs)].filter((name) => !Object.hasOwn(DEFINITIONS, name ?? ""))).toEqual([]);
  });
});

test("a handler does one thing", () => {
  const handler = () => new Response();
  described("getRule", handler);
  expect(operationOf(described("getRule", handler))).toBe("getRule");
  expect(() => described("putRule", handler)).toThrow("one handler is getRule and putRule");
});
