// How a run ended, as OpenWhisk counts it, and how a container's answer is classed. Pure; used by host,
// Worker and objects.

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

/** What came back over HTTP from a container. `cut`: the body is only the beginning of one
 * that was `length` bytes long. */
export interface ContainerAnswer {
  status: number;
  body: string;
  cut?: { length: number; max: number };
}

/** How an answer to /run counts. The result keeps its bytes; an error is reduced to its `error` member. */
export function outcomeOfRun(answer: ContainerAnswer): Outcome {
  const { status, body, cut } = answer;
  if (cut !== undefined) return failure(1, { text: tooLong(body, cut) });
  const value = parsed(body);
  if (typeof value !== "object" || value === null) return failure(2, { text: invalidRun(body) });
  const error = Array.isArray(value) || !Object.hasOwn(value, "error") ? undefined : errorMember(body);
  if (status === 200) return error === undefined ? success(body.trim()) : failure(1, { raw: error });
  return failure(2, error === undefined ? { text: invalidRun(body) } : { raw: error });
}

/** How an answer other than 200 to /init counts. */
export function outcomeOfInit(answer: ContainerAnswer): Outcome {
  const { body, cut } = answer;
  if (cut !== undefined) return failure(2, { text: tooLong(body, cut) });
  const value = parsed(body);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const error = isObject ? errorMember(body) : undefined;
  return failure(
    2,
    error === undefined ? { text: withBody("The action failed during initialization", body) } : { raw: error },
  );
}

/** Runs that ended without an answer. */
export const ABNORMAL = {
  init: () => failure(2, { text: "The action did not initialize and exited unexpectedly." }),
  run: () => failure(2, { text: "The action did not produce a valid response and exited unexpectedly." }),
  memory: () => failure(2, { text: "The action exhausted its memory and was aborted." }),
  disk: () => failure(2, { text: "The action used more disk than it may and was aborted." }),
  timeout: (ms: number) => failure(2, { text: `The action exceeded its time limits of ${ms} milliseconds.` }),
  initTimeout: (ms: number) =>
    failure(2, { text: `The action exceeded its time limits of ${ms} milliseconds during initialization.` }),
  pull: (image: string) => failure(2, { text: `Failed to pull container image '${image}'.` }),
  command: (image: string) => failure(2, { text: `executable file not found in image ${image}` }),
  provision: () => failure(3, { text: "Failed to provision resources to run the action." }),
  code: () => failure(3, { text: "Action could not be fetched." }),
  codeDamaged: (path: string) =>
    failure(3, {
      text: `Action could not be fetched. The code of '/${path}' is missing from the store, or damaged there: update the action with its code.`,
    }),
  barred: () => failure(1, { text: "The action was not invoked due to a blacklisted namespace." }),
} as const;

/** Last log line of a run that ended as a developer error. */
export const DEVELOPER_ERROR_LOG = "The action did not initialize or run as expected. Log data might be missing.";

function invalidRun(body: string): string {
  return withBody("The action did not produce a valid JSON or JSON Array response", body);
}

function withBody(text: string, body: string): string {
  return body === "" ? `${text}.` : `${text}: ${body}`;
}

function tooLong(prefix: string, cut: { length: number; max: number }): string {
  const { length, max } = cut;
  return `The action produced a response that exceeded the allowed length: ${length} > ${max} bytes. The truncated response was: ${prefix}`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
