// Sizes as OpenWhisk writes them: "1 MB", "512 k", "20B".

const SIZE = /^\s*(\d{1,12})\s*(b|k|kb|m|mb|g|gb)\s*$/i;
const UNIT: Record<string, number> = { b: 1, k: 1024, m: 1024 * 1024, g: 1024 * 1024 * 1024 };

/** Bytes, or null if the text is no size. */
export function bytesOfSize(text: string): number | null {
  const match = SIZE.exec(text);
  const unit = UNIT[match?.[2]?.charAt(0).toLowerCase() ?? ""];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

export function sizeText(bytes: number): string {
  for (const [name, unit] of [
    ["GB", UNIT.g],
    ["MB", UNIT.m],
    ["KB", UNIT.k],
  ] as const) {
    if (unit !== undefined && bytes >= unit && bytes % unit === 0) return `${bytes / unit} ${name}`;
  }
  return `${bytes} B`;
}
