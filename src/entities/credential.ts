// The key an action gets instead of its owner's: `uuid:<64 characters>`, good for one namespace until it expires, minted
// and checked without I/O. The 64 characters are marker, expiry (seconds, hex), nonce and HMAC-SHA-256 (base64url).

import { derive, type MasterSecret } from "./sealing.ts";

/** Stored keys are letters and digits only, so the dot tells the two apart. */
const MARKER = "act.";
const NONCE_AT = 12;
const MAC_AT = 21;
const LENGTH = 64;
/** Bytes below which a secret could be guessed: keys sealed with it are opened while it is replaced, nothing it signed counts. */
export const LEAST_SECRET = 32;
const NONCE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const encoder = new TextEncoder();

/** Whether a password has the shape of an activation credential; its worth is for checkCredential to say. */
export function looksLikeCredential(secret: string): boolean {
  return secret.length === LENGTH && secret.startsWith(MARKER);
}

/** The whole key, `uuid:secret`. `expiresAt` is epoch ms, rounded up to the second. */
export async function mintCredential(
  { current }: MasterSecret,
  grant: { namespaceId: string; expiresAt: number },
): Promise<string> {
  const seconds = Math.ceil(grant.expiresAt / 1000)
    .toString(16)
    .padStart(8, "0");
  let head = MARKER + seconds;
  for (const byte of crypto.getRandomValues(new Uint8Array(MAC_AT - NONCE_AT))) head += NONCE.charAt(byte % 64);
  return `${grant.namespaceId}:${head}${await signature(current, grant.namespaceId, head)}`;
}

/** When the credential expires (epoch ms), or null if it was not minted for this namespace here, or has expired. */
export async function checkCredential(
  { current, previous }: MasterSecret,
  presented: { namespaceId: string; secret: string; now: number },
): Promise<number | null> {
  const { namespaceId, secret, now } = presented;
  if (!looksLikeCredential(secret)) return null;
  const head = secret.slice(0, MAC_AT);
  const isSignedWith = async (key: string) => equalTexts(await signature(key, namespaceId, head), secret.slice(MAC_AT));
  const former = previous !== null && encoder.encode(previous).byteLength >= LEAST_SECRET ? previous : null;
  if (!(await isSignedWith(current)) && (former === null || !(await isSignedWith(former)))) return null;
  const expiresAt = Number.parseInt(secret.slice(MARKER.length, NONCE_AT), 16) * 1000;
  return expiresAt > now ? expiresAt : null;
}

/** Compares without telling by its time where two texts of the same length differ. */
export function equalTexts(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}

async function signature(secret: string, namespaceId: string, head: string): Promise<string> {
  const key = await derive(secret, "activation-credential");
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(`${namespaceId}\0${head}`)));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text)
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .slice(0, LENGTH - MAC_AT);
}
