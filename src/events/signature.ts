// Whether who sent these bytes knows the secret. Looked at before anything in them is parsed.

import { hex } from "../entities/sealing.ts";
import { fail, ok, type Result } from "../errors.ts";
import type { WebhookSettings } from "./webhook.ts";

/** How old what is signed with its time may be, and how long a delivery is known by its id. */
export const REPLAY_WINDOW_MS = 5 * 60_000;

/** A request as it came. */
export interface SignedRequest {
  headers: Headers;
  body: Uint8Array;
  /** Epoch ms. */
  now: number;
}

type Algorithm = "sha1" | "sha256" | "sha384" | "sha512";

interface Claim {
  /** Any of them may be right. */
  signatures: string[];
  algorithm: Algorithm;
  encoding: "hex" | "base64";
  /** Text signed before the body. */
  before: string;
  /** Seconds since 1970; null: no time is signed. */
  sent: string | null;
}

/** Epoch numbers above this are ms. */
const MAX_SECONDS = 100_000_000_000;
const MAX_SIGNATURES = 10;
const encoder = new TextEncoder();

/** Fails with `bad-signature`, which says what is wrong but not what would be right. `secrets`:
 * any of them may have been used. */
export async function checkSignature(
  settings: Pick<WebhookSettings, "signature" | "hmac">,
  secrets: readonly string[],
  delivery: SignedRequest,
): Promise<Result<true>> {
  if (settings.signature === "none") return ok(true);
  const claim = claimOf(settings, delivery.headers);
  if (!claim.ok) return claim;
  const { sent, before } = claim.value;
  if (sent !== null) {
    const at = Number(sent) > MAX_SECONDS ? Number(sent) : Number(sent) * 1_000;
    if (!/^\d{1,16}$/.test(sent)) return fail("bad-signature", "the time it was sent is not a number");
    if (Math.abs(delivery.now - at) > REPLAY_WINDOW_MS) {
      return fail("bad-signature", "it was sent more than five minutes ago, or the clocks differ");
    }
  }
  const signed = joined(encoder.encode(before), delivery.body);
  for (const secret of secrets) {
    for (const each of claim.value.signatures)
      if (await isSignature(each, { ...claim.value, secret, signed })) return ok(true);
  }
  return fail("bad-signature", "it is not of this body and this secret");
}

function claimOf({ signature, hmac }: Pick<WebhookSettings, "signature" | "hmac">, headers: Headers): Result<Claim> {
  const plain = { algorithm: "sha256", encoding: "hex", before: "", sent: null } as const;
  switch (signature) {
    case "github": {
      const given = prefixed(headers, "X-Hub-Signature-256", "sha256=");
      return given.ok ? ok({ ...plain, signatures: [given.value] }) : given;
    }
    case "slack": {
      const given = prefixed(headers, "X-Slack-Signature", "v0=");
      const sent = headers.get("X-Slack-Request-Timestamp");
      if (!given.ok) return given;
      if (sent === null) return fail("bad-signature", "the header X-Slack-Request-Timestamp is missing");
      return ok({ ...plain, signatures: [given.value], before: `v0:${sent}:`, sent });
    }
    case "stripe":
      return stripeClaim(headers);
    default: {
      const { header, prefix, algorithm, encoding, timestampHeader } = hmac as NonNullable<typeof hmac>;
      const given = prefixed(headers, header, prefix);
      if (!given.ok) return given;
      const claim = { signatures: [given.value], algorithm, encoding };
      if (timestampHeader === undefined) return ok({ ...claim, before: "", sent: null });
      const sent = headers.get(timestampHeader);
      if (sent === null) return fail("bad-signature", `the header ${timestampHeader} is missing`);
      return ok({ ...claim, before: `${sent}.`, sent });
    }
  }
}

/** `t=<seconds>,v1=<hex>[,v1=<hex>]`, with members of other versions among them. */
function stripeClaim(headers: Headers): Result<Claim> {
  const text = headers.get("Stripe-Signature");
  if (text === null) return fail("bad-signature", "the header Stripe-Signature is missing");
  const parts = text.split(",").map((each) => each.trim().split("=", 2));
  const sent = parts.find(([name]) => name === "t")?.[1];
  const signatures = parts.flatMap(([name, value]) => (name === "v1" && value !== undefined ? [value] : []));
  if (sent === undefined || signatures.length === 0) return fail("bad-signature", "its header lacks t or v1");
  return ok({
    ...{ signatures: signatures.slice(0, MAX_SIGNATURES), algorithm: "sha256", encoding: "hex" },
    ...{ before: `${sent}.`, sent },
  });
}

function prefixed(headers: Headers, name: string, prefix: string): Result<string> {
  const text = headers.get(name);
  if (text === null) return fail("bad-signature", `the header ${name} is missing`);
  return text.startsWith(prefix)
    ? ok(text.slice(prefix.length))
    : fail("bad-signature", `the header ${name} does not begin with ${prefix}`);
}

/** In a time that tells nothing of where they differ. */
async function isSignature(
  given: string,
  {
    secret,
    signed,
    algorithm,
    encoding,
  }: Pick<Claim, "algorithm" | "encoding"> & { secret: string; signed: Uint8Array<ArrayBuffer> },
): Promise<boolean> {
  const hash = `SHA-${algorithm.slice(3)}`;
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash }, false, ["sign"]);
  const right = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
  const expected = encoding === "hex" ? hex(right) : btoa(String.fromCharCode(...right));
  const told = encoding === "hex" ? given.toLowerCase() : given;
  if (told.length !== expected.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at++) difference |= expected.charCodeAt(at) ^ told.charCodeAt(at);
  return difference === 0;
}

function joined(before: Uint8Array, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(before.length + body.length);
  all.set(before);
  all.set(body, before.length);
  return all;
}
