// A client of the REST API in worker tests: the guest's key, JSON in, status, headers and text out.

import { env } from "cloudflare:workers";
import type { Action } from "../../src/entities/action.ts";
import { documentOf, summaryOf } from "../../src/entities/action-document.ts";
import { type Env, masterSecretOf } from "../../src/env.ts";
import { openStores } from "../../src/storage/open.ts";
import { platform } from "./fake-host.worker.ts";

export const GUEST_KEY =
  "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: () => unknown;
}

export interface Ask {
  key?: string | null;
  body?: BodyInit;
  headers?: Record<string, string>;
}

export async function ask(method: string, path: string, options: Ask = {}): Promise<Answer> {
  const { key = GUEST_KEY, body, headers } = options;
  const response = await platform(path, {
    method,
    headers: {
      ...(key === null ? {} : { Authorization: `Basic ${btoa(key)}` }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

export function stores() {
  return openStores(env as unknown as Env, masterSecretOf(env as unknown as Env));
}

/** Puts an action into the store, past the API. */
export async function putAction(name: string, changes: Partial<Action> = {}): Promise<void> {
  const revision = crypto.randomUUID();
  const action: Action = {
    namespace: "guest",
    name,
    version: "0.0.1",
    publish: false,
    annotations: [{ key: "provide-api-key", value: "false" }],
    parameters: [],
    limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
    exec: { kind: "nodejs:20", code: { key: "code/x", hash: "x", size: 1 }, binary: false },
    updated: 1,
    revision,
    ...changes,
  };
  const { namespace: path, updated } = action;
  const row = { path, name, type: "action" as const, revision, updated, document: documentOf(action) };
  await stores().entities.put({ ...row, summary: summaryOf(action), blobs: [] }, { expected: null });
}
