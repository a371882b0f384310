// From a name to what a call needs: the action, what its package and a binding give it, and whether the caller may call
// it. Remembered per isolate under the epochs of all namespaces that were read.

import { distinct, packageOf } from "../catalog/components.ts";
import { openPackage } from "../catalog/open-package.ts";
import { readAction } from "../entities/action-document.ts";
import { scopeFault } from "../entities/permission.ts";
import type { Scope } from "../entities/scope.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { EntityKey } from "../storage/entity-store.ts";
import { EpochCache, type EpochOf, type EpochStamp } from "./epoch-cache.ts";
import type { InvocationContext } from "./ports.ts";
import { type ResolvedAction, resolvedActionOf } from "./resolved-action.ts";

/** Whose rights count. */
export interface CallerEpoch {
  namespace: string;
  /** The names he may use; absent: all. */
  scope?: Scope | undefined;
  /** Of that namespace, taken before this call. */
  epoch: number;
}

type Finding = Pick<InvocationContext, "entities" | "lease" | "counts">;

interface Read {
  callable: ResolvedAction;
  /** Of each namespace that was read. */
  stamps: readonly EpochStamp[];
  /** Characters of the documents behind it. */
  size: number;
  /** Not to be remembered. */
  unsettled: boolean;
}

/** Finds actions by name, through packages and bindings, and remembers them under the epochs of all namespaces that
 * were read. */
export class ActionResolver {
  readonly #found = new EpochCache<ResolvedAction>({ maxEntries: 10_000, maxSize: 16 * 1024 * 1024 });
  /** Names of the caller's own namespace that mean nothing: a rule may go on asking for one. */
  readonly #absent = new EpochCache<true>({ maxEntries: 1_000 });

  /** The action behind a name, for a caller who may invoke it. Fails with `out-of-scope` for a name that is not his to
   * use, before anything of it is looked at. */
  async find(context: Finding, key: EntityKey, caller: CallerEpoch): Promise<Result<ResolvedAction>> {
    const beyond = scopeFault({ scope: caller.scope, own: caller.namespace }, key);
    if (beyond !== null) return beyond;
    // All foreigners may do the same.
    const mark = rootOf(key) === caller.namespace ? "" : "/";
    const path = `${mark}${key.path}/${key.name}`;
    const epochs = epochsFor(context, caller);
    const known = await this.#found.find(path, epochs);
    context.counts?.looked(known !== undefined);
    if (known !== undefined) return ok(known);
    if (mark !== "") {
      // Whoever asks for what is not there, or not for him, makes no object and leaves nothing here.
      const refused = await refusal(context, key, caller);
      if (refused !== null) return refused;
    }
    const isOwn = key.path === caller.namespace;
    if (isOwn && (await this.#absent.find(path, epochs)) === true) return fail("not-found");
    const read = await this.#read(context, key, caller);
    if (read.ok) {
      if (!read.value.unsettled) this.#found.set(path, read.value.callable, read.value);
      return ok(read.value.callable);
    }
    if (isOwn && read.code === "not-found") {
      this.#absent.set(path, true, { stamps: [[caller.namespace, caller.epoch]] });
    }
    return read;
  }

  /** Why the caller may not call one of these, or null. That one of them is not there is found when its turn comes. */
  async refusalOf(context: Finding, keys: readonly EntityKey[], caller: CallerEpoch): Promise<Failure | null> {
    const refusals = await Promise.all(
      distinct(keys).map(async (key) => {
        const found = await this.find(context, key, caller);
        if (found.ok) return null;
        return found.code === "not-found" ? refusal(context, key, caller) : found;
      }),
    );
    return refusals.find((each) => each !== null) ?? null;
  }

  async #read(context: Finding, key: EntityKey, caller: CallerEpoch): Promise<Result<Read>> {
    const epochs = new Map([[caller.namespace, caller.epoch]]);
    const stamps = new Map<string, number>();
    /** A lease must be older than the reads it covers. */
    const before = async (namespace: string) => {
      if (!epochs.has(namespace)) epochs.set(namespace, (await context.lease(namespace)).epoch);
      stamps.set(namespace, epochs.get(namespace) ?? 0);
    };
    const bundle = packageOf(key);
    const opened =
      bundle === null ? null : await openPackage(context.entities, { caller: caller.namespace, key: bundle, before });
    if (opened !== null && !opened.ok) return opened;
    const path = opened?.value.path ?? key.path;
    await before(rootOf({ path }));
    const stored = await context.entities.get({ path, name: key.name });
    if (stored === null) return fail("not-found");
    if (stored.type !== "action") return fail("wrong-collection");
    const action = readAction(stored.document);
    if (action === null) return fail("corrupted");
    const callable = resolvedActionOf(action, {
      key,
      revision: stored.revision,
      bundle: opened?.value ?? null,
      caller: caller.namespace,
    });
    if (callable === null) return fail("corrupted");
    const size = stored.document.length + (opened?.value.stored.document.length ?? 0);
    return ok({ callable, stamps: [...stamps], size, unsettled: stored.unsettled === true });
  }
}

/** The caller's epoch is the one his request was let in under. */
function epochsFor(context: Finding, caller: CallerEpoch): EpochOf {
  return (namespace) => {
    if (namespace === caller.namespace) return caller.epoch;
    const lease = context.lease(namespace);
    return "then" in lease ? lease.then(({ epoch }) => epoch) : lease.epoch;
  };
}

async function refusal(context: Finding, key: EntityKey, { namespace }: CallerEpoch): Promise<Failure | null> {
  const bundle = packageOf(key);
  if (bundle === null) return key.path === namespace ? null : fail("not-authorized", `${key.path}/${key.name}`);
  const opened = await openPackage(context.entities, { caller: namespace, key: bundle });
  return opened.ok ? null : opened;
}

function rootOf({ path }: { path: string }): string {
  return path.split("/", 1)[0] ?? path;
}
