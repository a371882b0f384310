// Rows of text in columns.

export interface Column {
  title: string;
  /** Numbers stand at the right. */
  right?: true;
}

/** One line each, the titles first; without blanks at the end. */
export function columns(heads: readonly Column[], rows: readonly (readonly string[])[]): string {
  const all = [heads.map(({ title }) => title), ...rows];
  const widths = heads.map((_, at) => Math.max(...all.map((row) => [...(row[at] ?? "")].length)));
  const lines = all.map((row) =>
    heads.map(({ right }, at) =>
      right === true ? row[at]?.padStart(widths[at] ?? 0) : row[at]?.padEnd(widths[at] ?? 0),
    ),
  );
  return lines.map((line) => line.join("  ").trimEnd()).join("\n");
}
