// PUT of an action, from body to stored revision. The order of the checks is the one clients know from OpenWhisk.

import { componentOf, componentsFault } from "../../catalog/components.ts";
import { stampOf } from "../../catalog/stamp.ts";
import { hostFault } from "../../catalog/wishes.ts";
import type { Action } from "../../entities/action.ts";
import { documentOf, readAction, summaryOf } from "../../entities/action-document.ts";
import { type ActionPut, newAction, parseActionPut, updatedAction } from "../../entities/action-put.ts";
import { byteLength } from "../../entities/byte-length.ts";
import { deprecationOf, type ExecRequest, execOf, parseExec, type RunnableKinds } from "../../entities/exec.ts";
import type { Identity } from "../../entities/identity.ts";
import { askedRights } from "../../entities/key-annotation.ts";
import { boundsFor, instancesFault, limitFault, parametersFault } from "../../entities/limit-values.ts";
import { MAX_CODE } from "../../entities/limits.ts";
import { isAbove } from "../../entities/rights.ts";
import { runnableKinds } from "../../entities/runtimes.ts";
import { type Failure, fail, ok, type Result } from "../../errors.ts";
import { patienceWith } from "../body.ts";
import { catalogOf } from "../catalog.ts";
import { readActionBody } from "../code/action-body.ts";
import type { LiftedCode } from "../code/code-sink.ts";
import { isWhole } from "../code/stored-code.ts";
import type { AppContext } from "../context.ts";
import { lateRefusal } from "../still-good.ts";
import type { WritePlace } from "./action-place.ts";

interface Wanted {
  put: ActionPut;
  exec: ExecRequest | null;
  code: LiftedCode | null;
}

export interface Written {
  action: Action;
  /** The code's bytes, where they are at hand. */
  held: readonly Uint8Array[] | null;
}

export async function putAction(
  c: AppContext,
  { key, package: container, overwrite }: WritePlace & { overwrite: boolean },
): Promise<Result<Written>> {
  const services = c.get("services");
  const { entities } = services.stores;
  const wanted = await read(c);
  if (!wanted.ok) return wanted;
  const { put, exec, code } = wanted.value;
  const fault = sizeFault(wanted.value, c.get("identity")) ?? permissionFault(c, wanted.value);
  if (fault !== null) return fault;
  const stored = await entities.get(key);
  if (stored !== null && stored.type !== "action") return fail("wrong-collection");
  // What is built in is replaced by what somebody makes, and is there as if it had been stored for who updates it.
  const before = stored?.builtIn === true && !overwrite ? null : stored;
  if (before !== null && !overwrite) return fail("already-exists");
  const old = before === null ? null : readAction(before.document);
  // What cannot be read any more is replaced by a whole one.
  if (before !== null && old === null && exec === null) return fail("corrupted");
  const components = exec?.components?.map(componentOf);
  const caller = c.get("identity").namespace.name;
  const refused =
    refusal(c, wanted.value, old) ??
    (components === undefined ? null : await componentsFault(entities, { caller, key, components }));
  if (refused !== null) return refused;
  const stamp = stampOf(catalogOf(c));
  const made = exec === null ? undefined : execOf(exec, exec.code ? await storedCode(c, code, old) : undefined);
  const action =
    old === null
      ? newAction(put, { ...key, exec: made as NonNullable<typeof made>, bounds: c.get("settings").bounds, ...stamp })
      : updatedAction(old, put, { exec: made, ...stamp });
  const unfit = services.settings.hostsMayCome ? null : hostFault(action, await services.schedulers(laterOf(c)));
  if (unfit !== null) return unfit;
  if (isAbove(askedRights(action.annotations) ?? "use", stamp.writtenWith)) return fail("beyond-own-rights");
  const blobs = "code" in action.exec && action.exec.code !== undefined ? [action.exec.code.key] : [];
  const entity = {
    ...key,
    updated: stamp.updated,
    revision: stamp.revision,
    type: "action" as const,
    document: documentOf(action),
    summary: summaryOf(action),
    blobs,
  };
  const options = {
    expected: stored?.revision ?? null,
    ...(container === undefined ? {} : { package: container }),
  };
  const result = await services.withWrite(caller, () => entities.put(entity, options));
  if (result.kind === "conflict") return fail("concurrent-modification");
  return ok({ action, held: exec?.code === true ? (code?.held ?? null) : null });
}

async function read(c: AppContext): Promise<Result<Wanted>> {
  const { stores } = c.get("services");
  const began = Date.now();
  const body = await readActionBody(c.req.raw, stores, patienceWith(c));
  if (!body.ok) return body;
  const late = await lateRefusal(c, began);
  if (late !== null) return late;
  const { text, code } = body.value;
  const put = parseActionPut(text);
  if (!put.ok) return put;
  if (put.value.exec === undefined) return ok({ put: put.value, exec: null, code: null });
  const exec = parseExec(put.value.exec, {
    code,
    offer: await offerOf(c),
    own: c.get("identity").namespace.name,
  });
  return exec.ok ? ok({ put: put.value, exec: exec.value, code }) : exec;
}

/** What the hosts can run; everything while none has ever reported. */
async function offerOf(c: AppContext): Promise<RunnableKinds> {
  const services = c.get("services");
  const later = laterOf(c);
  const [kinds, entries] = await Promise.all([services.runnableKinds(later), services.schedulers(later)]);
  return { kinds: runnableKinds(kinds), blackbox: entries.length === 0 || entries.some((entry) => entry.blackbox) };
}

function laterOf(c: AppContext): (work: Promise<unknown>) => void {
  return (work) => c.executionCtx.waitUntil(work);
}

function sizeFault({ put, exec, code }: Wanted, { limits }: Identity): Failure | null {
  const size = (code?.size ?? 0) + byteLength(exec?.main ?? "");
  if (size > MAX_CODE) return fail("too-large", `exec larger than allowed: ${size} > ${MAX_CODE} bytes.`);
  return parametersFault(put, limits);
}

function permissionFault(c: AppContext, { put, exec }: Wanted): Failure | null {
  const { limits } = c.get("identity");
  const outOfBounds = limitFault(put.limits, boundsFor(limits, c.get("settings").bounds));
  if (outOfBounds !== null) return outOfBounds;
  const allowed = limits.allowedKinds ?? [];
  if (exec === null || allowed.length === 0 || allowed.includes(exec.kind)) return null;
  return fail("kind-not-authorized", exec.kind);
}

function refusal(c: AppContext, { put, exec }: Wanted, old: Action | null): Failure | null {
  const { throttle, throttleDefaults } = c.get("settings");
  const own = c.get("identity").limits.concurrentInvocations;
  const concurrent = own ?? (throttle ? (throttleDefaults.concurrentInvocations ?? null) : null);
  const tooMany = instancesFault(put.limits, concurrent);
  if (tooMany !== null) return tooMany;
  if (exec !== null) return null;
  return old === null ? fail("bad-request", "exec undefined") : deprecationOf(old.exec.kind);
}

/** The same code again keeps its place in the blob store, if it is whole there. Long code has been put anew by now. */
async function storedCode(c: AppContext, code: LiftedCode | null, old: Action | null) {
  const before = old !== null && "code" in old.exec ? old.exec.code : undefined;
  const same = before !== undefined && before.hash === code?.hash && code.held !== null;
  return same && (await isWhole(c.get("services").stores.blobs, before)) ? before : code?.store();
}
