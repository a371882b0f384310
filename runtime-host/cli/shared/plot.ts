// Counts over time as a picture of characters: a column for each piece of the time,
// and below it a mark where something failed.

export interface Point {
  /** Epoch ms of its beginning. */
  at: number;
  count: number;
  errors: number;
}

interface Frame {
  /** Epoch ms; the last one's span is drawn as well. */
  since: number;
  upto: number;
  /** ms of one point's span. */
  step: number;
}

const EIGHTHS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const WIDTH = 60;
const HEIGHT = 6;

/** Its lines, without a line end. `points` in order, those without anything left out. */
export function plot(points: readonly Point[], { since, upto, step }: Frame): string {
  const spans = Math.max(1, Math.floor(upto / step) - Math.floor(since / step) + 1);
  const perColumn = Math.ceil(spans / WIDTH);
  const first = Math.floor(since / step);
  const sums = Array.from({ length: Math.ceil(spans / perColumn) }, () => ({ count: 0, errors: 0 }));
  for (const { at, count, errors } of points) {
    const column = sums[Math.floor((Math.floor(at / step) - first) / perColumn)];
    if (column === undefined) continue;
    column.count += count;
    column.errors += errors;
  }
  const most = Math.max(...sums.map((each) => each.count));
  const left = String(most).length;
  const lines = Array.from({ length: HEIGHT }, (_, at) => {
    const row = HEIGHT - 1 - at;
    const cells = sums.map(({ count }) => EIGHTHS[eighths(count, most, row)]);
    return `${(at === 0 ? String(most) : "").padStart(left)} │${cells.join("")}`;
  });
  const edge = Math.max(0, sums.length - 1);
  lines.push(`${"0".padStart(left)} └${"─".repeat(edge + 1)}`);
  if (sums.some(({ errors }) => errors > 0)) {
    lines.push(`${" ".repeat(left)}  ${sums.map(({ errors }) => (errors > 0 ? "!" : " ")).join("")}  ! = with errors`);
  }
  const each = perColumn === 1 ? "" : `, ${perColumn} in a column`;
  lines.push(`${" ".repeat(left)}  ${stamp(first * step)} to ${stamp(Math.floor(upto / step) * step + step)}${each}`);
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** Of the eighths of this row how many are filled; what is there at all is seen. */
function eighths(count: number, most: number, row: number): number {
  if (most === 0 || count === 0) return 0;
  const filled = Math.max(1, Math.round((count / most) * HEIGHT * 8));
  return Math.min(8, Math.max(0, filled - row * 8));
}

/** To the minute, in UTC. */
export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}
