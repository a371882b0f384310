// Secrets at rest: keys derived from the deployment's master secret, one per purpose, texts sealed with AES-256-GCM,
// and comparisons that take the same time whatever differs. WebCrypto only, so that the Worker,
// the objects and Node share it.

/** The deployment's secret, and the one it takes the place of while it is being changed: that one still opens. */
export interface MasterSecret {
  current: string;
  previous: string | null;
}

/** What is sealed: a text sealed for one purpose opens for no other. */
export type Purpose =
  /** Keys as they lie in the database. */
  | "stored-key"
  /** A caller's key on its way with his call. */
  | "handed-on-key"
  /** What the sender of a webhook signs with. */
  | "webhook-secret"
  /** What opens a message broker. */
  | "broker-credentials"
  /** Headers that a sink is sent. */
  | "sink-headers"
  /** What batches of forwarded records are signed and sent with. */
  | "record-hook"
  /** The same of user events. */
  | "event-hook";

/** An HMAC-SHA-256 key for signing and verifying. */
export type MacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export interface Opened {
  text: string;
  /** True if it is sealed with the current secret, for this very purpose. */
  fresh: boolean;
}

const PREFIX = "v2.";
/** Texts from before purposes had keys of their own; only keys were ever sealed so. */
const OLD_PREFIX = "v1.";
const IV_BYTES = 12;
/** Purposes are constants of the code, so this is never reached but by a caller who uses data as a purpose. */
const MAX_CACHED = 256;

const cache = new Map<string, Promise<MacKey>>();
const encoder = new TextEncoder();

/** The HMAC-SHA-256 key for one purpose (a constant of the code), by HKDF from one secret; cached per isolate. */
export function derive(secret: string, purpose: string): Promise<MacKey> {
  return cached(`mac\0${purpose}\0${secret}`, async () => {
    const bits = await deriveBits(secret, `mac:${purpose}`);
    return crypto.subtle.importKey("raw", bits, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  });
}

/** HMAC-SHA-256 of a text, in lower-case hex. */
export async function mac(key: MacKey, text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))));
}

/** Encrypts and authenticates with the current secret; the answer is printable and differs each time. */
export async function seal(secret: MasterSecret, purpose: Purpose, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const key = await sealingKey(secret.current, `seal:${purpose}`);
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, encoder.encode(text)));
  return PREFIX + toBase64(iv) + toBase64(sealed);
}

/** The text that was sealed, or null if it was not sealed here for this purpose, or has been changed. */
export async function open(secret: MasterSecret, purpose: Purpose, sealed: string): Promise<string | null> {
  return (await unseal(secret, purpose, sealed))?.text ?? null;
}

/** As `open`, and whether it should be sealed anew. */
export async function unseal(secret: MasterSecret, purpose: Purpose, sealed: string): Promise<Opened | null> {
  const isNew = sealed.startsWith(PREFIX);
  if (!isNew && !sealed.startsWith(OLD_PREFIX)) return null;
  const bytes = fromBase64(sealed.slice(PREFIX.length));
  if (bytes === null || bytes.length <= IV_BYTES) return null;
  const info = isNew ? `seal:${purpose}` : "seal";
  const text = await decrypted(await sealingKey(secret.current, info), bytes);
  if (text !== null) return { text, fresh: isNew };
  if (secret.previous === null) return null;
  const former = await decrypted(await sealingKey(secret.previous, info), bytes);
  return former === null ? null : { text: former, fresh: false };
}

/** Whether two secrets are equal, in a time that tells nothing about where they differ. */
export async function sameSecret(one: string, other: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(one), digest(other)]);
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}

export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function sealingKey(secret: string, info: string): Promise<MacKey> {
  return cached(`${info}\0${secret}`, async () => {
    const bits = await deriveBits(secret, info);
    return crypto.subtle.importKey("raw", bits, "AES-GCM", false, ["encrypt", "decrypt"]);
  });
}

async function decrypted(key: MacKey, bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  try {
    const iv = bytes.subarray(0, IV_BYTES);
    return new TextDecoder().decode(
      await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, bytes.subarray(IV_BYTES)),
    );
  } catch {
    return null;
  }
}

async function deriveBits(secret: string, info: string): Promise<ArrayBuffer> {
  const base = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: encoder.encode("edgewhisk"), info: encoder.encode(info) };
  return crypto.subtle.deriveBits(algorithm, base, 256);
}

function cached(name: string, make: () => Promise<MacKey>): Promise<MacKey> {
  let key = cache.get(name);
  if (key === undefined) {
    if (cache.size >= MAX_CACHED) cache.clear();
    key = make();
    cache.set(name, key);
    key.catch(() => cache.delete(name));
  }
  return key;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
