// A line of the Worker's log, or of the runtime host's, as people read it in a terminal: what is JSON of ours becomes a
// sentence, the rest stays as it is.

import * as z from "zod";

const Line = z.looseObject({
  level: z.enum(["debug", "info", "warn", "error"]),
  event: z.string(),
  transactionId: z.string().optional(),
});
type Line = z.infer<typeof Line>;

const Request = z.looseObject({
  method: z.string(),
  path: z.string(),
  status: z.number(),
  ms: z.number(),
  namespace: z.string().optional(),
});
const Failure = z.looseObject({ path: z.string(), error: z.string(), at: z.array(z.string()) });
const Told = z.looseObject({ object: z.string(), text: z.string() });

/** Fields that are no news in a terminal, or stand in the sentence. */
const NO_DETAIL = new Set(["time", "level", "event", "transactionId", "host", "text", "reason"]);

/** `level`: what the console's method says, of what is no JSON of ours. */
export function workerLine(printed: { level: string; message: string }): string {
  return workerLines(printed).map(visible).join("\n");
}

/** What would begin a line, move the cursor or turn the direction of a text: paths, names and reasons are a user's. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function visible(text: string): string {
  return text.replaceAll(UNSEEN, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function workerLines({ level, message }: { level: string; message: string }): string[] {
  const line = lineOf(message);
  // What workerd says by itself may have several lines: none of them passes for another's.
  if (line === null)
    return `worker ${level}: ${message}`.split("\n").map((each, at) => (at === 0 ? each : `  ${each}`));
  const request = line.event === "request" ? Request.safeParse(line) : undefined;
  if (request?.success) {
    const { method, path, status, ms, namespace } = request.data;
    const whose = namespace === undefined ? "" : `, ${namespace}`;
    return [`${method} ${path} ${status}, ${ms} ms${whose}${transactionOf(line)}`];
  }
  const failure = Failure.safeParse(line);
  if (failure.success) {
    const { path, error, at } = failure.data;
    return [`worker ${line.level}: ${path}: ${error}${transactionOf(line)}`, ...at.map((frame) => `  ${frame}`)];
  }
  const told = line.event === "object" ? Told.safeParse(line) : undefined;
  if (told?.success) return [`worker ${line.level}: ${told.data.object}: ${told.data.text}${transactionOf(line)}`];
  return [sentence("worker", line)];
}

export function hostLine(message: string): string {
  const line = lineOf(message);
  return visible(line === null ? `host: ${message}` : sentence("host", line));
}

function sentence(from: string, line: Line): string {
  const { text, reason } = line;
  const words = [text, reason].filter((each) => typeof each === "string" && each !== "").join(": ");
  const details = Object.entries(line).flatMap(([name, value]) =>
    NO_DETAIL.has(name) || value === null
      ? []
      : [`${name} ${typeof value === "string" ? value : JSON.stringify(value)}`],
  );
  const told = [line.event.replaceAll(/[-.]/g, " "), ...(words === "" ? [] : [words])].join(": ");
  return `${from} ${line.level}: ${told}${details.length === 0 ? "" : ` [${details.join(", ")}]`}${transactionOf(line)}`;
}

function transactionOf({ transactionId }: Line): string {
  return transactionId === undefined ? "" : ` (${transactionId})`;
}

function lineOf(text: string): Line | null {
  if (!text.startsWith("{")) return null;
  try {
    return Line.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
