// Runs an action of kind `builtin` in the Worker itself. Its record is written before anybody hears the id, so that
// there is nothing to answer for afterwards.

import { feedRefusal } from "../catalog/feed-refusal.ts";
import { type Completion, completionOf, recordOf } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";
import { byteLength } from "../entities/byte-length.ts";
import { MAX_INLINE, MAX_RESULT } from "../entities/limits.ts";
import { ABNORMAL, failure, type Outcome, outcomeOfRun } from "../entities/outcome.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { fail } from "../errors.ts";
import type { Invocation } from "../protocol/invocation.ts";
import type { Builtin, BuiltinContext } from "./builtin.ts";
import type { InvocationContext } from "./ports.ts";
import { outOfReach, retry } from "./retry.ts";
import type { Submitted } from "./submit.ts";

interface Ports extends Pick<InvocationContext, "now" | "after" | "ailing" | "warn"> {
  storeOf(
    activation: Parameters<InvocationContext["storeOf"]>[0],
  ): Pick<ReturnType<InvocationContext["storeOf"]>, "complete">;
  blobs: Pick<InvocationContext["blobs"], "put">;
}

/** A call of an action that the Worker serves itself. `apiHost`: scheme and host the caller used, or "". */
export interface BuiltinCall {
  id: ActivationId;
  about: Invocation["about"];
  args: RawJson;
  apiHost: string;
  caller: BuiltinContext["caller"];
  callerWith?: BuiltinContext["callerWith"];
}

/** Runs the built-in action at the call's path and writes its record. Fails with "not-found" if there is none,
 * and where it is a feed that is called for a trigger that is not the caller's to write. */
export async function runBuiltin(
  context: Ports & Pick<InvocationContext, "builtin">,
  call: BuiltinCall,
): Promise<Submitted> {
  const run = context.builtin(call.about.path);
  if (run === undefined) return fail("not-found");
  return feedRefusal(call.caller, call.args) ?? runHandler(context, run, call);
}

/** Runs this function as the action of the call. What it throws becomes the record's error; what it takes counts as
 * duration. */
export async function runHandler(ports: Ports, run: Builtin, call: BuiltinCall): Promise<Submitted> {
  const { id, about } = call;
  const started = ports.now();
  const outcome = await outcomeOf(ports, run, call);
  const duration = ports.now() - started;
  const completion: Completion = {
    ...completionOf(outcome, { engine: "builtin", ran: true }),
    duration,
    size: byteLength(outcome.result),
    timedOut: duration >= about.limits.timeout,
  };
  if (completion.size > MAX_INLINE) {
    const blob = `results/${id}/1`;
    await ports.blobs.put(blob, outcome.result, about);
    completion.result = { blob, size: completion.size };
  }
  const finished = { id, attempt: 1, lease: { epoch: 0, counter: 0 }, about, completion };
  const stored = await retry({ ports, id }, async () => {
    await ports.storeOf({ id, about }).complete([finished], { scheduler: "builtin", epoch: 0 });
    return true;
  });
  if (stored === undefined) return outOfReach(ports);
  return { ok: true, kind: "done", record: recordOf(id, about, { completion, now: ports.now() }) };
}

async function outcomeOf(
  ports: Ports,
  run: Builtin,
  { id, about, args, apiHost, caller, callerWith }: BuiltinCall,
): Promise<Outcome> {
  const { timeout } = about.limits;
  const late = Promise.withResolvers<Outcome>();
  const cancel = ports.after(timeout, () => late.resolve(ABNORMAL.timeout(timeout)));
  const context = {
    ...{ namespace: about.namespace, caller, activationId: id, apiHost, now: ports.now() },
    ...(callerWith === undefined ? {} : { callerWith }),
  };
  try {
    return await Promise.race([answer(run, args, context), late.promise]);
  } catch (cause) {
    ports.warn?.(`the built-in action ${about.path} failed: ${String(cause)}`);
    return failure(3, { text: "The built-in action failed." });
  } finally {
    cancel();
  }
}

async function answer(run: Builtin, args: RawJson, context: BuiltinContext): Promise<Outcome> {
  const body = await run(args, context);
  const length = byteLength(body);
  if (length <= MAX_RESULT) return outcomeOfRun({ status: 200, body });
  return outcomeOfRun({ status: 200, body: body.slice(0, MAX_RESULT), cut: { length, max: MAX_RESULT } });
}
