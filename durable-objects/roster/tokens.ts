// Host tokens: `ewh.<host>.<43 url-safe characters>`. Only the SHA-256 of a token is kept. Pure but for randomness.

const SECRET_BYTES = 32;

export function newToken(host: string): string {
  let bytes = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(SECRET_BYTES))) bytes += String.fromCharCode(byte);
  const secret = btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `ewh.${host}.${secret}`;
}

export async function digestOf(token: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  let hex = "";
  for (const byte of digest) hex += byte.toString(16).padStart(2, "0");
  return hex;
}
