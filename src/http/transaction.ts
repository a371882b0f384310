// Transaction ids: the caller's own if it is a decent one, else 32 characters of ours.

/** OpenWhisk keeps one of any length; ours lies in every record of what follows. */
const DECENT = /^[\x21-\x7e]{1,4096}$/;
/** Ids with this prefix are the system's own; a caller must not pass as the system. */
const SYSTEM = "sid_";

export function transactionIdOf(given: string | null): string {
  if (given !== null && !given.startsWith(SYSTEM) && DECENT.test(given)) return given;
  return crypto.randomUUID().replaceAll("-", "");
}
