// Values as Python writes them: scripts compare wskadmin's lines.

/** As in `str(value)` of a number, a boolean, a text or a list of texts. */
export function pythonText(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(quoted).join(", ")}]`;
  return String(value);
}

/** The UUID in its usual form, or null if the text is none. Version and variant are those of a random one,
 * whatever was given. */
export function uuidIn(text: string): string | null {
  const hex = text
    .replace(/^urn:/, "")
    .replace(/^uuid:/, "")
    .replace(/[{}-]/g, "")
    .toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex)) return null;
  const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 0x3) | 0x8).toString(16);
  const digits = `${hex.slice(0, 12)}4${hex.slice(13, 16)}${variant}${hex.slice(17)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function quoted(value: unknown): string {
  const text = String(value);
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  return `${mark}${text.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`)}${mark}`;
}
