// Every answer of the API is made here, once, with its transaction id and CORS headers: no middleware touches it again.

import type { AppContext } from "./context.ts";

export const CORS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent",
  "Access-Control-Allow-Methods": "GET, DELETE, POST, PUT, HEAD",
};

export const REQUEST_ID = "X-Request-ID";

export interface ReplyOptions {
  status?: number;
  headers?: Readonly<Record<string, string>>;
}

/** A JSON answer from its text, or from a stream of that text. */
export function json(c: AppContext, text: string | ReadableStream, options: ReplyOptions = {}): Response {
  return reply(c, text, { ...options, headers: { "Content-Type": "application/json", ...options.headers } });
}

/** A short text for people. */
export function plain(c: AppContext, text: string): Response {
  return reply(c, text, { headers: { "Content-Type": "text/plain; charset=UTF-8" } });
}

/** Any answer; `headers` win over the common ones. */
export function reply(c: AppContext, body: BodyInit | null, options: ReplyOptions = {}): Response {
  const headers = { ...CORS, [REQUEST_ID]: c.get("transactionId"), ...options.headers };
  return new Response(body, { status: options.status ?? 200, headers });
}
