// One line of an activation's log, as its record holds it: when it was printed, on which stream, and what.

/** Width of the time: upstream's clients cut a line there. */
const TIME_WIDTH = 30;

/** "<RFC 3339 time, padded> stdout|stderr: text". `text` has no line end. */
export function logLine(at: Date, stream: "stdout" | "stderr", text: string): string {
  return `${at.toISOString().padEnd(TIME_WIDTH)} ${stream}: ${text}`;
}
