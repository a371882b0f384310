// The arguments that a web request has for its action.

import type { Identity } from "../../entities/identity.ts";
import { mergeLayers, type RawJson } from "../../entities/raw-json.ts";
import { ok, type Result } from "../../errors.ts";
import { bytesOf, maxPayload, patienceWith } from "../body.ts";
import { clientAddress } from "../client-address.ts";
import type { AppContext } from "../context.ts";
import type { WebAction } from "./action.ts";
import { argumentsOf } from "./arguments.ts";

const NOTHING = new Uint8Array();

/** `rest`: of the path, behind the action; `user`: who calls, where he says so. */
export async function webPayloadOf(
  c: AppContext,
  { action, web, owner }: WebAction,
  { rest, user }: { rest: string; user: Identity | null },
): Promise<Result<RawJson>> {
  const request = c.req.raw;
  const { headers, url } = request;
  const max = maxPayload(owner.identity.limits.maxPayloadSize);
  const patience = patienceWith(c, senderOf(c, { user, owner }));
  const bytes = request.body === null ? ok(NOTHING) : await bytesOf(request, { max, patience });
  if (!bytes.ok) return bytes;
  const mark = url.indexOf("?");
  const layers = argumentsOf(
    {
      method: request.method,
      headers,
      rest,
      query: mark < 0 ? "" : url.slice(mark + 1),
      contentType: headers.get("Content-Type"),
      body: new Uint8Array(bytes.value),
      user: user?.namespace.name ?? null,
    },
    { raw: web.raw, frozen: action.final },
  );
  return layers.ok ? ok(mergeLayers(layers.value)) : layers;
}

/** Whose late bodies count together: those of a key, else those from one address where it is known,
 * else those for one namespace. */
function senderOf(c: AppContext, { user, owner }: { user: Identity | null; owner: WebAction["owner"] }): string {
  if (user !== null) return `key:${user.keyId || user.namespace.uuid}`;
  const address = clientAddress(c.req.raw.headers, c.get("settings").clientAddressHeader);
  return address === null ? `web:${owner.identity.namespace.uuid}` : `from:${address}`;
}
