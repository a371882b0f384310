// What every conformance file stands on: a black-box HTTP client, two namespaces, and `line()`, which ties a case to
// the parity lines it shows. APIHOST and AUTH (and AUTH2, a second namespace) point the suite at any OpenWhisk; without
// them it starts edgewhisk itself, once for all files, each with two namespaces of its own. ADMIN_TOKEN (edgewhisk's
// own) opens the cases that need other namespaces.

import { afterAll, inject, it } from "vitest";
import { GUEST, SYSTEM } from "../support/platform.ts";
import type { SharedPlatform } from "../support/shared-platforms.ts";

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
  signal?: AbortSignal;
}

/** What a case cannot do without: other namespaces made through the admin API, hosts that run images, or files that
 * feeds may read. */
export type Need = "admin" | "containers" | "files";

let base = "";
let consoleBase = "";
let keys: [string, string] = ["", ""];
let adminToken = "";
let files = "";
let missing: Partial<Record<Need, string>> = {};
const names: string[] = [];
const made: string[] = [];

/** Await once at the top of a file: finds the platform, and removes what the file made. `docker`: a platform on that
 * engine, if the suite starts its own and an engine answers. */
export async function useApi(options: { docker?: boolean } = {}): Promise<void> {
  const given = process.env.APIHOST;
  adminToken = process.env.ADMIN_TOKEN ?? "";
  missing = {};
  if (given === undefined) {
    const shared = await ownPlatform(options.docker ?? process.env.EDGEWHISK_ENGINE === "docker");
    if ("missing" in shared) {
      missing = { admin: shared.missing, containers: shared.missing, files: shared.missing };
      return;
    }
    base = shared.url;
    consoleBase = shared.consoleUrl;
    adminToken = shared.adminToken;
    files = shared.feedFiles;
    // Files run side by side on one platform: what one of them lists is its own.
    keys = [(await tenant()).key, (await tenant()).key];
  } else {
    missing.files = "no file here is declared there";
    base = given.includes("://") ? given.replace(/\/$/, "") : `https://${given}`;
    keys = [process.env.AUTH ?? GUEST, process.env.AUTH2 ?? SYSTEM];
  }
  for (const key of keys) names.push((await ask("GET", "/api/v1/namespaces", { key })).json[0]);
  if (adminToken === "") missing.admin = "no ADMIN_TOKEN";
  if (!(await runsImages())) missing.containers = "no host runs container images";
  afterAll(async () => {
    for (const path of made.reverse())
      await ask("DELETE", `${path}${path.startsWith("packages/") ? "?force=true" : ""}`);
  });
}

async function ownPlatform(docker: boolean): Promise<SharedPlatform> {
  const answer = await fetch(`${inject("platformDoor")}/${docker ? "docker" : "process"}`);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json() as Promise<SharedPlatform>;
}

async function runsImages(): Promise<boolean> {
  const path = `actions/${fresh("probe")}`;
  const { status } = await ask("PUT", path, { body: { exec: { kind: "blackbox", image: "openwhisk/example" } } });
  if (status === 200) await ask("DELETE", path);
  return status === 200;
}

interface LineOptions {
  timeout?: number;
  needs?: Need;
}

/** A case that shows these parity lines ("2.39" or "2.39 2.40"). Without what it needs it is skipped, and says why. */
export function line(lines: string, title: string, run: () => Promise<void>, options: LineOptions = {}): void {
  const without = options.needs === undefined ? undefined : missing[options.needs];
  if (without !== undefined) it.skip(`[${lines}] ${title} (${without})`, () => {});
  else it(`[${lines}] ${title}`, run, options.timeout);
}

/** True where this file's platform runs images. */
export function offersImages(): boolean {
  return missing.containers === undefined;
}

/** True where cases can make namespaces of their own. */
export function offersTenants(): boolean {
  return missing.admin === undefined;
}

export function apiUrl(): string {
  return base;
}

/** Of the console; "" where the suite did not start the platform. */
export function consoleUrl(): string {
  return consoleBase;
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
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
}

/** The admin API: `path` below /admin/v1. */
export function admin(method: string, path: string, body?: object): Promise<Answer> {
  return ask(method, `/admin/v1/${path}`, { key: null, body, headers: { authorization: `Bearer ${adminToken}` } });
}

/** The folder with `shop.sqlite` and `uploads`, declared as d1/SHOP and r2/UPLOADS; "" where no case may read files. */
export function feedFiles(): string {
  return files;
}

/** What opens the admin API; "" where no case may. */
export function adminTokenOf(): string {
  return adminToken;
}

export interface Tenant {
  subject: string;
  namespace: string;
  key: string;
}

/** A namespace of its own, with these limits. */
export async function tenant(
  limits: object = {},
  more: { subject?: string; namespace?: string } = {},
): Promise<Tenant> {
  const answer = await admin("POST", "identities", { subject: fresh("tenant"), limits, ...more });
  if (answer.status !== 200) throw new Error(`cannot make a namespace: ${answer.status} ${answer.text}`);
  return answer.json;
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

/** One entry of `parameters` or `annotations`. */
export function pair(name: string, value: unknown): { key: string; value: unknown } {
  return { key: name, value };
}

/** A name nobody used before. */
export function fresh(prefix: string): string {
  return `${prefix}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Polls an activation until its record is there, at most 30 s. */
export async function recordOf(id: string, owner: 1 | 2 | string = 1): Promise<Loose> {
  const secret = typeof owner === "string" ? owner : key(owner);
  for (let tries = 0; tries < 300; tries++) {
    const answer = await ask("GET", `activations/${id}`, { key: secret });
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
