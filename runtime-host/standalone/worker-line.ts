// A line of the Worker's log as people read it in a terminal: what is JSON of ours becomes a sentence, the rest stays as it is.

import { z } from "zod";

const Request = z.looseObject({
  event: z.literal("request"),
  transactionId: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.number(),
  ms: z.number(),
  namespace: z.string().optional(),
});
const Failure = z.looseObject({
  transactionId: z.string(),
  path: z.string(),
  error: z.string(),
  at: z.array(z.string()),
});

export function workerLine({ level, message }: { level: string; message: string }): string {
  const value = message.startsWith("{") ? parsed(message) : undefined;
  const request = Request.safeParse(value);
  if (request.success) {
    const { method, path, status, ms, namespace, transactionId } = request.data;
    return `${method} ${path} ${status}, ${ms} ms${namespace === undefined ? "" : `, ${namespace}`} (${transactionId})`;
  }
  const failure = Failure.safeParse(value);
  if (!failure.success) return `worker ${level}: ${message}`;
  const { path, error, at, transactionId } = failure.data;
  return [`worker ${level}: ${path}: ${error} (${transactionId})`, ...at.map((frame) => `  ${frame}`)].join("\n");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
