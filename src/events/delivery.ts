// What a delivery is beside its payload: the id by which it is known when it comes again, and whether it only asks if
// anybody is there.

import { membersOf, type RawJson, shapeOf } from "../entities/raw-json.ts";
import type { WebhookSettings } from "./webhook.ts";

const MAX_ID = 500;

interface Delivered {
  headers: Headers;
  /** Text of an object. */
  payload: RawJson;
}

/** Undefined where the sender says none: then it cannot be known again. */
export function deliveryId(
  settings: Pick<WebhookSettings, "signature" | "idHeader" | "hmac">,
  told: Delivered,
): string | undefined {
  const { headers } = told;
  const named = settings.idHeader === undefined ? null : headers.get(settings.idHeader);
  const id = named ?? usualId(settings, told);
  return id === null || id === undefined || id === "" ? undefined : id.slice(0, MAX_ID);
}

/** What is signed with its time is known by its signature. */
function usualId({ signature, hmac }: Pick<WebhookSettings, "signature" | "hmac">, { headers, payload }: Delivered) {
  switch (signature) {
    case "github":
      return headers.get("X-GitHub-Delivery");
    case "slack":
      return textAt(payload, "event_id") ?? headers.get("X-Slack-Signature");
    case "stripe":
      return textAt(payload, "id") ?? headers.get("Stripe-Signature");
    case "hmac":
      return hmac?.timestampHeader === undefined ? null : headers.get(hmac.header);
    case "none":
      return null;
  }
}

/** The answer's JSON to a question that fires nothing, or null: a delivery. */
export function handshakeOf(
  { signature }: Pick<WebhookSettings, "signature">,
  { headers, payload }: Delivered,
): RawJson | null {
  if (signature === "github" && headers.get("X-GitHub-Event") === "ping") return '{"pong":true}';
  if (signature !== "slack" || textAt(payload, "type") !== "url_verification") return null;
  return JSON.stringify({ challenge: textAt(payload, "challenge") ?? "" });
}

function textAt(payload: RawJson, name: string): string | undefined {
  const value = membersOf(payload)?.findLast(({ key }) => key === name)?.value;
  return value !== undefined && shapeOf(value) === "string" ? (JSON.parse(value) as string) : undefined;
}
