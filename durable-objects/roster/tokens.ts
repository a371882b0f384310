// Host tokens: `ewh.<host>.<43 url-safe characters>`. Only the SHA-256 of a token is kept. Pure but for randomness.

const HOST = /^[a-z0-9][a-z0-9-]{0,62}$/;
const TOKEN = /^ewh\.([a-z0-9][a-z0-9-]{0,62})\.[A-Za-z0-9_-]{43}$/;
const SECRET_BYTES = 32;

export function isHostName(name: string): boolean {
  return HOST.test(name);
}

export function newToken(host: string): string {
  let bytes = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(SECRET_BYTES))) bytes += String.fromCharCode(byte);
  const secret = btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `ewh.${host}.${secret}`;
}

/** The host a token claims to be of, or null if it is no token. */
export function hostOf(token: string): string | null {
  return TOKEN.exec(token)?.[1] ?? null;
}

export async function digestOf(token: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  let hex = "";
  for (const byte of digest) hex += byte.toString(16).padStart(2, "0");
  return hex;
}
