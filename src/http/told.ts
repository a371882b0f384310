// What of an address may stand in a log.

const MAX_PATH = 512;

/** Text of an address as it may be told: no part of it is a whole key. */
export function told(path: string): string {
  const parts = path.split("/").map((part) => part.split(/:|%3a/i, 1)[0] ?? "");
  return parts.join("/").slice(0, MAX_PATH);
}
