// What callers hear of why a host takes nothing. A host's own words may name its folders and addresses: they are for
// its operator (its log, the admin API). Of them only the forms that are known, without any name, go further.

const DISK =
  /^the disk of .+ (is full: \d+ MB are free, \d+ must be|takes no more files: \d+ are left, \d+ must be|is read-only)$/s;
const OUTBOX = "the outbox cannot be written";
const NAMELESS: ReadonlySet<string> = new Set([
  "draining",
  "too many records wait for the store",
  "the Docker engine does not answer",
  "the container engine hangs when it makes a container",
]);

/** `unhealthy`: the host's own words. */
export function illnessForCallers(unhealthy: string): string {
  if (NAMELESS.has(unhealthy)) return unhealthy;
  const disk = DISK.exec(unhealthy);
  if (disk !== null) return `its disk ${disk[1]}`;
  return unhealthy.startsWith(OUTBOX) ? "its outbox cannot be written" : "its operator is told why";
}
