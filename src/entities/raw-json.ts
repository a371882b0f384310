// JSON kept as the bytes that were sent. Arguments, results and parameter values are never decoded and encoded again:
// 2^64, 1.0, 1e400 and 30-digit decimals arrive as they left. Values are cut out at the top level as text slices.

/** The text of one valid JSON value. */
export type RawJson = string & { readonly __raw?: true };

/** Top-level members of the text of a JSON object, in order; `key` is decoded, `value` is the exact slice.
 * The text must be valid JSON (the doors check it once with JSON.parse); returns null if it is not an object. */
export function membersOf(text: RawJson): { key: string; value: RawJson }[] | null {
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== 0x7b) return null;
  const members: { key: string; value: RawJson }[] = [];
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) !== 0x7d) {
    if (text.charCodeAt(at) !== 0x22) throw new SyntaxError("a key is missing in JSON text");
    const keyEnd = endOfString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    at = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, at);
    members.push({ key, value: text.slice(at, end) });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === 0x2c) at = skipSpace(text, at + 1);
  }
  return members;
}

/** Elements of the text of a JSON array as exact slices, or null if it is not an array. */
export function elementsOf(text: RawJson): RawJson[] | null {
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== 0x5b) return null;
  const elements: RawJson[] = [];
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) !== 0x5d) {
    const end = endOfValue(text, at);
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === 0x2c) at = skipSpace(text, at + 1);
  }
  return elements;
}

/** One JSON object out of layers, the weakest first; a later layer's key replaces an earlier one, and within a layer
 * the last of duplicate keys wins. Values keep their bytes. */
export function mergeLayers(layers: readonly Iterable<{ key: string; value: RawJson }>[]): RawJson {
  const merged = new Map<string, RawJson>();
  for (const layer of layers) for (const { key, value } of layer) merged.set(key, value);
  return objectOf(merged);
}

/** The text of an object with these members, in the order of the iterable. */
export function objectOf(members: Iterable<readonly [string, RawJson]>): RawJson {
  let text = "";
  for (const [key, value] of members) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${value}`;
  return `{${text}}`;
}

export type JsonShape = "object" | "array" | "string" | "number" | "boolean" | "null";

/** What kind of value the text of a valid JSON value is, by its first character. */
export function shapeOf(text: RawJson): JsonShape {
  switch (text.charAt(skipSpace(text, 0))) {
    case "{":
      return "object";
    case "[":
      return "array";
    case '"':
      return "string";
    case "t":
    case "f":
      return "boolean";
    case "n":
      return "null";
    default:
      return "number";
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at++;
  }
}

export function endOfString(text: string, from: number): number {
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new SyntaxError("unterminated string in JSON text");
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function endOfValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === 0x22) return endOfString(text, from);
  if (first === 0x7b || first === 0x5b) return endOfNest(text, from);
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x2c || code === 0x7d || code === 0x5d || code <= 0x20) break;
  }
  // Without this, a text that ends early would be read for ever.
  if (at === from) throw new SyntaxError("a value is missing in JSON text");
  return at;
}

function endOfNest(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) {
      depth--;
      if (depth === 0) return at + 1;
    }
    at++;
  }
  throw new SyntaxError("unbalanced brackets in JSON text");
}
