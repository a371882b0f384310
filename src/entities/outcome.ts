// How a run ended, as OpenWhisk counts it, and how a container's answer is classed. Pure; used by host, Worker and objects.

import { membersOf, type RawJson, shapeOf } from "./raw-json.ts";

/** 0 success, 1 application error, 2 action developer error, 3 whisk internal error. */
export type StatusCode = 0 | 1 | 2 | 3;

export const STATUS_TEXT: Record<StatusCode, string> = {
  0: "success",
  1: "application error",
  2: "action developer error",
  3: "whisk internal error",
};

export interface Outcome {
  statusCode: StatusCode;
  result: RawJson;
}

export function success(result: RawJson): Outcome {
  return { statusCode: 0, result };
}

/** An outcome whose result is `{"error": <value>}`; `value` is raw JSON or, as `text`, a plain sentence. */
export function failure(statusCode: 1 | 2 | 3, error: { raw: RawJson } | { text: string }): Outcome {
  const value = "raw" in error ? error.raw : JSON.stringify(error.text);
  return { statusCode, result: `{"error":${value}}` };
}

export function internalError(text: string): Outcome {
  return failure(3, { text });
}

/** The `error` member of the text of a JSON value, last one winning, or undefined where there is none. */
export function errorMember(text: RawJson): RawJson | undefined {
  if (shapeOf(text) !== "object") return undefined;
  return membersOf(text)?.findLast((member) => member.key === "error")?.value;
}
