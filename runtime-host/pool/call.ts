// A job that waits for its container, or has one.

import { runtimeOf, shareText } from "../../src/protocol/matching.ts";
import type { Job, RunListener } from "../container/contract.ts";
import type { Waiter } from "./pool-state.ts";

/** A job with what the pool notes of it. */
export interface PoolCall extends Waiter {
  readonly job: Job;
  readonly listener: RunListener;
  /** Containers it has been turned away from. */
  tries: number;
  code: Promise<Buffer> | null;
}

/** The containers a job may run in. */
export function shareOf(job: Job): Pick<Waiter, "key" | "runtime" | "memory"> {
  const { memory } = job.limits;
  return { key: shareText({ ...job, memory }), runtime: runtimeOf(job), memory };
}

/** Its code begins to come, once. It is awaited at /init; until then a failure is nobody's. */
export function loadCode(call: PoolCall): void {
  if (call.code !== null || call.job.code === undefined) return;
  call.code = call.job.code.load();
  call.code.catch(() => undefined);
}

/** The job as it begins to wait, now. */
export function callOf(job: Job, listener: RunListener): PoolCall {
  return {
    ...shareOf(job),
    since: performance.now(),
    job,
    listener,
    tries: 0,
    code: null,
  };
}
