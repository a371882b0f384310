// How a record comes to its meta, and under which name lists find it.

import type { ActivationMeta, Completion, Payload } from "./activation.ts";
import { byteLength } from "./byte-length.ts";
import type { RecordMeta, RunBy } from "./record-meta.ts";

/** Of the record that these make; `start` is its own. */
export function metaOf(
  about: ActivationMeta,
  options: { completion: Completion; start: number; by?: RunBy; waitReason?: string | undefined },
): RecordMeta {
  const { completion, start, by, waitReason = "" } = options;
  const { ran, host, initTime, duration, logs } = completion;
  const { keyId, permitMs, actionRevision, trigger, rule, source, stepRefused } = about;
  const init = Math.round(initTime ?? 0);
  return {
    ...{ v: 1, nsId: about.namespaceId, listName: listNameOf(about), kind: about.kind },
    ...(keyId === undefined ? {} : { keyId }),
    acceptedAt: about.acceptedAt,
    ...(permitMs === undefined ? {} : { permitMs }),
    ...(ran ? { waitMs: Math.max(0, start - about.acceptedAt) } : {}),
    ...(waitReason === "" ? {} : { waitReason }),
    ...(by === undefined || by.scheduler === "" ? {} : by),
    ...(host === undefined ? {} : { host }),
    start: startOf(about, completion),
    ...(initTime === undefined ? {} : { initMs: init }),
    ...(ran ? { runMs: Math.max(0, Math.round(duration) - init) } : {}),
    logBytes: logs === undefined ? 0 : bytesOf(logs),
    ...(actionRevision === undefined ? {} : { actionRevision }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(rule === undefined ? {} : { rule }),
    ...(source === undefined ? {} : { source }),
    ...(stepRefused === undefined ? {} : { stepRefused }),
    traceId: about.transactionId,
    memoryMb: about.limits.memory,
  };
}

/** A composition has no container of its own. */
function startOf({ topmost }: ActivationMeta, { ran, initTime, prewarmed }: Completion): RecordMeta["start"] {
  if (!ran || topmost !== undefined) return "none";
  if (initTime === undefined) return "warm";
  return prewarmed === true ? "prewarmed" : "cold";
}

/** Of a fired trigger. */
export function triggerMetaOf(about: TriggerAbout, logs: Payload): RecordMeta {
  return {
    ...{ v: 1, nsId: about.namespaceId, listName: about.name, kind: "trigger", acceptedAt: about.acceptedAt },
    ...(about.keyId === undefined ? {} : { keyId: about.keyId }),
    ...{ start: "none", logBytes: bytesOf(logs), traceId: about.transactionId },
  };
}

export type TriggerAbout = Pick<ActivationMeta, "namespaceId" | "name" | "acceptedAt" | "keyId" | "transactionId">;

/** What a list's name filter is compared with: `name`, or `package/name` for packaged actions, where the package is the
 * binding's if the call came through one. */
export function listNameOf(about: Pick<ActivationMeta, "binding" | "name" | "path">): string {
  const through = about.binding?.split("/")[1];
  if (through !== undefined) return `${through}/${about.name}`;
  const path = about.path.split("/");
  return path.length === 3 ? `${path[1]}/${about.name}` : about.name;
}

function bytesOf(payload: Payload): number {
  return "inline" in payload ? byteLength(payload.inline) : payload.size;
}
