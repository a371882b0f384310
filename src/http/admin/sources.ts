// /admin/v1/sources: what the operator has declared for feeds, which namespace may read it, and what is granted though
// it is not there.

import { isName } from "../../entities/names.ts";
import { bindingOf, declarationOf, isSourceName, SOURCE_KINDS, type SourceName } from "../../entities/source.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { SourceGrant } from "../../storage/source-book.ts";
import { actingStores } from "../author.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { printable } from "../query.ts";
import { json } from "../reply.ts";

export function adminSourceRoutes(app: App, root: string): void {
  const all = `${root}/sources`;
  app.get(all, shown);
  app.all(all, methodNotAllowed("GET"));
  const grant = `${root}/sources/:kind/:name/grants/:namespace`;
  app.put(grant, async (c) => change(c, true));
  app.delete(grant, async (c) => change(c, false));
  app.all(grant, methodNotAllowed("PUT, DELETE"));
}

async function shown(c: AppContext): Promise<Response> {
  const { stores, sources } = c.get("services");
  const grants = await stores.sources.grants();
  const declared = sources.declared();
  const isOf = (one: SourceName, other: SourceName) => one.kind === other.kind && one.name === other.name;
  const lost = grants.filter((grant) => !declared.some((each) => isOf(each, grant)));
  const known = [
    ...declared.map((source) => ({ source, isThere: true })),
    ...[...new Map(lost.map((each) => [`${each.kind} ${each.name}`, each])).values()].map((source) => ({
      ...{ source, isThere: false },
    })),
  ];
  const list = known.map(({ source, isThere }) => ({
    ...{ kind: source.kind, name: source.name, declared: isThere },
    namespaces: grants.filter((grant) => isOf(grant, source)).map(({ namespace }) => namespace),
  }));
  return json(c, JSON.stringify({ sources: list }));
}

/** Taking away what is not declared any more, or of a namespace that is gone, is possible. */
async function change(c: AppContext, isGrant: boolean): Promise<Response> {
  const source = sourceOf(c);
  if (!source.ok) return respond(c, source);
  const name = c.req.param("namespace") ?? "";
  if (!isName(name)) return respond(c, fail("bad-request", `'${printable(name)}' is not the name of a namespace.`));
  const services = c.get("services");
  const namespace = await services.namespaceNamed(name);
  if (namespace === null) return respond(c, fail("not-found", name));
  const { sources } = actingStores(c);
  if (!isGrant) {
    await sources.revoke(source.value, namespace.uuid);
    return shown(c);
  }
  const { kind } = source.value;
  const isDeclared = services.sources.declared().some((each) => each.kind === kind && each.name === source.value.name);
  if (!isDeclared) {
    return respond(
      c,
      fail("bad-request", `This deployment has no such source: it lacks ${declarationOf(source.value)}.`),
    );
  }
  const grant: SourceGrant = {
    ...source.value,
    ...{ namespace: name, namespaceId: namespace.uuid, created: Date.now() },
  };
  await sources.grant(grant);
  return shown(c);
}

function sourceOf(c: AppContext): Result<SourceName> {
  const kind = SOURCE_KINDS.find((each) => each === c.req.param("kind"));
  if (kind === undefined) return fail("bad-request", `The kind of a source is one of ${SOURCE_KINDS.join(", ")}.`);
  const source = { kind, name: c.req.param("name") ?? "" };
  if (isSourceName(source)) return ok(source);
  const like = kind === "queue" ? "orders" : `ORDERS, for ${bindingOf({ kind, name: "ORDERS" })}`;
  return fail("bad-request", `'${printable(source.name)}' cannot be the name of a source: it is one such as ${like}.`);
}
