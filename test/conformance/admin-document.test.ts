// The admin API answers as its description says: each route is called on a real platform, and its answer is held
// against the schema that the platform itself publishes.

import { expect, it } from "vitest";
import * as z from "zod";
import { admin, adminTokenOf, ask, code, fresh, type Loose, offersTenants, recordOf, tenant, useApi } from "./suite.ts";

await useApi();

interface Described {
  responses: Record<string, { content: Record<string, { schema: { $ref: string } }> }>;
}

async function description(): Promise<{ paths: Record<string, Record<string, Described>>; schemas: Loose }> {
  const { status, json } = await ask("GET", "/api/v1/api-docs/admin", { key: null });
  expect(status).toBe(200);
  return { paths: json.paths, schemas: json.components.schemas };
}

it.skipIf(!offersTenants())("each route of the admin API answers as it is described", async () => {
  const { paths, schemas } = await description();
  const called = new Set<string>();
  /** The answer of a route, named as the description has it; `parts`: of its path, in their order. */
  const call = async (
    route: string,
    { parts = [], query = "", body }: { parts?: string[]; query?: string; body?: object } = {},
  ) => {
    const [verb = "", path = ""] = route.split(" ");
    const rest = [...parts];
    const where = path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(rest.shift() ?? "")).slice(1);
    const { status, json, text } = await admin(verb, `${where}${query}`, body);
    expect([route, status, text.slice(0, 300)]).toEqual([route, 200, text.slice(0, 300)]);
    const content = paths[path]?.[verb.toLowerCase()]?.responses[200]?.content["application/json"];
    if (content !== undefined) {
      const name = content.schema.$ref.split("/").at(-1) ?? "";
      const found = z.fromJSONSchema(schemas[name], { defaultTarget: "openapi-3.0" }).safeParse(json);
      expect([route, found.error?.issues ?? []]).toEqual([route, []]);
    }
    called.add(route);
    return json;
  };

  const { key, namespace } = await tenant();
  await ask("PUT", "actions/hello", { key, body: code("function main() { return {}; }") });
  const { activationId } = (await ask("POST", "actions/hello", { key, body: {} })).json;
  await recordOf(activationId, key);
  const subject = fresh("subject");
  const made = await call("POST /identities", { body: { subject, namespace: fresh("home") } });
  const one = { parts: [made.subject] };
  await call("GET /identities");
  await call("GET /identities/{subject}", one);
  await call("POST /identities/{subject}/block", one);
  await call("POST /identities/{subject}/unblock", one);
  const rotated = await call("POST /identities/{subject}/rotate", { ...one, body: { namespace: made.namespace } });
  const { items } = await call("GET /identities/{subject}/keys", { ...one, query: "?secrets=true" });
  const known = { parts: [items[0].id as string] };
  await call("GET /keys/{id}", known);
  await call("PATCH /keys/{id}", { ...known, body: { name: "another" } });
  const after = await call("POST /keys/{id}/rotate", { ...known, body: { overlap: 60 } });
  await call("POST /whois", { body: { key: rotated.key } });
  await call("DELETE /keys/{id}", { parts: [after.now.id] });

  const place = { parts: [namespace] };
  await call("GET /namespaces");
  await call("GET /namespaces/{namespace}", place);
  await call("GET /namespaces/{namespace}/keys", place);
  await call("PUT /namespaces/{namespace}/limits", {
    ...place,
    body: { invocationsPerMinute: 600, allowedKinds: ["nodejs:20"] },
  });
  await call("PATCH /namespaces/{namespace}/limits", { ...place, body: { invocationsPerMinute: null } });
  await call("GET /namespaces/{namespace}/limits", place);
  await call("DELETE /namespaces/{namespace}/limits", place);
  await call("GET /namespaces/{namespace}/contents", place);
  await call("PUT /namespaces/{namespace}/retention", { ...place, body: { maxAge: 86_400 } });
  await call("GET /namespaces/{namespace}/retention", place);
  await call("DELETE /namespaces/{namespace}/retention", place);
  await call("GET /namespaces/{namespace}/usage", place);
  for (const what of ["forwarding", "events"]) {
    const path = `/namespaces/{namespace}/${what}`;
    await call(`GET ${path}`, place);
    await call(`PUT ${path}`, {
      ...place,
      body: { url: "https://receiver.example.com/in", authorization: "Bearer 1" },
    });
    await call(`GET ${path}`, place);
    await call(`DELETE ${path}`, place);
  }
  await call("GET /namespaces/{namespace}/records", place);
  const lines = await ask("POST", `/admin/v1/namespaces/${namespace}/records`, {
    ...{ key: null, text: "" },
    headers: { authorization: `Bearer ${adminTokenOf()}`, "content-type": "application/x-ndjson" },
  });
  expect(lines.status).toBe(200);
  expect(z.fromJSONSchema(schemas.ImportReport, { defaultTarget: "openapi-3.0" }).safeParse(lines.json).success).toBe(
    true,
  );
  called.add("POST /namespaces/{namespace}/records");
  await call("POST /namespaces/{namespace}/block", place);
  await call("POST /namespaces/{namespace}/unblock", place);
  const goes = { parts: [(await call("POST /namespaces", { body: { name: fresh("goes") } })).name as string] };
  await call("DELETE /namespaces/{namespace}", { ...goes, body: { confirm: goes.parts[0] } });
  await call("GET /namespaces/{namespace}/deletion", goes);
  await call("DELETE /identities/{subject}", one);

  await call("GET /status");
  await call("GET /waiting");
  await call("GET /config");
  await call("GET /audit");
  await call("GET /hosts");
  const [scheduler] = await call("GET /schedulers");
  await call("GET /schedulers/{host}/{shard}", { parts: scheduler.scheduler.split("/") });
  await call("GET /hosts/{name}", { parts: [scheduler.host] });
  const host = { parts: [(await call("POST /hosts", { body: { name: fresh("host"), shards: 1 } })).name as string] };
  for (const verb of ["drain", "undrain", "enable"]) await call(`POST /hosts/{name}/${verb}`, host);
  const renamed = await call("POST /hosts/{name}/rename", { ...host, body: { to: fresh("renamed") } });
  await call("DELETE /hosts/{name}", host);
  await call("DELETE /hosts/{name}", { parts: [renamed.name] });
  await call("GET /activations/{id}/location", { parts: [activationId] });
  const { mode } = await call("GET /records");
  await call("GET /records/move");
  await call("POST /records/move", { body: { to: mode } });
  await call("POST /reseal", { body: {} });
  const administrator = await call("POST /administrators", { body: { name: fresh("auditor"), role: "auditor" } });
  const named = { parts: [administrator.name as string] };
  await call("GET /administrators");
  await call("PATCH /administrators/{name}", { ...named, body: { role: "operator" } });
  await call("POST /administrators/{name}/rotate", named);
  await call("DELETE /administrators/{name}", named);
  const { sources } = await call("GET /sources");
  const source = sources.find(({ declared }: Loose) => declared);
  const grant = { parts: [source.kind, source.name, namespace] };
  await call("PUT /sources/{kind}/{name}/grants/{namespace}", grant);
  await call("DELETE /sources/{kind}/{name}/grants/{namespace}", grant);

  const all = Object.entries(paths).flatMap(([path, verbs]) =>
    Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`),
  );
  expect(all.filter((route) => !called.has(route))).toEqual([]);
});
