// Runs a suite once per engine. Without a container engine the Docker half is skipped, and says why.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import openwhisk from "openwhisk";
import { afterAll, beforeAll, describe } from "vitest";
import { GUEST, type Platform, type PlatformOptions, startPlatform } from "../support/platform.ts";

export type Engine = "docker" | "process";
/** What JSON.parse gives: tests look into answers without declaring their shapes. */
export type Loose = ReturnType<typeof JSON.parse>;

const SOCKET = (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");

export interface Bench {
  engine: Engine;
  platform(): Platform;
  /** The unmodified SDK with the guest key. */
  client(): openwhisk.Client;
  /** A plain request as guest; `path` below /api/v1/namespaces/_ unless it starts with "/". */
  request(path: string, options?: RequestOptions): Promise<Answer>;
}

export interface RequestOptions {
  method?: string;
  body?: unknown;
  /** Sent as is. */
  text?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed body, or undefined if it is not JSON. */
  json: Loose;
}

export function onEngines(
  name: string,
  suite: (bench: Bench) => void,
  options: { engines?: Engine[]; start?: Partial<PlatformOptions> } = {},
): void {
  for (const engine of options.engines ?? (["process", "docker"] as const)) {
    const missing = engine === "docker" && !existsSync(SOCKET);
    const title = missing ? `${name} [docker: no engine at ${SOCKET}]` : `${name} [${engine}]`;
    describe.skipIf(missing)(title, () => {
      let platform: Platform;
      beforeAll(async () => {
        platform = await startPlatform({ engine, ...options.start });
      });
      afterAll(async () => {
        await platform?.stop();
      });
      suite({
        engine,
        platform: () => platform,
        client: () => openwhisk({ apihost: platform.url, api_key: GUEST, namespace: "_" }),
        request: (path, request) => send(platform.url, path, request),
      });
    });
  }
}

async function send(url: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const body = options.text ?? (options.body === undefined ? null : JSON.stringify(options.body));
  const answer = await fetch(url + (path.startsWith("/") ? path : `/api/v1/namespaces/_/${path}`), {
    method: options.method ?? "GET",
    headers: {
      authorization: `Basic ${Buffer.from(GUEST).toString("base64")}`,
      ...(body === null ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    body,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Creates or replaces an action and says so if it cannot. */
export async function put(bench: Bench, name: string, options: PutOptions): Promise<void> {
  const answer = await bench.request(`actions/${name}?overwrite=true`, {
    method: "PUT",
    body: {
      exec: {
        kind: options.kind ?? "nodejs:default",
        code: options.code,
        ...(options.image === undefined ? {} : { image: options.image }),
      },
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    },
  });
  if (answer.status !== 200) throw new Error(`PUT ${name}: ${answer.status} ${answer.text}`);
}

export interface PutOptions {
  code: string;
  kind?: string;
  image?: string;
  limits?: Record<string, number>;
  annotations?: { key: string; value: unknown }[];
}

/** Polls until the activation has a record, at most `ms`; then checks that it does not change. */
export async function recordOf(bench: Bench, id: string, ms = 100_000): Promise<Loose> {
  const until = Date.now() + ms;
  for (;;) {
    const answer = await bench.request(`activations/${id}`);
    if (answer.status === 200) return answer.json;
    if (Date.now() > until) throw new Error(`no record of ${id} after ${ms} ms: ${answer.status} ${answer.text}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** How many runs its scheduler has given to the host. */
export async function runningOf(bench: Bench): Promise<number> {
  const [scheduler = ""] = Object.keys((await bench.request("/invokers")).json);
  const { adminToken } = JSON.parse(readFileSync(join(bench.platform().state, "secrets.json"), "utf8"));
  const headers = { authorization: `Bearer ${adminToken}` };
  return (await bench.request(`/admin/v1/schedulers/${scheduler}`, { headers })).json.running;
}
