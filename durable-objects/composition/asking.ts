// Asks for one step until its outcome is known: the Worker starts it, or says how it stands with what was started
// before; then its store is waited on. Asking twice starts nothing twice.

import type { ActivationRecord } from "../../src/entities/activation.ts";
import { limitedTo } from "../../src/entities/identity.ts";
import { errorMember } from "../../src/entities/outcome.ts";
import type { StepReply, StepRequest } from "../../src/protocol/composition.ts";
import { ANSWER_WITHIN_MS, within } from "../shared/deadline.ts";
import { pause } from "../shared/retry.ts";
import type { CompositionPorts } from "./ports.ts";
import type { Held } from "./run-store.ts";
import type { CompositionStep, StepEnd, StepEvent, StepRefusal } from "./state.ts";

/** ms beyond its action's timeout after which a step is not waited for any more. */
const GRACE_MS = 60_000;
/** ms of one question. */
const WAIT_MS = 30_000;
/** ms between two tries where there is no room just now, and for how long it is tried. */
const ROOM_PAUSE_MS = 1_000;
const ROOM_FOR_MS = 60_000;

const ABSENT: ReadonlySet<string> = new Set(["not-found", "wrong-collection", "no-such-provider"]);
const FORBIDDEN: ReadonlySet<string> = new Set([
  "not-authorized",
  "kind-not-authorized",
  "lacks-right",
  "out-of-scope",
]);

type Failure = Extract<StepReply, { kind: "refused" }>["failure"];
export type Nested = Extract<StepReply, { kind: "nested" }>;

/** `since`: from when its time counts, epoch ms. Throws if neither Worker nor store could be reached. */
export async function outcomeOf(
  ports: CompositionPorts,
  held: Held,
  { step, since }: { step: CompositionStep; since: number },
): Promise<StepEvent | Nested> {
  const left = (timeout: number): number => since + timeout + GRACE_MS - ports.now();
  for (;;) {
    const request = requestOf(held, step, Math.min(WAIT_MS, left(ports.longest)));
    const reply = await within(ports.after, request.waitMs + ANSWER_WITHIN_MS, ports.step(request));
    if (reply.kind === "done") return endOf(reply.record);
    if (reply.kind === "nested") return reply;
    if (reply.kind === "accepted") return settled(ports, step, () => left(reply.limits.timeout));
    const { failure } = reply;
    if (!failure.retryable || ports.now() >= since + ROOM_FOR_MS)
      return { kind: "refused", reason: reasonOf(failure), text: failure.text };
    await pause(ports, ROOM_PAUSE_MS);
  }
}

async function settled(ports: CompositionPorts, { id }: CompositionStep, left: () => number): Promise<StepEvent> {
  for (;;) {
    const ms = Math.max(1, Math.min(WAIT_MS, left()));
    const { record } = await within(ports.after, ms + ANSWER_WITHIN_MS, ports.store().await(id, { ms }));
    if (record !== null) return endOf(record);
    if (left() <= 0) return { kind: "late", id };
  }
}

function requestOf(held: Held, step: CompositionStep, waitMs: number): StepRequest {
  const { id, action, role, payload } = step;
  const { frame, transactionId } = held;
  const identity = limitedTo(held.onBehalf.identity, frame.progress);
  const onBehalf = { ...held.onBehalf, identity };
  return { id, cause: frame.id, onBehalf, transactionId, action, role, payload, waitMs: Math.max(1, waitMs) };
}

function endOf({ activationId, statusCode, result, duration, annotations }: ActivationRecord): StepEnd {
  const failed = statusCode !== 0 || ("inline" in result && errorMember(result.inline) !== undefined);
  return { kind: "ended", id: activationId, statusCode, result, failed, duration, memory: memoryIn(annotations) };
}

/** MB, as the record's limits say. */
function memoryIn(annotations: string): number {
  const list = JSON.parse(annotations) as { key: string; value: { memory?: number } | undefined }[];
  return list.find((each) => each.key === "limits")?.value?.memory ?? 0;
}

function reasonOf({ code }: Failure): StepRefusal {
  if (ABSENT.has(code)) return "absent";
  return FORBIDDEN.has(code) ? "forbidden" : "failed";
}
