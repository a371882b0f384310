// /namespaces/{ns}/packages/{name}: create, update, read, delete, list.

import { withContents } from "../../catalog/package-contents.ts";
import { deletePackage, getPackage, listPackages, packageKey, putPackage } from "../../catalog/packages.ts";
import { showPackage } from "../../entities/package.ts";
import { parsePackagePut } from "../../entities/package-put.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { entityPutOf } from "../entity-put.ts";
import { answer, respond } from "../errors.ts";
import { listing } from "../listing.ts";
import { methodNotAllowed } from "../method.ts";
import { anyNamespaceOf, entityKeyOf, ownKeyOf } from "../namespace.ts";
import { textStreamOf } from "../pieces.ts";
import { flag, paging } from "../query.ts";
import { json } from "../reply.ts";

const COLLECTION = "/api/v1/namespaces/:ns/packages";

export function packageRoutes(app: App): void {
  for (const path of [COLLECTION, `${COLLECTION}/`]) app.get(path, list);
  app.all(COLLECTION, methodNotAllowed("GET"));
  const one = `${COLLECTION}/:name`;
  app.get(one, read);
  app.put(one, write);
  app.delete(one, remove);
  app.all(one, methodNotAllowed("GET, PUT, DELETE"));
}

async function list(c: AppContext): Promise<Response> {
  const namespace = anyNamespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const page = paging(c, "packages");
  if (!page.ok) return respond(c, page);
  return listing(c, "packages", await listPackages(catalogOf(c), { namespace: namespace.value, page: page.value }));
}

async function read(c: AppContext): Promise<Response> {
  const found = await getPackage(catalogOf(c), entityKeyOf(c));
  if (!found.ok) return respond(c, found);
  const { bundle, path } = found.value;
  const text = await withContents(showPackage(bundle), { path, stores: c.get("services").stores });
  return json(c, typeof text === "string" ? text : textStreamOf(text));
}

async function write(c: AppContext): Promise<Response> {
  const asked = await entityPutOf(c, {
    key: () => packageKey(c.get("identity"), entityKeyOf(c)),
    put: (text, { path }) => parsePackagePut(text, { own: path }),
  });
  return answer(c, asked.ok ? await putPackage(catalogOf(c), asked.value) : asked, showPackage);
}

async function remove(c: AppContext): Promise<Response> {
  const force = flag(c, "force");
  if (!force.ok) return respond(c, force);
  const key = ownKeyOf(c);
  const gone = key.ok ? await deletePackage(catalogOf(c), { key: key.value, force: force.value }) : key;
  return answer(c, gone, showPackage);
}
