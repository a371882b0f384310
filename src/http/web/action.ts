// Which action a web request means, and in whose name it runs.

import { nameFault, namespaceFault } from "../../entities/names.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { ActionResolver } from "../../invocation/resolve.ts";
import type { ResolvedAction, WebExport } from "../../invocation/resolved-action.ts";
import { authorOf } from "../author.ts";
import type { AppContext } from "../context.ts";
import type { EpochIdentity, Identities } from "../identities.ts";
import type { WebTarget } from "./path.ts";

/** What is remembered between requests. */
export interface WebParts {
  actions: ActionResolver;
  identities: Identities;
}

export interface WebAction {
  owner: EpochIdentity;
  action: ResolvedAction;
  web: WebExport;
}

/** Fails with `not-found` for whatever is no web action, so that nobody learns what else is there; with
 * `not-authorized` where the namespace may not run it itself. */
export async function webActionOf(
  c: AppContext,
  target: WebTarget,
  { actions, identities }: WebParts,
): Promise<Result<WebAction>> {
  const { namespace, package: bundle, action: name } = target;
  const fault = namespaceFault(namespace) ?? nameFault(name) ?? (bundle === null ? null : nameFault(bundle));
  if (fault !== null) return fail("not-found");
  const services = c.get("services");
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const owner = await identities.ofNamespace(services, namespace, later);
  if (owner === null) return fail("not-found");
  const path = bundle === null ? namespace : `${namespace}/${bundle}`;
  const caller = { namespace, epoch: owner.epoch };
  const found = await actions.find(
    services.context(later, () => authorOf(c)),
    { path, name },
    caller,
  );
  if (!found.ok) return found.code === "not-authorized" ? found : fail("not-found");
  const { web } = found.value;
  return web === null ? fail("not-found") : ok({ owner, action: found.value, web });
}
