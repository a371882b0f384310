// Times, spans and sizes as people read them.

const KB = 1024;

export function spanOf(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return "< 1 ms";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  if (ms < 3_600_000) {
    const seconds = Math.round((ms % 60_000) / 1_000);
    return `${Math.floor(ms / 60_000)} min${seconds === 0 ? "" : ` ${seconds} s`}`;
  }
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** `now`, `at`: epoch ms by the server's clock. */
export function agoOf(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1_000);
  if (seconds < 0) return `in ${countOf(-seconds)}`;
  return seconds < 2 ? "just now" : `${countOf(seconds)} ago`;
}

function countOf(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export function bytesOf(count: number): string {
  if (count < KB) return `${count} B`;
  if (count < KB * KB) return `${(count / KB).toFixed(1)} KB`;
  return `${(count / KB / KB).toFixed(1)} MB`;
}

export function shareOf(part: number | null): string {
  return part === null ? "–" : `${(part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
}

/** Local date and time with seconds. */
export function whenOf(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}
