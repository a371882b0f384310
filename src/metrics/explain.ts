// What became of an activation, step by step: assembled from what its record and its store carry anyway. Of one that
// waits, for what, and what would help. Pure.

import type { ActivationRecord } from "../entities/activation.ts";
import { isDamaged } from "../entities/kept-record.ts";
import { STATUS_TEXT } from "../entities/outcome.ts";
import type { RecordMeta } from "../entities/record-meta.ts";
import { StoredMeta } from "../entities/stored-meta.ts";

/** `at`: epoch ms, where it is known. */
export interface ExplainedStep {
  what: string;
  at?: number;
  /** How long it took. */
  ms?: number;
  text: string;
}

export interface Explanation {
  activationId: string;
  state: "ended" | "waiting" | "running";
  steps: ExplainedStep[];
  /** What its container cost: its time, and that times its memory. Absent where none ran. */
  cost?: { containerMs: number; mbSeconds: number };
  /** Of one that waits. */
  waitsFor?: string;
  helps?: string;
}

/** What its store says of where the record is. */
export interface StoredWhere {
  state: string;
  since?: number;
  shelves: readonly string[];
  lacking: readonly string[];
}

const SHELF: Readonly<Record<string, string>> = { d1: "the database (D1)", r2: "a segment (R2)" };

export function explainEnded(record: ActivationRecord, where: StoredWhere): Explanation {
  const { activationId, start, end, duration } = record;
  if (isDamaged(record)) return { activationId, state: "ended", steps: [DAMAGED, storedStep(record, where)] };
  // An imported record may have anything in it.
  const meta = StoredMeta.safeParse(record.meta).success ? record.meta : undefined;
  const steps = meta === undefined ? [] : beforeRun(meta, start);
  if (meta === undefined) steps.push({ what: "recorded", text: record.meta === undefined ? EARLIER : STRANGE });
  const ran = meta === undefined || meta.runMs !== undefined;
  if (meta?.initMs !== undefined)
    steps.push({ what: "initialised", at: start, ms: meta.initMs, text: "the container was given the action's code" });
  if (ran && end > 0) {
    const at = start + (meta?.initMs ?? 0);
    steps.push({ what: "ran", at, ms: meta?.runMs ?? duration, text: "the action ran" });
  }
  const ended = end > 0 ? end : start;
  if (meta?.stepRefused !== undefined)
    steps.push({ what: "refused", text: `a step of it was not started: ${meta.stepRefused}` });
  steps.push({ what: "ended", at: ended, text: endText(record, meta) });
  if (meta !== undefined && meta.logBytes > 2)
    steps.push({ what: "logged", at: ended, text: `${meta.logBytes} bytes of log lines were collected` });
  steps.push(storedStep(record, where));
  const cost = meta === undefined ? undefined : costOf(meta);
  return { activationId, state: "ended", steps, ...(cost === undefined ? {} : { cost }) };
}

const EARLIER = "its record is from before more was kept of a run than clients see";
const STRANGE =
  "what its record has beyond what clients see is not as this platform writes it: nothing of that is told";

const DAMAGED: ExplainedStep = {
  what: "damaged",
  text: "it has ended, and its record was altered where it lay: nothing of it is told, since nothing of it can be trusted",
};

function storedStep(record: ActivationRecord, where: StoredWhere): ExplainedStep {
  const { since } = where;
  return { what: "stored", ...(since === undefined ? {} : { at: since }), text: storedText(record, where) };
}

export function explainOpen(
  activationId: string,
  open: { acceptedAt?: number; waiting?: { since: number; reason: string }; now: number },
): Explanation {
  const { acceptedAt, waiting, now } = open;
  const since = waiting?.since ?? acceptedAt;
  const steps: ExplainedStep[] =
    since === undefined ? [] : [{ what: "accepted", at: since, text: "its row was written, so that it is not lost" }];
  if (waiting === undefined) {
    steps.push({ what: "runs", text: "a host has it, or its rules are being served; its record is made when it ends" });
    return { activationId, state: "running", steps };
  }
  const { reason } = waiting;
  steps.push({ what: "waits", at: waiting.since, ms: Math.max(0, now - waiting.since), text: reason });
  return { activationId, state: "waiting", steps, waitsFor: reason, helps: helpFor(reason) };
}

const HELP: readonly [RegExp, string][] = [
  [
    /no runtime host is connected/,
    "Start a host, or look why it does not come in: edgewhisk status, edgewhisk doctor.",
  ],
  [/label/, "Start a host with these labels (--labels), or take them from the action's annotations."],
  [/ MB, and no /, "Give a host more memory (--memory), or the action a lower memory limit."],
  [
    /can run \S+$|has no runtime|no black box/,
    "A host needs that runtime: npm run images there, or another kind for the action.",
  ],
  [/unhealthy/, "The host's operator sees what is wrong: edgewhisk hosts show."],
  [/draining/, "The host takes new work again with edgewhisk hosts undrain."],
  [/busy/, "It starts by itself when a run ends; more hosts or more memory (--memory) would let it start sooner."],
];

/** What would let it start. `reason`: as it waits for. */
export function helpFor(reason: string): string {
  return HELP.find(([pattern]) => pattern.test(reason))?.[1] ?? "It is offered to hosts again by itself.";
}

function beforeRun(meta: RecordMeta, start: number): ExplainedStep[] {
  const { acceptedAt, permitMs, waitMs, waitReason, host, attempt = 1 } = meta;
  const steps: ExplainedStep[] = [{ what: "accepted", at: acceptedAt, text: acceptedText(meta) }];
  if (permitMs !== undefined)
    steps.push({ what: "permitted", at: acceptedAt, ms: permitMs, text: "the namespace's limits had room for it" });
  if (waitMs !== undefined && waitReason !== undefined)
    steps.push({ what: "waited", at: acceptedAt, ms: waitMs, text: `it waited in its store: ${waitReason}` });
  else if (waitMs !== undefined)
    steps.push({
      what: "waited",
      at: acceptedAt,
      ms: waitMs,
      text: "from its acceptance to its start, without a queue",
    });
  if (host !== undefined) {
    const again = attempt > 1 ? `; this was attempt ${attempt}` : "";
    steps.push({ what: "placed", at: start, text: `on host ${host}, ${whyThere(meta)}${again}` });
  }
  if (meta.start !== "none") steps.push({ what: meta.start, at: start, text: START[meta.start] });
  return steps;
}

const START = {
  cold: "a cold start: no container of this action was free, so one was made and initialised",
  prewarmed: "a prewarmed start: a container that was made ahead was initialised for it",
  warm: "a warm start: the container of an earlier run was free",
} as const;

function whyThere({ start, waitReason }: RecordMeta): string {
  if (waitReason !== undefined) return "which had room first";
  return start === "warm"
    ? "where warm containers of this action are"
    : "which the action is sent to first, or which had room";
}

function acceptedText({ source, trigger, rule, keyId }: RecordMeta): string {
  if (rule !== undefined) return `by rule ${rule} of trigger ${trigger ?? "?"}`;
  if (source === "sequence" || source === "conductor") return `as a step of a ${source}`;
  if (source === "web") return "as a web action";
  return keyId === undefined ? "in the name of the namespace itself" : "over the API";
}

function endText({ statusCode }: ActivationRecord, meta: RecordMeta | undefined): string {
  const nothing = meta !== undefined && meta.start === "none" && meta.kind !== "trigger" && meta.kind !== "sequence";
  return nothing && statusCode !== 0 ? `${STATUS_TEXT[statusCode]}: it was not run` : STATUS_TEXT[statusCode];
}

function storedText({ imported }: ActivationRecord, { state, shelves, lacking }: StoredWhere): string {
  const names = (list: readonly string[]) => list.map((shelf) => SHELF[shelf] ?? shelf).join(" and ");
  const came = imported === undefined ? "" : `it came from an export at ${new Date(imported).toISOString()}; `;
  if (state === "unstored") return "storing is off: it is kept for a minute";
  const parts = [
    ...(state === "here" ? ["its object"] : []),
    ...(shelves.length === 0 ? [] : [names(shelves)]),
    ...(state === "none" && shelves.length === 0 ? ["where records of its age are"] : []),
  ];
  const rest = lacking.length === 0 ? "" : `; on its way to ${names(lacking)}`;
  return `${came}in ${parts.join(" and ")}${rest}`;
}

function costOf({ runMs, initMs = 0, memoryMb = 0, start }: RecordMeta): Explanation["cost"] {
  if (runMs === undefined || start === "none") return undefined;
  const containerMs = runMs + initMs;
  return { containerMs, mbSeconds: Math.round((containerMs * memoryMb) / 10) / 100 };
}
