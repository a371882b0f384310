// The admin API's description: it names each route of the router, and no other; and its page is read with the API's.

import { describe, expect, test } from "vitest";
import { fail } from "../../../src/errors.ts";
import { ADMIN_BASE_PATH, adminDocument } from "../../../src/http/admin/document.ts";
import { ADMIN_OPERATIONS } from "../../../src/http/admin/operations.ts";
import { makeApp } from "../../../src/http/app.ts";
import { admin, answer, send } from "../platform.worker.ts";

interface Operation {
  summary: string;
  parameters: { name: string; in: string }[];
  requestBody?: object;
}
interface Description {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { type?: string; properties?: object }> };
}

const { routes } = makeApp(() => fail("internal"));
const own = routes.filter(({ path, method }) => path.startsWith(`${ADMIN_BASE_PATH}/`) && method !== "ALL");
const document = adminDocument(routes, "b1") as Description;

describe("the description of the admin API", () => {
  test("has each route of the router, and no other", () => {
    const described = Object.entries(document.paths).flatMap(([path, all]) =>
      Object.keys(all).map((verb) => `${verb.toUpperCase()} ${ADMIN_BASE_PATH}${path}`),
    );
    const known = own.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(described.toSorted()).toEqual([...new Set(known)].toSorted());
    expect(described.length).toBe(ADMIN_OPERATIONS.size);
    expect(described.length).toBeGreaterThan(50);
  });

  test("leaves a route out that its table does not have, so that the test above fails", () => {
    const more = { path: `${ADMIN_BASE_PATH}/new`, method: "GET", handler: () => undefined };
    expect(adminDocument([...routes, more], "b1")).toEqual(document);
  });

  test("names the parts of each path, and schemas that are there, each with its members", () => {
    for (const [path, all] of Object.entries(document.paths)) {
      for (const { parameters } of Object.values(all)) {
        const inPath = parameters.filter((each) => each.in === "path").map(({ name }) => `{${name}}`);
        expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
      }
    }
    const refs = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name = ""]) => name);
    expect(new Set(refs)).toEqual(new Set(Object.keys(document.components.schemas)));
    const objects = Object.entries(document.components.schemas).filter(([, { type }]) => type === "object");
    expect(objects.filter(([, { properties = {} }]) => Object.keys(properties).length === 0)).toEqual([]);
    expect(objects.length).toBeGreaterThan(40);
  });

  test("is there for everybody, and refuses what the API's does", async () => {
    const open = await answer(await send("/api/v1/api-docs/admin"));
    expect([open.status, open.json.openapi]).toEqual([200, "3.0.3"]);
    expect(open.json.paths).toEqual(document.paths);
    expect(open.json.components).toEqual(document.components);
    expect((await send("/api/v1/api-docs/none")).status).toBeGreaterThan(400);
    expect((await send("/api/v1/api-docs/admin", { method: "POST" })).status).toBeGreaterThan(400);
  });

  // What is said to take a body looks at what comes: rubbish is no use to it.
  const takers = Object.entries(document.paths).flatMap(([path, all]) =>
    Object.entries(all).flatMap(([verb, { requestBody }]) =>
      requestBody === undefined || path.endsWith("/records") ? [] : [[verb.toUpperCase(), path] as const],
    ),
  );
  test.each(takers)("%s %s refuses a body that is not as described", async (verb, path) => {
    const { json: made } = await admin("POST", "/identities", { subject: `takes-${crypto.randomUUID()}` });
    const there = path.replaceAll("{namespace}", made.namespace).replaceAll(/\{\w+\}/g, "none");
    const refused = await admin(verb, there, { "no-such-member": 1 });
    expect([path, refused.status, refused.json.error]).toEqual([path, 400, expect.stringContaining("no-such-member")]);
  });
});
