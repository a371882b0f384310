// The admin API of a deployment, as far as first administration and the one-machine mode need it: keys and host tokens.

import { z } from "zod";
import { whyNoAnswer } from "../program/origin.ts";

export interface AdminClient {
  /** A new identity; the key is `uuid:secret` and is shown this once. */
  createIdentity(subject: string, options?: NewIdentity): Promise<AdminReply<{ namespace: string; key: string }>>;
  /** The names of all hosts. */
  hosts(): Promise<AdminReply<string[]>>;
  /** A token for the host with this name; with `rotate` also in place of the one it has. `shards`: schedulers it opens. */
  createHost(
    name: string,
    options?: { rotate: boolean; shards?: number | undefined },
  ): Promise<AdminReply<{ token: string }>>;
  revokeHost(name: string): Promise<AdminReply<unknown>>;
  /** Seals a batch of stored keys with the current secret, those after `after`. */
  reseal(after: string): Promise<AdminReply<Resealed>>;
}

export interface NewIdentity {
  key?: string;
  limits?: Readonly<Record<string, number | boolean>>;
}

/** `status`: of the platform's answer; 0 if there was none. */
export type AdminReply<T> = { ok: true; value: T } | { ok: false; reason: string; status: number };

const Identity = z.object({ namespace: z.string(), key: z.string() });
const Host = z.object({ token: z.string() });
const Hosts = z.array(z.object({ name: z.string() }));
const Resealed = z.object({
  resealed: z.number(),
  /** Whose keys no secret at hand opens. */
  lost: z.array(z.object({ subject: z.string(), namespace: z.string() })),
  /** Where to go on; null after the last. */
  next: z.string().nullable(),
  /** ISO time after which the secret of before is of no more use. */
  mayGo: z.string().optional(),
});
export type Resealed = z.infer<typeof Resealed>;
const Refusal = z.object({ error: z.string() });

/** Longest wait for one answer (ms). */
const PATIENCE = 30_000;

export function createAdminClient(url: string, token: string): AdminClient {
  async function ask<T>(
    method: "GET" | "POST" | "DELETE",
    path: string,
    options: { body?: unknown; schema: z.ZodType<T> },
  ): Promise<AdminReply<T>> {
    let status: number;
    let body: unknown;
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE),
      });
      status = response.status;
      body = await response.json().catch(() => null);
    } catch (error) {
      return { ok: false, status: 0, reason: `${url} does not answer: ${whyNoAnswer(url, error)}` };
    }
    if (status === 401) return { ok: false, status, reason: `${url} does not accept this admin token` };
    if (status >= 400) {
      const refusal = Refusal.safeParse(body);
      const said = refusal.success ? `: ${refusal.data.error.replace(/\.$/, "")}` : "";
      return { ok: false, status, reason: `${path} answered ${status}${said}` };
    }
    const parsed = options.schema.safeParse(body);
    return parsed.success
      ? { ok: true, value: parsed.data }
      : { ok: false, status, reason: `${path} answered ${status} without what was asked for` };
  }
  return {
    createIdentity: (subject, options = {}) =>
      ask("POST", "/admin/v1/identities", { body: { subject, ...options }, schema: Identity }),
    async hosts() {
      const reply = await ask("GET", "/admin/v1/hosts", { schema: Hosts });
      return reply.ok ? { ok: true, value: reply.value.map((host) => host.name) } : reply;
    },
    createHost: (name, { rotate, shards } = { rotate: false }) => {
      const body = { name, ...(rotate ? { rotate } : {}), ...(shards === undefined ? {} : { shards }) };
      return ask("POST", "/admin/v1/hosts", { body, schema: Host });
    },
    reseal: (after) => ask("POST", "/admin/v1/reseal", { body: { after }, schema: Resealed }),
    revokeHost: (name) => ask("DELETE", `/admin/v1/hosts/${encodeURIComponent(name)}`, { schema: z.unknown() }),
  };
}
