// /namespaces/{ns}/packages/{name}: create, update, read, delete, list.

import { deletePackage, getPackage, listPackages, packageKey, putPackage } from "../../catalog/packages.ts";
import { showPackage } from "../../entities/package.ts";
import { parsePackagePut } from "../../entities/package-put.ts";
import { described } from "../api/operations.ts";
import { catalogOf } from "../catalog.ts";
import type { App, AppContext } from "../context.ts";
import { entityPutOf } from "../entity-put.ts";
import { answer, respond } from "../errors.ts";
import { listing, packageListing } from "../listing.ts";
import { methodNotAllowed } from "../method.ts";
import { anyNamespaceOf, entityKeyOf, ownKeyOf } from "../namespace.ts";
import { flag, paging } from "../query.ts";

const COLLECTION = "/api/v1/namespaces/:ns/packages";

export function packageRoutes(app: App): void {
  for (const path of [COLLECTION, `${COLLECTION}/`]) app.get(path, described("listPackages", list));
  app.all(COLLECTION, methodNotAllowed("GET"));
  const one = `${COLLECTION}/:name`;
  app.get(one, described("getPackage", read));
  app.put(one, described("putPackage", write));
  app.delete(one, described("deletePackage", remove));
  app.all(one, methodNotAllowed("GET, PUT, DELETE"));
}

async function list(c: AppContext): Promise<Response> {
  const namespace = anyNamespaceOf(c);
  if (!namespace.ok) return respond(c, namespace);
  const page = paging(c, "packages");
  if (!page.ok) return respond(c, page);
  const asked = { namespace: namespace.value, page: page.value };
  return listing(c, "packages", await listPackages(catalogOf(c), asked));
}

async function read(c: AppContext): Promise<Response> {
  const found = await getPackage(catalogOf(c), entityKeyOf(c));
  return found.ok ? packageListing(c, found.value) : respond(c, found);
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
