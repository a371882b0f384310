// Hands a sequence or conductor over to its Composition object, which runs it step by step and answers for its id.

import type { ActivationMeta } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";
import { argsKey } from "../entities/blob-keys.ts";
import type { Identity } from "../entities/identity.ts";
import type { RawJson } from "../entities/raw-json.ts";
import { seal } from "../entities/sealing.ts";
import { fail } from "../errors.ts";
import type { CompositionPlan, CompositionRun } from "../protocol/composition.ts";
import type { InvocationContext } from "./ports.ts";
import { payloadOf } from "./prepare.ts";
import { outOfReach, retry } from "./retry.ts";
import type { Submitted } from "./submit.ts";

interface Ports extends Pick<InvocationContext, "now" | "after" | "ailing" | "composition" | "masterSecret" | "warn"> {
  blobs: Pick<InvocationContext["blobs"], "put">;
}

/** A sequence or conductor that somebody calls. */
export interface Composing {
  id: ActivationId;
  about: ActivationMeta;
  plan: CompositionPlan;
  payload: RawJson;
  identity: Identity;
  apiHost: string;
  /** ms the caller waits; 0 = not at all. */
  waitMs: number;
}

/** The object is idempotent by id: whoever does not hear its answer asks again. */
export async function compose(ports: Ports, composing: Composing): Promise<Submitted> {
  const { id, about, plan, payload, identity, apiHost, waitMs } = composing;
  const until = ports.now() + waitMs;
  const { key, ...rest } = identity;
  const run: CompositionRun = {
    id,
    about,
    plan,
    args: await payloadOf(ports, payload, { key: argsKey(about.namespaceId, id), owner: about }),
    onBehalf: {
      identity: rest,
      sealedKey: rest.derived ? "" : await seal(ports.masterSecret, "handed-on-key", key),
      apiHost,
    },
  };
  const left = () => Math.max(0, until - ports.now());
  const reply = await retry({ ports, id, waitMs: left }, () => ports.composition(run).run(run, { waitMs: left() }));
  if (reply === undefined) return outOfReach(ports);
  if (reply.kind === "full") return fail("backlog-full");
  return reply.kind === "done" ? { ok: true, kind: "done", record: reply.record } : { ok: true, kind: "accepted" };
}
