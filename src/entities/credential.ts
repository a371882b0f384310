// The key an action gets instead of its owner's: `namespace id:<64 characters>`, good for one namespace until it
// expires, minted and checked without I/O. The 64 characters are marker, expiry (seconds, hex), rights, the tag of the
// key whose calls it comes from, and HMAC-SHA-256 (base64url) over all of them. Where it does not open all names, the
// patterns of those it opens follow the namespace's id (`id~<base64url of a JSON array>:…`), and are signed as well.

import type { Rights } from "./rights.ts";
import type { Scope } from "./scope.ts";
import { derive, type MasterSecret } from "./sealing.ts";

/** Stored keys are letters and digits only, so the dot tells the two apart. */
const MARKER = "ac2.";
/** Of those that say what no earlier version understands: it must not take them for more than they are. */
const NEW_MARKER = "ac3.";
/** Of credentials that tell neither rights nor key; they are honoured until they expire. */
const OLD_MARKER = "act.";
const RIGHTS_AT = 12;
const TAG_AT = 13;
const MAC_AT = 21;
const LENGTH = 64;
/** Bytes below which a secret could be guessed: keys sealed with it are opened while it is replaced,
 * nothing it signed counts. */
export const LEAST_SECRET = 32;
const LETTERS: Readonly<Record<GrantedRights, string>> = { use: "u", deploy: "d", invoke: "i", read: "r", none: "n" };
/** Stands between the namespace's id and the patterns. */
const WITH = "~";
const OLD_LETTERS: ReadonlySet<GrantedRights> = new Set(["use", "deploy"]);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a credential may be used for. */
export type GrantedRights = Exclude<Rights, "owner">;

export interface CredentialGrant {
  /** Permanent id. */
  namespaceId: string;
  /** uuid of the stored key, "" for the namespace itself. */
  keyId: string;
  rights: GrantedRights;
  /** The names it opens; absent: all. */
  scope?: Scope;
  /** Epoch ms, rounded up to the second. */
  expiresAt: number;
}

export interface Granted {
  /** Permanent id of the namespace. */
  namespaceId: string;
  expiresAt: number;
  rights: GrantedRights;
  scope?: Scope;
  /** As `tagOf` the key's uuid; null in credentials of the old form. */
  keyTag: string | null;
}

/** Whether a password has the shape of an activation credential; its worth is for checkCredential to say. */
export function looksLikeCredential(secret: string): boolean {
  return secret.length === LENGTH && [MARKER, NEW_MARKER, OLD_MARKER].some((marker) => secret.startsWith(marker));
}

/** The whole key, `user:secret`. */
export async function mintCredential({ current }: MasterSecret, grant: CredentialGrant): Promise<string> {
  const seconds = Math.ceil(grant.expiresAt / 1000)
    .toString(16)
    .padStart(8, "0");
  const { scope, rights } = grant;
  const marker = scope === undefined && OLD_LETTERS.has(rights) ? MARKER : NEW_MARKER;
  const head = marker + seconds + LETTERS[rights] + (await tagOf(grant.keyId));
  const names = scope === undefined ? "" : WITH + base64url(encoder.encode(JSON.stringify(scope)));
  const user = grant.namespaceId + names;
  return `${user}:${head}${await signature(current, user, head)}`;
}

/** What it grants, or null if it was not minted here, or has expired. `user`: what stands before the colon. Whether its
 * key is still good is for the caller to see. */
export async function checkCredential(
  { current, previous }: MasterSecret,
  presented: { user: string; secret: string; now: number },
): Promise<Granted | null> {
  const { user, secret, now } = presented;
  if (!looksLikeCredential(secret)) return null;
  const head = secret.slice(0, MAC_AT);
  const isSignedWith = async (key: string) => equalTexts(await signature(key, user, head), secret.slice(MAC_AT));
  const former = previous !== null && encoder.encode(previous).byteLength >= LEAST_SECRET ? previous : null;
  if (!(await isSignedWith(current)) && (former === null || !(await isSignedWith(former)))) return null;
  const expiresAt = Number.parseInt(secret.slice(MARKER.length, RIGHTS_AT), 16) * 1000;
  if (expiresAt <= now) return null;
  if (secret.startsWith(OLD_MARKER)) return { namespaceId: user, expiresAt, rights: "deploy", keyTag: null };
  const letter = secret.charAt(RIGHTS_AT);
  const rights = (Object.keys(LETTERS) as GrantedRights[]).find((each) => LETTERS[each] === letter);
  if (rights === undefined) return null;
  const [namespaceId = "", names] = user.split(WITH);
  const scope = names === undefined ? {} : { scope: JSON.parse(decoder.decode(bytesOf(names))) as Scope };
  return { namespaceId, expiresAt, rights, ...scope, keyTag: secret.slice(TAG_AT, MAC_AT) };
}

/** Tells the keys of a namespace apart: eight characters of the uuid's SHA-256. */
export async function tagOf(keyId: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(keyId));
  return base64url(new Uint8Array(digest)).slice(0, MAC_AT - TAG_AT);
}

/** Compares without telling by its time where two texts of the same length differ. */
export function equalTexts(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}

async function signature(secret: string, user: string, head: string): Promise<string> {
  const key = await derive(secret, "activation-credential");
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(`${user}\0${head}`)));
  return base64url(bytes).slice(0, LENGTH - MAC_AT);
}

function base64url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_");
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
}
