// Texts in the character sets that JSON bodies come in.

const BYTES: ReadonlySet<string> = new Set(["iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii"]);
const NAMED = /;\s*charset\s*=\s*"?([\w.:-]{1,40})"?/i;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text, in UTF-8 where the content type names no other set, or null if the bytes are none, or nobody knows the
 * set. */
export function decoded(bytes: ArrayBuffer | Uint8Array, contentType: string | null): string | null {
  const charset = NAMED.exec(contentType ?? "")?.[1]?.toLowerCase() ?? "utf-8";
  if (BYTES.has(charset)) return textOfBytes(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
  try {
    return (charset === "utf-8" ? utf8 : new TextDecoder(charset, { fatal: true, ignoreBOM: true })).decode(bytes);
  } catch {
    return null;
  }
}

/** Each byte is the character of its number. */
function textOfBytes(bytes: Uint8Array): string {
  let text = "";
  const step = 0x8000;
  for (let at = 0; at < bytes.length; at += step) text += String.fromCharCode(...bytes.subarray(at, at + step));
  return text;
}
