// The way to the platform: its public REST and admin routes, as every client uses them.

import { noteServerDate } from "./clock.ts";
import { noteReached, noteUnreachable } from "./reach.ts";
import { authorization, endSession, type SignedIn, session } from "./session.ts";

/** What went wrong, and what to do. `status` 0: no answer came. */
export interface AskFault {
  status: number;
  text: string;
  help: string;
  /** The request's transaction id. */
  code?: string;
}

export type Asked<T> = { ok: true; value: T; headers: Headers } | { ok: false; fault: AskFault };

export interface AskOptions {
  method?: "GET" | "PUT" | "POST" | "DELETE" | "PATCH";
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON; a string is JSON text already. */
  body?: unknown;
  signal?: AbortSignal;
  /** The answer goes on for as long as something happens. */
  endless?: boolean;
  accept?: string;
  headers?: Readonly<Record<string, string>>;
}

const RETRIED_MS = 500;
/** ms that an answer may take with all of its body, when something is read, or done: a function may run for long. */
const MAX_ANSWER_MS = { read: 60_000, done: 700_000 };

/** A path of the caller's own namespace; each part is escaped. */
export function ownPath(...parts: readonly string[]): string {
  return `/api/v1/namespaces/_/${parts.map(encodeURIComponent).join("/")}`;
}

/** An answer as parsed JSON. Numbers that would lose digits keep them (`readJson`). */
export async function ask<T>(path: string, options: AskOptions = {}): Promise<Asked<T>> {
  const answer = await askText(path, options);
  if (!answer.ok) return answer;
  return { ...answer, value: (answer.value === "" ? null : readJson(answer.value)) as T };
}

export async function askText(path: string, options: AskOptions = {}): Promise<Asked<string>> {
  const answer = await askRaw(path, options);
  if (!answer.ok) return answer;
  try {
    return { ...answer, value: await answer.value.text() };
  } catch {
    return unreachable(options);
  }
}

/** The answer's head; its body is the caller's to read. Anything but 2xx is a fault. */
export async function askRaw(path: string, options: AskOptions = {}): Promise<Asked<Response>> {
  const who = session.peek();
  if (who === null) return { ok: false, fault: { status: 401, text: "Nobody is signed in.", help: "Sign in again." } };
  const answer = await send(path, options, who);
  if (answer === null) return unreachable(options);
  noteReached();
  noteServerDate(answer.headers.get("Date"));
  if (answer.ok) return { ok: true, value: answer, headers: answer.headers };
  const fault = await faultOf(answer, who);
  if (answer.status === 401) {
    const what = who.kind === "key" ? "key" : "token";
    endSession(
      `The ${what} is not accepted any more: it was revoked, replaced, or its owner was blocked. Sign in to go on; what you typed is kept.`,
      who,
    );
  }
  return { ok: false, fault };
}

/** Whether a key or token opens anything; nothing of it is kept. */
export async function tryOut<T>(path: string, as: SignedIn): Promise<Asked<T>> {
  const answer = await send(path, {}, as);
  if (answer === null) return unreachable({});
  noteReached();
  noteServerDate(answer.headers.get("Date"));
  if (!answer.ok) return { ok: false, fault: await faultOf(answer, as) };
  return { ok: true, value: (await answer.json()) as T, headers: answer.headers };
}

/** Null: no answer came. Reading is tried twice. */
async function send(path: string, options: AskOptions, who: SignedIn): Promise<Response | null> {
  const { method = "GET", query = {}, body, signal, accept = "application/json", headers } = options;
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  const address = given.length === 0 ? path : `${path}?${search}`;
  const init: RequestInit = {
    method,
    headers: {
      Authorization: authorization(who),
      Accept: accept,
      ...headers,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    credentials: "omit",
    redirect: "error",
  };
  for (let attempt = 1; ; attempt++) {
    const late = options.endless === true ? [] : [abortedAfter(MAX_ANSWER_MS[method === "GET" ? "read" : "done"])];
    try {
      return await fetch(address, {
        ...init,
        signal: AbortSignal.any([...late, ...(signal === undefined ? [] : [signal])]),
      });
    } catch {
      if (signal?.aborted === true || method !== "GET" || attempt === 2) return null;
      await new Promise((resolve) => setTimeout(resolve, RETRIED_MS));
    }
  }
}

function abortedAfter(ms: number): AbortSignal {
  const late = new AbortController();
  setTimeout(() => late.abort(), ms);
  return late.signal;
}

function unreachable({ signal }: AskOptions): Asked<never> {
  if (signal?.aborted === true) return { ok: false, fault: { status: 0, text: "This was given up.", help: "" } };
  noteUnreachable();
  return {
    ok: false,
    fault: {
      status: 0,
      text: "The platform does not answer.",
      help: "It is asked again by itself. If it was stopped, start it; nothing you typed here is lost.",
    },
  };
}

async function faultOf(answer: Response, who: SignedIn): Promise<AskFault> {
  const { status } = answer;
  const text = await answer.text().catch(() => "");
  const said = textOf(text);
  return {
    status,
    text: said.error ?? `The platform answered with status ${status}.`,
    help: helpFor(status, who),
    ...(said.code === undefined ? {} : { code: said.code }),
  };
}

function textOf(text: string): { error?: string; code?: string } {
  try {
    const { error, code } = JSON.parse(text) as { error?: unknown; code?: unknown };
    const inner = typeof error === "object" && error !== null ? (error as { error?: unknown }).error : error;
    return {
      // An action's own error may hold what another one said.
      ...(typeof inner === "string" ? { error: inner } : {}),
      ...(typeof code === "string" ? { code } : {}),
    };
  } catch {
    return {};
  }
}

function helpFor(status: number, { kind }: SignedIn): string {
  if (status === 400) return "Correct what is named above and try again.";
  if (status === 401) return `Sign in with a ${kind === "key" ? "key" : "token"} that is in force.`;
  if (status === 403 && kind === "operator") return "An administrator whose role is enough can do it, or give you it.";
  if (status === 403) return "This key may not do it. Whoever gave it to you can give you one that may.";
  if (status === 404) return "It may have been deleted meanwhile, or it is not yet there. Look at the list.";
  if (status === 409) return "Somebody else was here, or the name is taken. Load it again, or choose another name.";
  if (status === 413) return "Make it smaller: the view Limits says how much is allowed.";
  if (status === 429) return "Wait a minute; the view Limits says what is in force and how much of it is used.";
  if (status === 503) return "The platform says itself what is wrong. Its operator can look at: edgewhisk doctor.";
  if (status >= 500) return "Try again. If it stays, give the code to the platform's operator.";
  return "Try again.";
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

/** Beyond so many characters nobody reads each number. */
const MAX_EXACT = 2_000_000;

/** JSON whose numbers keep their digits, as far as this browser can. */
export function readJson(text: string): unknown {
  const raw = (JSON as { rawJSON?: (source: string) => unknown }).rawJSON;
  if (text.length > MAX_EXACT) return JSON.parse(text);
  const exact: Reviver = (_, value, context) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || raw === undefined) return value;
    return String(value) === source ? value : raw(source);
  };
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}
