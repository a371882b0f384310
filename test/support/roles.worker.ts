// The text of ROLES.md, made from what the router's routes say they need.

import { ADMIN_RIGHT_TEXTS, type AdminRight, adminRolesWith } from "../../src/entities/administrator.ts";
import { RIGHT_TEXTS } from "../../src/entities/permission.ts";
import { type Right, rolesWith } from "../../src/entities/rights.ts";
import { fail } from "../../src/errors.ts";
import { ADMIN_OPERATIONS } from "../../src/http/admin/operations.ts";
import { makeApp } from "../../src/http/app.ts";
import type { Named } from "../../src/http/needs.ts";
import { needsOf } from "../../src/http/permission.ts";

const API = "/api/v1/namespaces/:ns";
const ADMIN = "/admin/v1";

/** What has a door of its own, or none. */
const OTHERS: [RegExp, string][] = [
  [/^\/host\/v1\//, "a host's token"],
  [/^\/metrics$/, "its own token"],
  [/^\/(ping|invokers.*)?$|^\/api\/v1(\/|\/(docs|api-docs).*)?$/, "everybody"],
];

const NAMED: Readonly<Record<Named, string>> = {
  action: "the action",
  package: "the package",
  entity: "the trigger or rule",
  list: "shows those in it",
  record: "shows those of it",
  all: "takes a key without one",
  nothing: "",
};

export interface Row {
  route: string;
  /** Null: not by a key's right. */
  right: string | null;
  who: string;
  scope: string;
}

/** Each route that does something, in the router's order. Throws for one that does not say what it needs. */
export function rows(): Row[] {
  const all = makeApp(() => fail("internal")).routes.filter(
    ({ method, handler }) => method !== "ALL" || needsOf(handler) !== undefined,
  );
  const made = all.map(({ method, path, handler }): Row => {
    const route = `${method} ${path}`;
    const needs = needsOf(handler);
    if (needs === null) return { route, right: null, who: "everybody", scope: "" };
    if (needs !== undefined) {
      return { route, right: needs.right, who: rolesOf(needs.right, needs.of), scope: NAMED[needs.of] };
    }
    const admin = ADMIN_OPERATIONS.get(route)?.right;
    if (admin !== undefined) return { route, right: admin, who: adminRolesWith(admin).join(", "), scope: "" };
    const other = OTHERS.find(([pattern]) => pattern.test(path));
    if (other === undefined) throw new Error(`nothing says what ${route} needs`);
    return { route, right: null, who: other[1], scope: "" };
  });
  return [...new Map(made.map((row) => [row.route, row])).values()];
}

function rolesOf(right: Right, of: Named): string {
  const roles = rolesWith(right).join(", ");
  return of === "record" && right === "records" ? `${roles}, invoker (what its key started)` : roles;
}

export function rolesDocument(): string {
  const all = rows();
  const of = (prefix: string) => all.filter(({ route }) => route.split(" ")[1]?.startsWith(prefix));
  const keyed = all.filter((row) => row.right !== null && !row.route.includes(` ${ADMIN}/`));
  const open = all.filter((row) => row.right === null);
  return `${[
    "# Who may what",
    "",
    "Made from the code by `npm run docs:roles`: each route says itself what it needs, and one that does not is no route.",
    "",
    "## Keys",
    "A key has a role, and a scope if it shall not use all names: `edgewhisk key issue SUBJECT NAME --role developer",
    "--scope 'orders/*'`. `orders/*` is the package `orders` and all that is in it; `order*` all names that begin so;",
    "`/other/pkg/*` a package that another namespace has published. What ships with the platform needs no pattern.",
    "",
    "What an action, a sequence, a conductor, a rule, a binding or a schedule does has what its caller and its writers have",
    "in common: the least of their rights, and the names that are in all of their scopes. That holds for the keys that",
    "running actions get as well, and these lose with the key that they come from.",
    "",
    "| right | it may | roles |",
    "|---|---|---|",
    ...(Object.keys(RIGHT_TEXTS) as Right[]).map(
      (right) => `| \`${right}\` | ${RIGHT_TEXTS[right]} | ${rolesWith(right).join(", ")} |`,
    ),
    "",
    `Paths are below \`${API}\` where nothing else is said.`,
    "",
    "| route | right | roles | with a scope |",
    "|---|---|---|---|",
    ...keyed.map(({ route, right, who, scope }) => `| \`${route.replace(API, "")}\` | ${right} | ${who} | ${scope} |`),
    "",
    "## Administrators",
    "Whoever holds `ADMIN_TOKEN` may everything. `edgewhisk administrator create NAME --role operator` makes one with a",
    "token and a role of his own.",
    "",
    "| right | it may | roles |",
    "|---|---|---|",
    ...(Object.keys(ADMIN_RIGHT_TEXTS) as AdminRight[]).map(
      (right) => `| \`${right}\` | ${ADMIN_RIGHT_TEXTS[right]} | ${adminRolesWith(right).join(", ")} |`,
    ),
    "",
    `Paths are below \`${ADMIN}\`. Lists of keys with \`secrets=true\` take \`admit\`.`,
    "",
    "| route | right | roles |",
    "|---|---|---|",
    ...of(ADMIN).map(({ route, right, who }) => `| \`${route.replace(ADMIN, "")}\` | ${right} | ${who} |`),
    "",
    "## Without a key",
    "",
    "| route | who |",
    "|---|---|",
    ...open.map(({ route, who }) => `| \`${route}\` | ${who} |`),
  ].join("\n")}\n`;
}

/** Routes of the admin API that its table has not, and rows of the table that are no route. */
export function unlisted(): string[] {
  const { routes } = makeApp(() => fail("internal"));
  const admin = routes.filter(({ method, path }) => method !== "ALL" && path.startsWith(`${ADMIN}/`));
  const known = new Set(admin.map(({ method, path }) => `${method} ${path}`));
  const both = [...known, ...ADMIN_OPERATIONS.keys()];
  return both.filter((route) => !known.has(route) || !ADMIN_OPERATIONS.has(route));
}
