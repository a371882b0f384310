// How much the platform logs, and its lines: one JSON object each, with the transaction id where there is one, and
// without what may be a secret. Pure; src/log.ts and the host's logger write them.

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type PlatformLogLevel = (typeof LOG_LEVELS)[number];

/** Characters of a path that are logged. */
const MAX_PATH = 500;
/** The same of any other text. */
const MAX_TEXT = 2_000;
/** A secret that is shorter is not looked for: it would be found where it is none. */
const LEAST_SECRET = 8;
const HIDDEN = "…";

/** Whether a line of this level is written where `least` is asked for. */
export function reaches(level: PlatformLogLevel, least: PlatformLogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

/** What makes no sense is as if it was absent: warnings are not lost by a typing error. */
export function logLevelOf(text: string | undefined): PlatformLogLevel {
  return text !== undefined && isLogLevel(text) ? text : "warn";
}

export function isLogLevel(text: string): text is PlatformLogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

/** A field cannot have the name of what each line has anyway. Absent and undefined is the same. */
export type LineFields = Readonly<
  Record<string, string | number | boolean | null | undefined | readonly string[]> & {
    [name in "time" | "level" | "event"]?: never;
  }
>;

/** `event`: what has happened, in words with hyphens between them. `at`: epoch ms. `secrets`:
 * values that are written nowhere. */
export function platformLine(
  { level, event, at }: { level: PlatformLogLevel; event: string; at: number },
  fields: LineFields,
  secrets: readonly string[] = [],
): string {
  const shown = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shownValue(value, secrets)]));
  return JSON.stringify({ time: new Date(at).toISOString(), level, event, ...shown });
}

function shownValue(value: LineFields[string], secrets: readonly string[]): unknown {
  if (typeof value === "string") return scrubbed(value, secrets);
  return Array.isArray(value) ? value.map((each: string) => scrubbed(each, secrets)) : value;
}

/** What opens something, wherever an error or a caller has put it: keys, tokens of hosts and administrators,
 * credentials of a header, what stands in an address beside its host. */
const OPENING: readonly [RegExp, string][] = [
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)(?:[^\s/?#"'<>@]*@)?([^\s/?#"'<>]+)[/?#][^\s"'<>]+/gi, `$1$2/${HIDDEN}`],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>@]+@/gi, "$1"],
  [/(\/api\/v1\/webhooks\/)[A-Za-z0-9_-]+/g, `$1${HIDDEN}`],
  [/\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(~[\w-]*)?:[\w-]{64}/gi, `$1:${HIDDEN}`],
  [/\bewh\.([\w.-]+)\.[\w-]{43}/g, `ewh.$1.${HIDDEN}`],
  [/\bewa\.[\w-]{40,}/g, `ewa.${HIDDEN}`],
  [/\bwhsec_[A-Za-z0-9+/=]+/g, `whsec_${HIDDEN}`],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
];

/** A text as it may stand in a log: bounded, and without what opens anything. */
export function scrubbed(text: string, secrets: readonly string[] = []): string {
  let shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}${HIDDEN}` : text;
  for (const secret of secrets) if (secret.length >= LEAST_SECRET) shown = shown.replaceAll(secret, HIDDEN);
  for (const [pattern, instead] of OPENING) shown = shown.replace(pattern, instead);
  return shown.toWellFormed();
}

/** What an error says. A failed query names its values, which may be secrets: of an error with a cause only the cause's
 * words are told. */
export function faultText(thrown: unknown): string {
  const error = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const inner = error instanceof AggregateError ? ` (${error.errors.map(String).join("; ")})` : "";
  return `${String(error)}${inner}`;
}

/** `path`: without its query, and without what opens anything. A type and not an interface, so that it is fields. */
export type RequestLine = {
  transactionId: string;
  method: string;
  path: string;
  status: number;
  ms: number;
  /** Of whoever asked; absent where no key was needed. */
  namespace?: string;
};

export function requestFields({ path, ...rest }: RequestLine): LineFields {
  return { ...rest, path: path.slice(0, MAX_PATH) };
}
