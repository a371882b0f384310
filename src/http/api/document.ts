// The API described in Swagger 2.0, as OpenWhisk's is: for those who read it and for tools that make clients of it. It
// is made from the routes that the router has, so that it holds all of them and no other.

import { DEFINITIONS, list, QUERY, type QueryName, ref } from "./definitions.ts";
import { OPERATIONS, type Operation, operationOf } from "./operations.ts";

/** A route as Hono's `app.routes` has it. */
export interface RouterRoute {
  path: string;
  /** Upper case; ALL = every verb. */
  method: string;
  handler: object;
}

export interface DescribedRoute {
  /** Below the base path. */
  path: string;
  /** Lower case. */
  verb: string;
  operation: Operation;
}

export const BASE_PATH = "/api/v1";
const VERBS = ["get", "put", "post", "delete", "patch", "head", "options"];

export function apiDocument(routes: readonly RouterRoute[], build: string): object {
  const byPath = Map.groupBy(describedRoutes(routes), ({ path }) => path);
  const paths = [...byPath].map(([path, all]) => {
    const operations = all.map(({ verb, operation }) => [verb, shown(path, operation)] as const);
    return [path, Object.fromEntries(operations)] as const;
  });
  return {
    swagger: "2.0",
    info: {
      title: "OpenWhisk REST API",
      description: "Actions, packages, triggers, rules and activations over HTTP.",
      version: build,
    },
    basePath: BASE_PATH,
    consumes: ["application/json"],
    produces: ["application/json"],
    securityDefinitions: { basicAuth: { type: "basic", description: "The two parts of a namespace's key." } },
    security: [{ basicAuth: [] }],
    paths: Object.fromEntries(paths),
    definitions: DEFINITIONS,
  };
}

/** By path and verb. Of a path that is there with a slash at its end and without it, the one without is meant. */
export function describedRoutes(routes: readonly RouterRoute[]): DescribedRoute[] {
  const all = routes.flatMap(({ path, method, handler }): DescribedRoute[] => {
    const name = operationOf(handler);
    if (name === undefined) return [];
    const operation: Operation = OPERATIONS[name];
    const { verbs = [method.toLowerCase()], summary } = operation;
    const where = operation.path ?? documentedPath(path);
    return verbs.map((verb) => {
      const says = operation.verbs === undefined ? summary : `${summary} ${verb.toUpperCase()}`;
      return { path: where, verb, operation: { ...operation, summary: says } };
    });
  });
  const known = new Set(all.map(({ path, verb }) => `${verb} ${path}`));
  const twin = ({ path, verb }: DescribedRoute) => path.endsWith("/") && known.has(`${verb} ${path.slice(0, -1)}`);
  const order = ({ path, verb }: DescribedRoute) => `${path} ${VERBS.indexOf(verb)}`;
  return all.filter((each) => !twin(each)).toSorted((one, other) => (order(one) < order(other) ? -1 : 1));
}

/** `/api/v1/namespaces/:ns/rules/:name` is `/namespaces/{namespace}/rules/{rule}`. */
function documentedPath(path: string): string {
  const segments = path.slice(BASE_PATH.length).split("/");
  const collection = segments[3] ?? "";
  const names: Record<string, string> = { ns: "namespace", name: collection.slice(0, -1), id: collection.slice(0, -1) };
  return segments.map((each) => (each.startsWith(":") ? `{${names[each.slice(1)] ?? each.slice(1)}}` : each)).join("/");
}

function shown(path: string, { summary, query = [], body, answer, needs }: Operation): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const many = answer.endsWith("[]");
  const schema = ref(many ? answer.slice(0, -2) : answer);
  return {
    summary,
    parameters: [
      ...names.map((name) => ({ name, in: "path", required: true, type: "string" })),
      ...query.map((name: QueryName) => ({ name, in: "query", ...QUERY[name] })),
      ...(body === undefined ? [] : [{ name: "body", in: "body", schema: ref(body) }]),
    ],
    responses: {
      200: { description: "Done", schema: many ? list(schema) : schema },
      ...(body === "Anything" ? { 202: { description: "Accepted", schema: ref("ActivationId") } } : {}),
      default: { description: "Refused", schema: ref("ErrorMessage") },
    },
    ...(needs === null ? { security: [] } : {}),
  };
}
