// The admin API of a deployment, as far as first administration and the one-machine mode need it: keys and host tokens.

import * as z from "zod";
import { type ApiReply, createApiClient } from "./api-client.ts";

export interface AdminClient {
  /** A new identity; the key is `uuid:secret` and is shown this once. */
  createIdentity(subject: string, options?: IdentityOptions): Promise<ApiReply<{ namespace: string; key: string }>>;
  unblockIdentity(subject: string): Promise<ApiReply<unknown>>;
  /** A subject goes, with its keys; that it is blocked stays. */
  removeIdentity(subject: string): Promise<ApiReply<unknown>>;
  /** These and no other limits of a namespace. */
  setLimits(namespace: string, limits: NonNullable<IdentityOptions["limits"]>): Promise<ApiReply<unknown>>;
  /** The names of all hosts. */
  hosts(): Promise<ApiReply<string[]>>;
  /** Why hosts are unhealthy, or impaired: those that are. */
  illnesses(): Promise<ApiReply<string[]>>;
  /** A token for the host with this name; with `rotate` also in place of the one it has. `shards`: schedulers it
   * opens. */
  createHost(
    name: string,
    options?: { rotate: boolean; shards?: number | undefined },
  ): Promise<ApiReply<{ token: string }>>;
  revokeHost(name: string): Promise<ApiReply<unknown>>;
  /** Seals a batch of stored keys with the current secret, those after `after`. */
  reseal(after: string): Promise<ApiReply<ResealAnswer>>;
}

export interface IdentityOptions {
  key?: string;
  limits?: Readonly<Record<string, number | boolean>>;
}

const Identity = z.object({ namespace: z.string(), key: z.string() });
const Host = z.object({ token: z.string() });
const Hosts = z.array(
  z.object({ name: z.string(), unhealthy: z.string().optional(), impaired: z.string().optional() }),
);
const Resealed = z.object({
  resealed: z.number(),
  /** Whose keys no secret at hand opens. */
  lost: z.array(z.object({ subject: z.string(), namespace: z.string() })),
  /** Where to go on; null after the last. */
  next: z.string().nullable(),
  /** ISO time after which the secret of before is of no more use. */
  mayGo: z.string().optional(),
});
export type ResealAnswer = z.infer<typeof Resealed>;
export function createAdminClient(url: string, token: string): AdminClient {
  const client = createApiClient(url, { kind: "admin", token });
  return {
    createIdentity: (subject, options = {}) =>
      client.ask("POST", "/admin/v1/identities", { body: { subject, ...options }, schema: Identity }),
    unblockIdentity: (subject) =>
      client.ask("POST", `/admin/v1/identities/${encodeURIComponent(subject)}/unblock`, { schema: z.unknown() }),
    removeIdentity: (subject) =>
      client.ask("DELETE", `/admin/v1/identities/${encodeURIComponent(subject)}`, { schema: z.unknown() }),
    setLimits: (namespace, limits) =>
      client.ask("PUT", `/admin/v1/namespaces/${encodeURIComponent(namespace)}/limits`, {
        ...{ body: limits, schema: z.unknown() },
      }),
    async hosts() {
      const reply = await client.ask("GET", "/admin/v1/hosts", { schema: Hosts });
      return reply.ok ? { ok: true, value: reply.value.map((host) => host.name) } : reply;
    },
    async illnesses() {
      const reply = await client.ask("GET", "/admin/v1/hosts", { schema: Hosts });
      if (!reply.ok) return reply;
      return { ok: true, value: reply.value.flatMap(({ unhealthy, impaired }) => unhealthy ?? impaired ?? []) };
    },
    createHost: (name, { rotate, shards } = { rotate: false }) => {
      const body = { name, ...(rotate ? { rotate } : {}), ...(shards === undefined ? {} : { shards }) };
      return client.ask("POST", "/admin/v1/hosts", { body, schema: Host });
    },
    reseal: (after) => client.ask("POST", "/admin/v1/reseal", { body: { after }, schema: Resealed }),
    revokeHost: (name) => client.ask("DELETE", `/admin/v1/hosts/${encodeURIComponent(name)}`, { schema: z.unknown() }),
  };
}
