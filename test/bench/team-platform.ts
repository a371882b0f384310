// A platform with tenants, each with a key and connections of its own.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "undici";
import { basic, type Platform, type PlatformOptions, startPlatform } from "../support/platform.ts";
import { type Call, connect, load, send } from "./load.ts";

const CODE = "function main(args) { return { n: args.n }; }";

export interface Tenant {
  namespace: string;
  key: string;
  pool: Pool;
}

export class TeamPlatform {
  readonly state = mkdtempSync(join(tmpdir(), "edgewhisk-bench-teams-"));
  readonly #engine: PlatformOptions["engine"];
  readonly #pools: Pool[] = [];
  #platform: Platform | null = null;

  constructor(engine: PlatformOptions["engine"]) {
    this.#engine = engine;
  }

  async start(): Promise<void> {
    this.#platform = await startPlatform({ engine: this.#engine, state: this.state });
  }

  async stop(): Promise<void> {
    await this.#platform?.stop();
    this.#platform = null;
  }

  /** Nothing of it is left. */
  async close(): Promise<void> {
    for (const pool of this.#pools) await pool.close();
    await this.stop();
    rmSync(this.state, { recursive: true, force: true });
  }

  async admin<T>(method: string, path: string, body?: object): Promise<T> {
    const token = JSON.parse(readFileSync(join(this.state, "secrets.json"), "utf8")).adminToken as string;
    const answer = await fetch(`${this.#url}/admin/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  }

  async tenant(namespace: string, more: object = {}): Promise<Tenant> {
    const order = { subject: `${namespace}-subject`, namespace, ...more };
    const { key } = await this.admin<{ key: string }>("POST", "identities", order);
    const pool = connect(this.#url, 16);
    this.#pools.push(pool);
    return { namespace, key, pool };
  }

  get #url(): string {
    if (this.#platform === null) throw new Error("the platform does not run");
    return this.#platform.url;
  }
}

export function request({ key }: Tenant, method: Call["method"], path: string, body?: object): Call {
  const headers = { authorization: basic(key), "content-type": "application/json" };
  const base = { method, path: `/api/v1/namespaces/_/${path}`, headers };
  return body === undefined ? base : { ...base, body: JSON.stringify(body) };
}

/** A call of the action that `prepared` has put. */
export function blocking(of: Tenant): (n: number) => Call {
  return (n) => request(of, "POST", "actions/a?blocking=true", { n });
}

/** Puts what it calls, and calls it until it is warm. */
export async function prepared(of: Tenant): Promise<Tenant> {
  const { status, text } = await send(
    of.pool,
    request(of, "PUT", "actions/a", { exec: { kind: "nodejs:default", code: CODE } }),
  );
  if (status !== 200) throw new Error(`cannot create the action: ${status} ${text.slice(0, 300)}`);
  await load(of.pool, blocking(of), { callers: 1, calls: 300, status: 200 });
  return of;
}
