// /namespaces/{ns}/packages/{name}: create, update, read, delete, list. Published ones are open to everybody's eyes.

import { openPackage } from "../../catalog/open-package.ts";
import { nameFault, namespaceFault } from "../../entities/names.ts";
import { readPackage, showPackage } from "../../entities/package.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { EntityKey } from "../../storage/entity-store.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { methodNotAllowed } from "../method.ts";
import { namespaceOf } from "../namespace.ts";
import { bodyOf, type Piece } from "../pieces.ts";
import { flag, paging } from "../query.ts";
import { json } from "../reply.ts";
import { withContents } from "./package-contents.ts";
import { putPackage } from "./package-put.ts";

const COLLECTION = "/api/v1/namespaces/:ns/packages";
const RESERVED = "default";

export function packageRoutes(app: App): void {
  for (const path of [COLLECTION, `${COLLECTION}/`]) app.get(path, list);
  app.all(COLLECTION, methodNotAllowed("GET"));
  const one = `${COLLECTION}/:name`;
  app.get(one, read);
  app.put(one, write);
  app.delete(one, remove);
  app.all(one, methodNotAllowed("GET, PUT, DELETE"));
}

/** Of a foreign namespace, existing or not, what is shared. */
async function list(c: AppContext): Promise<Response> {
  const path = namespaceOf(c);
  const fault = namespaceFault(path);
  if (fault !== null) return respond(c, fault);
  const page = paging(c, "packages");
  if (!page.ok) return respond(c, page);
  const { entities, blobs } = c.get("services").stores;
  const foreign = path !== c.get("identity").namespace.name;
  const query = { path, type: "package" as const, deep: false, ...(foreign ? { shared: true } : {}) };
  const { limit, skip, count } = page.value;
  if (count) return json(c, JSON.stringify({ packages: Math.max(0, (await entities.count(query)) - skip) }));
  const listed = await entities.list({ ...query, limit, skip });
  const pieces = listed.flatMap(({ summary }, at): Piece[] => [
    at === 0 ? "" : ",",
    "inline" in summary ? summary.inline : { blob: summary.blob, size: 0 },
  ]);
  return json(c, bodyOf(["[", ...pieces, "]"], blobs));
}

async function read(c: AppContext): Promise<Response> {
  const key = keyOf(c);
  if (!key.ok) return respond(c, key);
  const { stores } = c.get("services");
  const caller = c.get("identity").namespace.name;
  const opened = await openPackage(stores.entities, { caller, key: key.value });
  // It says so only to whoever may know.
  if (!opened.ok && opened.code === "not-found") {
    return respond(c, fail("not-found", `${key.value.path}/${key.value.name}`));
  }
  if (!opened.ok) return respond(c, opened);
  const { bundle, parameters, path } = opened.value;
  return json(c, await withContents(showPackage({ ...bundle, parameters }), { path, stores }));
}

async function write(c: AppContext): Promise<Response> {
  const overwrite = flag(c, "overwrite");
  if (!overwrite.ok) return respond(c, overwrite);
  const key = ownKey(c);
  if (!key.ok) return respond(c, key);
  if (key.value.name === RESERVED) {
    return respond(c, fail("bad-request", `Package name '${RESERVED}' is reserved.`));
  }
  const written = await putPackage(c, { key: key.value, overwrite: overwrite.value });
  return written.ok ? json(c, showPackage(written.value)) : respond(c, written);
}

async function remove(c: AppContext): Promise<Response> {
  const force = flag(c, "force");
  if (!force.ok) return respond(c, force);
  const key = ownKey(c);
  if (!key.ok) return respond(c, key);
  const services = c.get("services");
  const { entities } = services.stores;
  const stored = await entities.get(key.value);
  if (stored === null) return respond(c, fail("not-found"));
  if (stored.type !== "package") return respond(c, fail("wrong-collection"));
  const bundle = readPackage(stored.document);
  if (bundle === null) return respond(c, fail("corrupted"));
  const options = { expected: stored.revision, force: force.value };
  const gone = await services.withWrite(key.value.path, () => entities.removePackage(key.value, options));
  if (gone.kind === "fixed") return respond(c, fail("built-in", `${key.value.path}/${key.value.name}`));
  if (gone.kind === "conflict") return respond(c, fail("concurrent-modification"));
  if (gone.kind === "not-empty") {
    return respond(c, fail("not-empty", `${gone.count} ${gone.count === 1 ? "entity" : "entities"}`));
  }
  return json(c, showPackage(bundle));
}

function keyOf(c: AppContext): Result<EntityKey> {
  const path = namespaceOf(c);
  const name = c.req.param("name") ?? "";
  return namespaceFault(path) ?? nameFault(name) ?? ok({ path, name });
}

function ownKey(c: AppContext): Result<EntityKey> {
  const key = keyOf(c);
  if (!key.ok || key.value.path === c.get("identity").namespace.name) return key;
  return fail("not-authorized", `${key.value.path}/${key.value.name}`);
}
