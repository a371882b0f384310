// The admin API of a deployment, as far as first administration needs it: a namespace key and a host token.

import { z } from "zod";

export interface AdminClient {
  /** A new identity; the key is `uuid:secret` and is shown this once. */
  createIdentity(subject: string): Promise<AdminReply<{ namespace: string; key: string }>>;
  /** Makes or replaces the token of the host with this name. */
  createHost(name: string): Promise<AdminReply<{ token: string }>>;
}

export type AdminReply<T> = { ok: true; value: T } | { ok: false; reason: string };

const Identity = z.object({ namespace: z.string(), key: z.string() });
const Host = z.object({ token: z.string() });
const Refusal = z.object({ error: z.string() });

/** Longest wait for one answer (ms). */
const PATIENCE = 30_000;

export function createAdminClient(url: string, token: string): AdminClient {
  async function post<T>(path: string, options: { body: unknown; schema: z.ZodType<T> }): Promise<AdminReply<T>> {
    let status: number;
    let body: unknown;
    try {
      const response = await fetch(new URL(path, url), {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(options.body),
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE),
      });
      status = response.status;
      body = await response.json().catch(() => null);
    } catch (error) {
      const cause = (error as Error).cause;
      return { ok: false, reason: `${url} does not answer: ${cause instanceof Error ? cause.message : String(error)}` };
    }
    if (status === 401) return { ok: false, reason: `${url} does not accept this admin token` };
    if (status >= 400) {
      const refusal = Refusal.safeParse(body);
      return {
        ok: false,
        reason: `${path} answered ${status}${refusal.success ? `: ${refusal.data.error.replace(/\.$/, "")}` : ""}`,
      };
    }
    const parsed = options.schema.safeParse(body);
    return parsed.success
      ? { ok: true, value: parsed.data }
      : { ok: false, reason: `${path} answered ${status} without what was asked for` };
  }
  return {
    createIdentity: (subject) => post("/admin/v1/identities", { body: { subject }, schema: Identity }),
    createHost: (name) => post("/admin/v1/hosts", { body: { name }, schema: Host }),
  };
}
