// One request to an address that a user gave.

import { type IpRange, isReachable, readHost } from "./address.ts";

/** ms until the whole answer must be there. */
export const OUTBOUND_MS = 10_000;
/** Bytes of an answer that are read; the rest is left. */
export const OUTBOUND_READ = 64 * 1024;
/** Requests of one namespace at a time. */
export const OUTBOUND_AT_ONCE = 6;
const MAX_URL = 2_048;
const MAX_HEADERS = 32;
const MAX_HEADER_VALUE = 4_096;
const HEADERS =
  /^(accept|authorization|content-encoding|content-type|idempotency-key|user-agent|x-api-key|x-hub-signature(-256)?|(ce|webhook|x-edgewhisk)-[a-z0-9-]{1,40})$/;
/** Names that never lead outside, however they are looked up. */
const INNER = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|invalid|test|onion)$/;

export interface OutboundCall {
  url: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Lower case; others than those of the list are refused. */
  headers: Readonly<Record<string, string>>;
  body?: string | Uint8Array<ArrayBuffer>;
}

/** `text`: the answer's beginning; `retryAfter`: its header of this name, as it came. `permanent`: another try would
 * fail the same way. */
export type OutboundReply =
  | { ok: true; status: number; text: string; retryAfter: string | null }
  | { ok: false; reason: string; permanent: boolean };

export interface OutboundOptions {
  /** Not public and reached all the same. */
  allowed: readonly IpRange[];
  /** Hosts that are ourselves. */
  own: readonly string[];
  /** Of the platform. */
  fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/** Of one isolate or object. */
export class Outbound {
  readonly #options: OutboundOptions;
  readonly #busy = new Map<string, number>();

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /** In the name of a namespace, by its permanent id. Never rejects. */
  async call(namespaceId: string, call: OutboundCall): Promise<OutboundReply> {
    const fault = urlFault(call.url, this.#options) ?? headerFault(call.headers);
    if (fault !== null) return { ok: false, reason: fault, permanent: true };
    const busy = this.#busy.get(namespaceId) ?? 0;
    if (busy >= OUTBOUND_AT_ONCE) {
      return { ok: false, reason: `${OUTBOUND_AT_ONCE} requests of this namespace are under way`, permanent: false };
    }
    this.#busy.set(namespaceId, busy + 1);
    try {
      return await this.#send(call);
    } catch (error) {
      return { ok: false, reason: reasonOf(error), permanent: false };
    } finally {
      const left = (this.#busy.get(namespaceId) ?? 1) - 1;
      if (left === 0) this.#busy.delete(namespaceId);
      else this.#busy.set(namespaceId, left);
    }
  }

  async #send({ url, method, headers, body }: OutboundCall): Promise<OutboundReply> {
    const answer = await this.#options.fetch(url, {
      ...{ method, headers: { ...headers }, redirect: "manual", signal: AbortSignal.timeout(OUTBOUND_MS) },
      ...(body === undefined ? {} : { body }),
    });
    const { status } = answer;
    if (status >= 300 && status < 400 && status !== 304) {
      await answer.body?.cancel();
      return { ok: false, reason: `it answered with a redirect (${status}), which is not followed`, permanent: true };
    }
    return { ok: true, status, text: await beginningOf(answer), retryAfter: answer.headers.get("Retry-After") };
  }
}

/** Why this URL is not dialled, as a sentence's end, or null. To be asked when a user gives one, too. */
export function urlFault(text: string, { allowed, own }: Pick<OutboundOptions, "allowed" | "own">): string | null {
  if (text.length > MAX_URL) return `its URL is longer than ${MAX_URL} characters`;
  const url = URL.parse(text);
  if (url === null) return "its URL is none";
  if (url.protocol !== "https:" && url.protocol !== "http:") return "its URL is neither http nor https";
  if (url.username !== "" || url.password !== "") return "its URL holds a name or a password: use a header";
  const host = url.hostname.replace(/\.+$/, "").toLowerCase();
  if (host === "") return "its URL names no host";
  const address = readHost(host);
  if (address !== null) return isReachable(address, allowed) ? null : "its address is not a public one";
  if (own.includes(host)) return "it is this platform itself";
  // One machine's own name, and what only its network knows.
  if (INNER.test(host) || !host.includes(".")) return "its name is not a public one";
  return null;
}

/** Why these headers are not sent, as a sentence's end, or null. To be asked when a user gives some, too.
 * Tells no value. */
export function headerFault(headers: OutboundCall["headers"]): string | null {
  const all = Object.entries(headers);
  if (all.length > MAX_HEADERS) return `it has more than ${MAX_HEADERS} headers`;
  for (const [name, value] of all) {
    if (!HEADERS.test(name)) return `the header ${name.slice(0, 64)} is not one of those that may be sent`;
    if (value.length > MAX_HEADER_VALUE || !/^[\x20-\x7e\t]*$/.test(value))
      return `the header ${name} has no value that may be sent`;
  }
  return null;
}

async function beginningOf(answer: Response): Promise<string> {
  if (answer.body === null) return "";
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = "";
  for (let left = OUTBOUND_READ; left > 0; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await reader.cancel();
  return text;
}

/** Nothing of what the network said beyond its kind. */
function reasonOf(error: unknown): string {
  const { name } = error as Error;
  return name === "TimeoutError" || name === "AbortError"
    ? `it did not answer within ${OUTBOUND_MS / 1000} s`
    : "it was not reached";
}
