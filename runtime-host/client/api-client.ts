// One client for the REST API and the admin API: what is asked, with which credential, and what each way of failing is
// called.

import type { z } from "zod";
import { whyNoAnswer } from "../program/origin.ts";

/** A namespace's key (`uuid:secret`) opens the REST API, an admin token /admin/v1. */
export type Credential = { kind: "key"; key: string } | { kind: "admin"; token: string };

/** `status`: of the platform's answer; 0 if there was none. `body`: what it said, where that was JSON. */
export type ApiFailure = { ok: false; reason: string; status: number; body?: unknown };
export type ApiReply<T> = { ok: true; value: T } | ApiFailure;

export interface Ask<T> {
  body?: unknown;
  /** In place of `body`: NDJSON. */
  lines?: string;
  /** What the answer must look like. */
  schema: z.ZodType<T>;
  /** Called with the headers of an answer that is what was asked for. */
  heard?: (headers: Headers) => void;
}

export interface ApiClient {
  /** The origin it asks. */
  readonly url: string;
  /** One JSON answer, within half a minute. */
  ask<T>(method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE", path: string, options: Ask<T>): Promise<ApiReply<T>>;
  /** An answer that is read as it comes. */
  open(path: string, headers: Readonly<Record<string, string>>): Promise<ApiReply<ReadableStream<Uint8Array>>>;
}

/** Longest wait for one answer. */
const MAX_WAIT_MS = 30_000;

/** Nobody listens, or nobody is found, there: codes of Node's sockets and resolver. */
const NOBODY: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

export function createApiClient(url: string, credential: Credential): ApiClient {
  const authorization =
    credential.kind === "admin"
      ? `Bearer ${credential.token}`
      : `Basic ${Buffer.from(credential.key).toString("base64")}`;

  async function send(path: string, init: RequestInit): Promise<ApiReply<Response>> {
    try {
      const headers = { authorization, ...init.headers };
      return { ok: true, value: await fetch(new URL(path, url), { ...init, headers, redirect: "error" }) };
    } catch (error) {
      return { ok: false, status: 0, reason: unreachable(url, error) };
    }
  }

  return {
    url,
    async ask(method, path, { body, lines, schema, heard }) {
      const sent = await send(path, {
        method,
        headers: { "content-type": lines === undefined ? "application/json" : "application/x-ndjson" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(lines === undefined ? {} : { body: lines }),
        signal: AbortSignal.timeout(MAX_WAIT_MS),
      });
      if (!sent.ok) return sent;
      const { status } = sent.value;
      let answer: unknown;
      try {
        answer = parsed(await sent.value.text());
      } catch (error) {
        return { ok: false, status: 0, reason: unreachable(url, error) };
      }
      if (status >= 400) return refusal({ url, path, status, body: answer, credential });
      const read = schema.safeParse(answer);
      if (read.success) heard?.(sent.value.headers);
      return read.success
        ? { ok: true, value: read.data }
        : { ok: false, status, reason: `${path} answered ${status} without what was asked for` };
    },
    async open(path, headers) {
      const sent = await send(path, { headers: { ...headers } });
      if (!sent.ok) return sent;
      const { status, body, ok } = sent.value;
      if (ok && body !== null) return { ok: true, value: body };
      const said = parsed(await sent.value.text().catch(() => ""));
      return refusal({ url, path, status, body: said, credential });
    },
  };
}

/** Why it does not answer, and the way out where nobody is there at all. */
function unreachable(url: string, error: unknown): string {
  const { cause } = error as Error;
  const code = (cause as { code?: string } | undefined)?.code ?? "";
  const way = NOBODY.has(code)
    ? ": start a platform there (edgewhisk start), or name another with --url or EDGEWHISK_URL"
    : "";
  return `${url} does not answer: ${whyNoAnswer(url, error)}${way}`;
}

function refusal(answer: {
  url: string;
  path: string;
  status: number;
  body: unknown;
  credential: Credential;
}): ApiFailure {
  const { url, path, status, body, credential } = answer;
  const what = credential.kind === "admin" ? "admin token" : "key";
  const [place = path] = path.split("?", 1);
  const said = saidIn(body);
  const reason =
    status === 401
      ? `${url} does not accept this ${what}`
      : `${place} answered ${status}${said === null ? "" : `: ${said}`}`;
  return { ok: false, status, reason, body };
}

/** The platform's own sentence, without its full stop. */
function saidIn(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("error" in body) || typeof body.error !== "string") return null;
  return body.error.replace(/\.$/, "");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
