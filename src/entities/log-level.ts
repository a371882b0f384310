// How much the platform logs, and the line of a request: one JSON object, with its transaction id and without what may be a secret.

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type PlatformLogLevel = (typeof LOG_LEVELS)[number];

/** Characters of a path that are logged. */
const MAX_PATH = 500;

/** Whether a line of this level is written where `least` is asked for. */
export function reaches(level: PlatformLogLevel, least: PlatformLogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

/** `path`: without its query, and without what opens anything. */
export interface RequestLine {
  transactionId: string;
  method: string;
  path: string;
  status: number;
  ms: number;
  /** Of whoever asked; absent where no key was needed. */
  namespace?: string;
}

export function requestLine(request: RequestLine): string {
  const { path, ...rest } = request;
  return JSON.stringify({ level: "info", event: "request", ...rest, path: path.slice(0, MAX_PATH) });
}
