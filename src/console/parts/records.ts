// Records of activations as the API shows them.

import { type Asked, ask, ownPath } from "./api.ts";
import type { KeyValue } from "./entities.ts";

export interface ListedActivation {
  activationId: string;
  name: string;
  version?: string;
  start: number;
  end?: number;
  duration?: number;
  /** 0 success, 1 application error, 2 developer error, 3 internal error. */
  statusCode?: number;
  annotations?: KeyValue[];
}

export interface ShownRecord extends ListedActivation {
  namespace: string;
  subject: string;
  cause?: string;
  logs: string[];
  response: { status: string; success: boolean; result: unknown };
  annotations: KeyValue[];
}

export const STATUS = ["success", "application error", "action developer error", "whisk internal error"] as const;

const PAUSE_MS = 150;
/** An ended activation's record is there within moments. */
const MAX_TRIES = 40;

export function annotationOf({ annotations }: Pick<ListedActivation, "annotations">, key: string): unknown {
  return annotations?.find((each) => each.key === key)?.value;
}

/** `name` or `package/name`, as the record's path has it. */
export function actionPartsOf(record: ListedActivation): string[] {
  const path = annotationOf(record, "path");
  if (typeof path !== "string") return [record.name];
  const [, ...parts] = path.split("/");
  return parts.length === 0 ? [record.name] : parts;
}

export function recordFor(id: string, signal?: AbortSignal): Promise<Asked<ShownRecord>> {
  return ask<ShownRecord>(ownPath("activations", id), signal === undefined ? {} : { signal });
}

/** The record of a run that has just ended. */
export async function recordSoon(id: string, signal: AbortSignal): Promise<Asked<ShownRecord>> {
  for (let tries = 1; ; tries++) {
    const answer = await recordFor(id, signal);
    const isMissing = !answer.ok && answer.fault.status === 404;
    if (!isMissing || tries === MAX_TRIES || signal.aborted) return answer;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * Math.min(tries, 10)));
  }
}
