// The seam between the run controller (which speaks to schedulers) and the containers (which run things). The run
// controller hands a Job over and is told, through one listener, when it was answered and when its logs are whole.
// Nothing else crosses.

import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { ActionLimits } from "../../src/entities/limits.ts";
import type { Outcome } from "../../src/entities/outcome.ts";
import type { RawJson } from "../../src/entities/raw-json.ts";
import type { IdleContainers, RuntimeReport, SecurityReport } from "../../src/protocol/messages.ts";
import type { PoolSizes } from "./pool-sizes.ts";

/** One run. Bodies for /init and /run are made of it by bodies.ts,
 * because deadlines are known only when they are sent. */
export interface Job {
  readonly id: ActivationId;
  readonly attempt: number;
  /** Warm containers are reused for the same (namespaceId, path, revision) only. */
  readonly namespaceId: string;
  /** `ns/name` or `ns/package/name` of the provider. */
  readonly path: string;
  readonly revision: string;
  readonly kind: string;
  /** Black box actions name their image. */
  readonly image?: string;
  readonly main?: string;
  /** The code is base64 text of an archive or executable. */
  readonly binary: boolean;
  /** Absent for images that carry their own code. */
  readonly code?: CodeSource;
  readonly limits: ActionLimits;
  /** Text of a JSON object or array: the /run body's `value`, byte for byte. */
  readonly args: RawJson;
  /** What /run gets beside `value` and `deadline`, by its lower-case names; /init gets the same as `__OW_<UPPER>`.
   * Holds the credential under `api_key`: never logged. */
  readonly context: Readonly<Record<string, string>>;
  /** Further environment values for /init (init parameters, already stringified). */
  readonly initEnv: Readonly<Record<string, string>>;
  /** Bytes /run may answer with, and bytes echoed of a longer answer; absent = the system's. */
  readonly answerBounds?: { readonly max: number; readonly truncation: number };
}

/** Code by content. `load` may be called by several cold starts at once (the cache fetches once); rejects when it
 * cannot be had, which ends the run as a whisk internal error. */
export interface CodeSource {
  readonly hash: string;
  readonly size: number;
  /** Rejects with CodeDamaged where it makes no sense to ask again. */
  load(): Promise<Buffer>;
}

/** What the store has under the code's name is nothing, or not the code. */
export class CodeDamaged extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "CodeDamaged";
  }
}

/** /run was answered, or will never be: the caller is released and the run's memory counts as free. */
export interface Answer {
  readonly outcome: Outcome;
  /** ms: init + run for a cold start, run alone for a warm one. */
  readonly duration: number;
  /** ms; absent on warm runs. */
  readonly initTime?: number;
  /** The container had been made ahead. */
  readonly prewarmed?: true;
  readonly timedOut: boolean;
  /** False if no container ever ran for this job (nothing was sent to /init or /run). */
  readonly ran: boolean;
  /** performance.now() when the run ended. */
  readonly endedAt: number;
}

export interface Logs {
  /** JSON array of lines in the format "<RFC3339 time padded to 30> stdout|stderr: text", limit and failure notices
   * (8.18,
   * 8.19) included; the run controller appends only the line that developer errors get (4.29).
   * "[]" where the limit is 0. */
  readonly lines: RawJson;
  /** Bytes of output left out because of the action's limit. */
  readonly cut?: number;
}

/** The output of a run while it runs. */
export interface LiveLogs {
  /** Lines from place `from` on, as JSON texts with commas between, and the place of the next; null if there are none.
   * Of a line longer than `max` bytes only the beginning is given. */
  read(from: number, max: number): { text: string; next: number } | null;
  /** Told once when there is more, or it is over. */
  onMore: (() => void) | null;
}

/** One object for all jobs, so that a call allocates no closures. For each job exactly one of: `refused`, or `answered`
 * followed by `collected` (in the same turn where logs are whole already). May be
 * called before `run` has returned. */
export interface RunListener {
  /** Output begins to be collected; again, if the job goes to another container. */
  opened?(job: Job, live: LiveLogs): void;
  answered(job: Job, answer: Answer): void;
  collected(job: Job, logs: Logs): void;
  /** Not started and will not be. "busy": no memory for it, "unsupported": no such kind or image here. */
  refused(job: Job, reason: "busy" | "unsupported" | "draining"): void;
}

/** What became of a container that was to be made ahead of a call. `have`: MB that were free. */
export type Prepared = { there: true } | { there: false; have: number; reason: string };

export interface Containers {
  /** Which engine it became: "docker" or "process". */
  readonly engine: string;
  /** Whether black box images can run here. */
  readonly blackbox: boolean;
  /** MB for running activations, all scheduler shards together. */
  readonly memory: number;
  /** Must not throw: what goes wrong is an Answer (4.12-4.17). Restarting on a container's 503 (4.19)
   * happens inside. */
  run(job: Job, listener: RunListener): void;
  /** A call like this job is about to come: makes a container and gives it the action, if there is room within
   * `waitMs`. Nothing runs. Never rejects. */
  prepare?(job: Job, options: { waitMs: number }): Promise<Prepared>;
  runtimes(): RuntimeReport[];
  /** Why nothing should be sent here (engine gone, disk full), or null. `changed` (options)
   * is called when it changes. */
  unhealthy(): string | null;
  readonly security?: SecurityReport;
  /** What does not work here though the rest does (images cannot be pulled), or null. */
  impaired?(): string | null;
  /** Numbers for status pages and logs. */
  stats(): { running: number; warm: number; prewarmed: number; paused: number; memoryUsed: number };
  /** The same in more detail, and what has happened. */
  sizes?(): PoolSizes;
  /** Containers that run nothing, equal ones together. */
  idle?(): { items: IdleContainers[]; more: boolean };
  /** Removes every container. What runs ends as a whisk internal error; `fast` = by force,
   * for when the parent has died. */
  stop(options: { fast: boolean }): Promise<void>;
}
