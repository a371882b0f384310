// An action is written: from what is asked for to the stored revision.
// The order of the checks is the one clients know from OpenWhisk.

import type { Action } from "../entities/action.ts";
import { documentOf, readAction, summaryOf } from "../entities/action-document.ts";
import { type ActionPut, newAction, updatedAction } from "../entities/action-put.ts";
import { byteLength } from "../entities/byte-length.ts";
import { deprecationOf, type ExecRequest, execOf, parseExec, type RunnableKinds } from "../entities/exec.ts";
import type { Identity } from "../entities/identity.ts";
import { askedRights } from "../entities/key-annotation.ts";
import { boundsFor, instancesFault, limitFault, parametersFault } from "../entities/limit-values.ts";
import { MAX_CODE } from "../entities/limits.ts";
import { isAbove } from "../entities/rights.ts";
import { MANIFEST, runnableKinds } from "../entities/runtimes.ts";
import { throttleOf } from "../entities/throttle.ts";
import { type Failure, fail, ok, type Result } from "../errors.ts";
import type { NewEntity } from "../storage/entity-store.ts";
import type { WritePlace } from "./action-place.ts";
import type { LiftedCode } from "./code/code-sink.ts";
import { isWhole } from "./code/stored-code.ts";
import { componentOf, componentsFault } from "./components.ts";
import type { ActionContext } from "./context.ts";
import { stampOf } from "./stamp.ts";
import { hostFault } from "./wishes.ts";

/** What is asked for: an action, here or in a package, with the code that belongs to it. */
export interface WantedAction {
  place: WritePlace;
  put: ActionPut;
  /** The code lifted out of `put`; null: there was none. */
  code: LiftedCode | null;
  overwrite: boolean;
  /** Only this version is replaced; absent: any. */
  onlyVersion?: string;
}

/** The action as it is stored now. */
export interface WrittenAction {
  action: Action;
  /** The code's bytes, where they are at hand. */
  held: readonly Uint8Array[] | null;
}

interface Wanted {
  put: ActionPut;
  /** Null: the put names none. */
  exec: ExecRequest | null;
  code: LiftedCode | null;
}

/** Fails where what is asked for is malformed, too large, out of bounds, of a kind the namespace may not have, or more
 * than hosts and rights allow; with `already-exists` without `overwrite`; with `concurrent-modification`. */
export async function putAction(context: ActionContext, asked: WantedAction): Promise<Result<WrittenAction>> {
  const { caller, entities } = context;
  const { key, package: container } = asked.place;
  const wanted = await withExec(context, asked);
  if (!wanted.ok) return wanted;
  const { put, exec, code } = wanted.value;
  const fault = sizeFault(wanted.value, caller) ?? permissionFault(context, wanted.value);
  if (fault !== null) return fault;
  const stored = await entities.get(key);
  if (stored !== null && stored.type !== "action") return fail("wrong-collection");
  // What is built in is replaced by what somebody makes, and is there as if it had been stored for who updates it.
  const before = stored?.builtIn === true && !asked.overwrite ? null : stored;
  if (before !== null && !asked.overwrite) return fail("already-exists");
  const old = before === null ? null : readAction(before.document);
  if (asked.onlyVersion !== undefined && old?.version !== asked.onlyVersion) return fail("concurrent-modification");
  // What cannot be read any more is replaced by a whole one.
  if (before !== null && old === null && exec === null) return fail("corrupted");
  const components = componentsOf(exec, old, caller)?.map(componentOf);
  const refused =
    refusal(context, wanted.value, old) ??
    (components === undefined
      ? null
      : await componentsFault(entities, { caller: caller.namespace.name, scope: caller.scope, key, components }));
  if (refused !== null) return refused;
  const stamp = stampOf(context);
  const made = exec === null ? undefined : execOf(exec, exec.code ? await storedCode(context, code, old) : undefined);
  const action =
    old === null
      ? newAction(put, { ...key, exec: made as NonNullable<typeof made>, bounds: context.bounds, ...stamp })
      : updatedAction(old, put, { exec: made, ...stamp });
  const unfit = context.hostsMayCome ? null : hostFault(action, await context.schedulers());
  if (unfit !== null) return unfit;
  if (isAbove(askedRights(action.annotations) ?? "use", stamp.writtenWith)) return fail("beyond-own-rights");
  const options = {
    expected: stored?.revision ?? null,
    ...(container === undefined ? {} : { package: container }),
  };
  const result = await context.withWrite(caller.namespace.name, () => entities.put(actionEntity(action), options));
  if (result.kind === "conflict") return fail("concurrent-modification");
  return ok({ action, held: exec?.code === true ? (code?.held ?? null) : null });
}

/** Those to be looked at: new ones; and old ones, where whoever writes the action next to
 * them may not use all names. */
function componentsOf(
  exec: ExecRequest | null,
  old: Action | null,
  { scope }: Identity,
): readonly string[] | undefined {
  if (exec !== null) return exec.components;
  return scope !== undefined && old !== null && "components" in old.exec ? old.exec.components : undefined;
}

/** What is to run is read last: it asks what the hosts can. */
async function withExec(context: ActionContext, { put, code }: WantedAction): Promise<Result<Wanted>> {
  if (put.exec === undefined) return ok({ put, exec: null, code: null });
  const offer = await offerOf(context);
  const exec = parseExec(put.exec, { code, offer, own: context.caller.namespace.name });
  return exec.ok ? ok({ put, exec: exec.value, code }) : exec;
}

/** What the hosts can run; everything while none has ever reported, or where others may come. */
async function offerOf(context: ActionContext): Promise<RunnableKinds> {
  const [kinds, entries] = await Promise.all([context.runnableKinds(), context.schedulers()]);
  const blackbox = context.hostsMayCome || entries.length === 0 || entries.some((entry) => entry.blackbox);
  return { kinds: runnableKinds(kinds), later: context.hostsMayCome ? MANIFEST : [], blackbox };
}

function sizeFault({ put, exec, code }: Wanted, { limits }: Identity): Failure | null {
  const size = (code?.size ?? 0) + byteLength(exec?.main ?? "");
  if (size > MAX_CODE) return fail("too-large", `exec larger than allowed: ${size} > ${MAX_CODE} bytes.`);
  return parametersFault(put, limits);
}

function permissionFault({ caller, bounds }: ActionContext, { put, exec }: Wanted): Failure | null {
  const { limits } = caller;
  const outOfBounds = limitFault(put.limits, boundsFor(limits, bounds));
  if (outOfBounds !== null) return outOfBounds;
  const allowed = limits.allowedKinds ?? [];
  if (exec === null || allowed.length === 0 || allowed.includes(exec.kind)) return null;
  return fail("kind-not-authorized", exec.kind);
}

function refusal({ caller, throttle }: ActionContext, { put, exec }: Wanted, old: Action | null): Failure | null {
  const concurrent = throttleOf(caller, throttle)?.concurrentInvocations ?? null;
  const tooMany = instancesFault(put.limits, concurrent);
  if (tooMany !== null) return tooMany;
  if (exec !== null) return null;
  return old === null ? fail("bad-request", "exec undefined") : deprecationOf(old.exec.kind);
}

/** The same code again keeps its place in the blob store, if it is whole there. Long code has been put anew by now. */
async function storedCode({ blobs }: ActionContext, code: LiftedCode | null, old: Action | null) {
  const before = old !== null && "code" in old.exec ? old.exec.code : undefined;
  const same = before !== undefined && before.hash === code?.hash && code.held !== null;
  return same && (await isWhole(blobs, before)) ? before : code?.store();
}

function actionEntity(action: Action): NewEntity {
  return {
    path: action.namespace,
    name: action.name,
    type: "action",
    revision: action.revision,
    updated: action.updated,
    document: documentOf(action),
    summary: summaryOf(action),
    blobs: "code" in action.exec && action.exec.code !== undefined ? [action.exec.code.key] : [],
  };
}
