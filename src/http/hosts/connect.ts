// A host dials in: what it asks of its scheduler. The scheduler's object trusts these headers, so that they are made
// here and nothing of the request's own goes along.

import { fail, ok, type Result } from "../../errors.ts";
import type { KnownHost } from "./tokens.ts";

const BOOT = /^[\w-]{1,64}$/;

export interface Dial {
  /** `host/shard`. */
  scheduler: string;
  request: Request;
}

/** `query`: by name. Fails with `bad-request` for what is no dial,
 * `beyond-token` for a shard that the token does not open. */
export function dialOf(
  { host, shards }: KnownHost,
  { upgrade, query }: { upgrade: string | null; query: (name: string) => string | undefined },
): Result<Dial> {
  if (upgrade?.toLowerCase() !== "websocket") return fail("bad-request", "A WebSocket upgrade is expected here.");
  const shard = query("shard") ?? "0";
  if (!/^\d{1,2}$/.test(shard)) return fail("bad-request", "The shard must be a number from 0 on.");
  if (Number(shard) >= shards) return fail("beyond-token", String(shards));
  const boot = query("boot");
  if (boot !== undefined && !BOOT.test(boot)) return fail("bad-request", "The boot id is malformed.");
  const asked = new URLSearchParams({ shard: String(Number(shard)) });
  if (boot !== undefined) asked.set("boot", boot);
  if (query("takeover") === "1") asked.set("takeover", "1");
  const headers = { Upgrade: "websocket", "X-Edgewhisk-Host": host };
  const request = new Request(`https://scheduler/connect?${asked}`, { headers });
  return ok({ scheduler: `${host}/${Number(shard)}`, request });
}
