// What every conformance file stands on: a black-box HTTP client, two namespaces, and `line()`, which ties a case to the
// parity lines it shows. APIHOST and AUTH (and AUTH2, a second namespace) point the suite at any OpenWhisk; without them it
// starts edgewhisk itself, on the engine named by EDGEWHISK_ENGINE (process).

import { afterAll, beforeAll, it } from "vitest";
import { GUEST, type Platform, SYSTEM, startPlatform } from "../support/platform.ts";

/** What JSON.parse gives: cases look into answers without declaring their shapes. */
export type Loose = ReturnType<typeof JSON.parse>;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: Loose;
}

export interface Ask {
  body?: unknown;
  /** Sent as is instead of `body`. */
  text?: string | Uint8Array;
  headers?: Record<string, string>;
  /** `uuid:key`; null sends no credentials; default: the first namespace's key. */
  key?: string | null;
  redirect?: "follow" | "manual";
}

let platform: Platform | undefined;
let base = "";
let keys: [string, string] = [GUEST, SYSTEM];
const names: string[] = [];
const made: string[] = [];

/** Call once at the top of a file: starts or finds the platform, and removes what the file made. */
export function useApi(): void {
  beforeAll(async () => {
    const given = process.env.APIHOST;
    if (given === undefined) {
      platform = await startPlatform({ engine: process.env.EDGEWHISK_ENGINE === "docker" ? "docker" : "process" });
      base = platform.url;
    } else {
      base = given.includes("://") ? given.replace(/\/$/, "") : `https://${given}`;
      keys = [process.env.AUTH ?? GUEST, process.env.AUTH2 ?? SYSTEM];
    }
    for (const key of keys) names.push((await ask("GET", "/api/v1/namespaces", { key })).json[0]);
  }, 120_000);
  afterAll(async () => {
    for (const path of made.reverse()) await ask("DELETE", path);
    await platform?.stop();
    platform = undefined;
  }, 60_000);
}

/** A case that shows these parity lines ("2.39" or "2.39 2.40"). */
export function line(lines: string, title: string, run: () => Promise<void>, timeout = 30_000): void {
  it(`[${lines}] ${title}`, run, timeout);
}

export function key(which: 1 | 2): string {
  return which === 1 ? keys[0] : keys[1];
}

export function namespace(which: 1 | 2): string {
  return names[which - 1] ?? "";
}

/** `path` from the root if it starts with "/", else below `/api/v1/namespaces/_/`. */
export async function ask(method: string, path: string, options: Ask = {}): Promise<Answer> {
  const secret = options.key === undefined ? keys[0] : options.key;
  const body = options.text ?? (options.body === undefined ? null : JSON.stringify(options.body));
  const answer = await fetch(base + (path.startsWith("/") ? path : `/api/v1/namespaces/_/${path}`), {
    method,
    headers: {
      ...(secret === null ? {} : { authorization: `Basic ${Buffer.from(secret).toString("base64")}` }),
      ...(body === null ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    body: body as string | null,
    redirect: options.redirect ?? "manual",
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
}

/** PUTs an entity and remembers to remove it. Throws unless it was created. */
export async function make(path: string, body: object): Promise<Loose> {
  const answer = await ask("PUT", `${path}?overwrite=true`, { body });
  if (answer.status !== 200) throw new Error(`cannot make ${path}: ${answer.status} ${answer.text}`);
  made.push(path);
  return answer.json;
}

export function code(source: string, more: object = {}): object {
  return { exec: { kind: "nodejs:default", code: source }, ...more };
}

export const ECHO = "function main(args) { return args; }";

/** A name nobody used before. */
export function fresh(prefix: string): string {
  return `${prefix}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Polls an activation until its record is there, at most 30 s. */
export async function recordOf(id: string, which: 1 | 2 = 1): Promise<Loose> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await ask("GET", `activations/${id}`, { key: key(which) });
    if (answer.status === 200) return answer.json;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no record of ${id} after 30 s`);
}

export function annotation(entity: Loose, name: string): Loose {
  return entity.annotations.find((each: Loose) => each.key === name)?.value;
}

function parsed(text: string): Loose {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
