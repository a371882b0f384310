// The admin API described in OpenAPI 3.0, made from the routes that the router has and from
// the schemas that check what comes in.

import * as z from "zod";
import { ADMIN_RIGHT_TEXTS, adminRolesWith } from "../../entities/administrator.ts";
import type { RouterRoute } from "../api/document.ts";
import { ADMIN_OPERATIONS, ADMIN_QUERY, type AdminOperation, type AdminQueryName } from "./operations.ts";
import { ADMIN_ANSWERS, ADMIN_BODIES } from "./schemas.ts";

export const ADMIN_BASE_PATH = "/admin/v1";
const LINES = "application/x-ndjson";
const ERROR = {
  type: "object",
  properties: { error: { type: "string" }, code: { type: "string" } },
  required: ["error", "code"],
};

export function adminDocument(routes: readonly RouterRoute[], build: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { path, method } of routes) {
    const operation = ADMIN_OPERATIONS.get(`${method} ${path}`);
    if (operation === undefined) continue;
    const where = path.slice(ADMIN_BASE_PATH.length).replaceAll(/:(\w+)/g, "{$1}");
    paths[where] = { ...paths[where], [method.toLowerCase()]: shown(where, operation) };
  }
  return {
    openapi: "3.0.3",
    info: {
      title: "edgewhisk administration API",
      description: "Who gets in, what each may use, hosts, records and the audit log, for whoever runs the platform.",
      version: build,
    },
    servers: [{ url: ADMIN_BASE_PATH }],
    security: [{ administrator: [] }],
    paths: Object.fromEntries(Object.entries(paths).toSorted(([one], [other]) => (one < other ? -1 : 1))),
    components: {
      securitySchemes: {
        administrator: {
          ...{ type: "http", scheme: "bearer" },
          description: "ADMIN_TOKEN, or the token of a named administrator.",
        },
      },
      schemas: { ...schemasOf(ADMIN_BODIES, "input"), ...schemasOf(ADMIN_ANSWERS, "output"), ErrorMessage: ERROR },
    },
  };
}

function schemasOf(all: Readonly<Record<string, z.ZodType>>, io: "input" | "output"): Record<string, object> {
  const made = Object.entries(all).map(([name, schema]) => {
    const json = z.toJSONSchema(schema, { target: "openapi-3.0", io, unrepresentable: "any" });
    return [name, json] as const;
  });
  return Object.fromEntries(made);
}

function shown(path: string, { right, summary, query = [], body, answer }: AdminOperation): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const content = (name: string) => ({
    [name === "RecordLines" ? LINES : "application/json"]: { schema: { $ref: `#/components/schemas/${name}` } },
  });
  return {
    summary,
    description: `May ${ADMIN_RIGHT_TEXTS[right]}: ${adminRolesWith(right).join(", ")}.`,
    parameters: [
      ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
      ...query.map((name: AdminQueryName) => {
        const { type, description } = ADMIN_QUERY[name];
        return { name, in: "query", description, schema: { type } };
      }),
    ],
    ...(body === undefined ? {} : { requestBody: { required: true, content: content(body) } }),
    responses: {
      200: { description: "Done", content: content(answer) },
      default: { description: "Refused", content: content("ErrorMessage") },
    },
  };
}
