// The answer of a web action on its way out: CORS, the activation's id, and what a browser can take.

import { type Failure, fail } from "../../errors.ts";
import { accepts } from "../accept.ts";
import type { AppContext } from "../context.ts";
import { quotaHeaders, STATUS } from "../errors.ts";
import { CORS, REQUEST_ID } from "../reply.ts";
import type { WebAnswer } from "./answer.ts";

export interface Manners {
  /** False: the action speaks for itself about CORS. */
  cors: boolean;
  activationId?: string;
}

const METHODS = "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH";
/** Characters of the caller's own wish that are said again. */
const MAX_ECHO = 4_096;
/** About the connection, not the answer: the server's own. */
const CONNECTION = new Set(["connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "trailer"]);
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);
/** What the platform can send. */
const MIN_STATUS = 200;
const MAX_STATUS = 599;

/** What the action answered, if the caller takes it and it can be sent. */
export function pageOf(c: AppContext, answer: WebAnswer, manners: Manners): Response {
  const type = answer.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  if (type !== undefined && answer.body !== null && !accepts(c, type)) {
    return refusalOf(c, fail("not-acceptable", type), manners);
  }
  if (answer.status >= MIN_STATUS && answer.status <= MAX_STATUS) {
    try {
      return send(c, answer, manners);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
    }
  }
  return refusalOf(c, fail("bad-request", "Response is not valid 'message/http'."), manners);
}

/** Throws a TypeError if a header cannot be sent. */
export function send(c: AppContext, { status, headers: given, body }: WebAnswer, manners: Manners): Response {
  const headers = new Headers();
  for (const [name, value] of given) if (!CONNECTION.has(name.toLowerCase())) headers.append(name, value);
  headers.set(REQUEST_ID, c.get("transactionId"));
  if (manners.activationId !== undefined) headers.set("X-OpenWhisk-Activation-Id", manners.activationId);
  if (manners.cors) {
    const asked = c.req.raw.headers.get("Access-Control-Request-Headers");
    headers.set("Access-Control-Allow-Origin", "*");
    headers.set("Access-Control-Allow-Methods", METHODS);
    const wanted = asked === null || asked.length > MAX_ECHO ? CORS["Access-Control-Allow-Headers"] : asked;
    headers.set("Access-Control-Allow-Headers", wanted ?? "");
  }
  const empty = BODILESS.has(status) || c.req.method === "HEAD";
  // An action that says its body is compressed has compressed it.
  const encodeBody = headers.has("Content-Encoding") ? "manual" : "automatic";
  return new Response(empty ? null : body, { status, headers, encodeBody });
}

export function refusalOf(c: AppContext, failure: Failure & { status?: number }, manners: Manners): Response {
  const body = JSON.stringify({ error: failure.text, code: c.get("transactionId") });
  const headers: [string, string][] = [["Content-Type", "application/json"], ...Object.entries(quotaHeaders(failure))];
  return send(c, { status: failure.status ?? STATUS[failure.code], headers, body }, manners);
}
