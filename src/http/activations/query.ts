// Which activations are asked for: one by its id, or a list by name and time.

import { type ActivationId, isActivationId, shardOf } from "../../entities/activation-id.ts";
import { isName } from "../../entities/names.ts";
import { type Failure, fail, ok, type Result } from "../../errors.ts";
import type { ActivationQuery } from "../../protocol/rpc.ts";
import type { AppContext } from "../context.ts";
import { ownNamespaceOf } from "../namespace.ts";
import { flag, INTEGER, malformed, paging, printable, type Query } from "../query.ts";

const ID_LENGTH = 32;
/** What is skipped is looked at, by its key: so much of it in about a second. */
const MAX_SKIP = 200_000;

/** The id in the path, if it is one that can be in this namespace. */
export function activationIdOf(c: AppContext): Result<ActivationId> {
  const namespace = ownNamespaceOf(c);
  if (!namespace.ok) return namespace;
  const id = c.req.param("id") ?? "";
  if (id.length !== ID_LENGTH) {
    return fail("bad-request", `Activation id length is ${id.length} but must be ${ID_LENGTH}.`);
  }
  if (!isActivationId(id)) return fail("bad-request", "The activation id is not valid.");
  return shardOf(id) >= c.get("services").settings.shards ? fail("not-found") : ok(id);
}

/** Of the caller's own namespace. `docs`: whole records; `count`: how many there are instead.
 * `since` and `upto` in epoch ms. */
export function activationQueryOf(c: AppContext): Result<ActivationQuery & { docs: boolean; count: boolean }> {
  const namespace = ownNamespaceOf(c);
  if (!namespace.ok) return namespace;
  const page = paging(c, "activations");
  if (!page.ok) return page;
  const docs = flag(c, "docs");
  if (!docs.ok) return docs;
  const name = nameFilterOf(c.req.query("name"));
  if (!name.ok) return name;
  const since = instantOf(c, "since");
  if (!since.ok) return since;
  const upto = instantOf(c, "upto");
  if (!upto.ok) return upto;
  if (docs.value && page.value.count) {
    return fail("bad-request", "The parameter 'docs' is not permitted with 'count'.");
  }
  if (page.value.skip > MAX_SKIP && !page.value.count) {
    return malformed(
      "skip",
      `The value '${page.value.skip}' is more than ${MAX_SKIP}: go on with 'cursor', or by 'upto'.`,
    );
  }
  return ok({
    ...page.value,
    docs: docs.value,
    ...(name.value === undefined ? {} : { name: name.value }),
    ...(since.value === undefined ? {} : { since: since.value }),
    ...(upto.value === undefined ? {} : { upto: upto.value }),
  });
}

/** `name` or `package/name`; undefined where there is none. */
export function nameFilterOf(given = ""): Result<string | undefined> {
  if (given.trim() === "") return ok(undefined);
  const parts = given.split("/").filter((part) => part !== "");
  if ((parts.length === 1 || parts.length === 2) && parts.every(isName)) return ok(parts.join("/"));
  const reason = "Parameter may be a 'simple' name or 'package-name/simple' name:";
  return malformed("name", `${reason} ${printable(given)}`);
}

export function instantOf(c: Query, name: string): Result<number | undefined> {
  const given = c.req.query(name);
  if (given === undefined || given === "") return ok(undefined);
  if (INTEGER.test(given)) return ok(Number(given));
  return malformed(name, `Parameter is not a valid value for epoch seconds: ${printable(given)}`);
}

/** Of what upstream has not: a time that ends before it begins is a mistake. */
export function reversed(since: number, upto: number): Failure {
  return malformed("since", `'${since}' is after 'upto', '${upto}'.`);
}
