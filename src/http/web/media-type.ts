// What a media type means to a web action: JSON, text, or bytes that travel as base64. OpenWhisk asks its HTTP library;
// the table holds the types that library (pekko-http 1.1) registers, by what it does with their charset.

import REGISTERED from "../../entities/media-types.json" with { type: "json" };

export interface MediaType {
  main: string;
  sub: string;
  /** Everything behind the first semicolon, as sent, or "". */
  parameters: string;
}

/** binary: bytes, whatever charset is named; text: characters of any charset; utf-8: characters of this one, which is
 * not named; custom: not registered, and no charset is named: bytes. */
type Form = "binary" | "text" | "utf-8" | "custom";

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PATTERN = new RegExp(`^\\s*(${TOKEN})/(${TOKEN})\\s*(?:;(.*))?$`);
// Each of these reads on from one place and never goes back over what it has read:
// a header is as long as its sender likes.
const SPACE = /\s*/y;
const NAME = new RegExp(TOKEN, "y");
const QUOTED = /"(?:[^"\\]|\\.)*"/y;
const PLAIN = /[^;"]*/y;
const FORMS: ReadonlyMap<string, Form> = new Map(
  (["binary", "text", "utf-8"] as const).flatMap((form) => REGISTERED[form].map((name) => [name, form])),
);

/** Null if the text is no media type. */
export function parseMediaType(text: string): MediaType | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [, main = "", sub = "", parameters = ""] = match;
  return { main: main.toLowerCase(), sub: sub.toLowerCase(), parameters: parameters.trim() };
}

export function isJsonFamily(type: MediaType): boolean {
  return isJson(type) || type.sub.endsWith("+json");
}

/** Whether bodies of this type are bytes, so that they are carried as base64. */
export function isBinary(type: MediaType): boolean {
  const form = formOf(type);
  return form === "binary" || form === "custom";
}

/** Of a binary type: whether a body that is no base64 may stand as it is. Of images, archives and the like it never
 * could; unregistered types and SVG are often text. */
export function mayBeText(type: MediaType): boolean {
  return formOf(type) === "custom" || type.sub.endsWith("+xml");
}

/** The header value for a body of bytes, or of characters,
 * which are sent as UTF-8 whatever charset the action named. */
export function printMediaType(type: MediaType, body: "bytes" | "text"): string {
  const form = formOf(type);
  const list = form === "custom" ? type.parameters : withoutCharset(type.parameters);
  const name = list === "" ? `${type.main}/${type.sub}` : `${type.main}/${type.sub}; ${list}`;
  return body === "bytes" || form === "utf-8" ? name : `${name}; charset=UTF-8`;
}

function formOf(type: MediaType): Form {
  if (type.main === "multipart") return "binary";
  return FORMS.get(`${type.main}/${type.sub}`) ?? (hasCharset(type) ? "text" : "custom");
}

function isJson(type: MediaType): boolean {
  return type.main === "application" && type.sub === "json";
}

function hasCharset({ parameters }: MediaType): boolean {
  return parametersOf(parameters).some(({ name }) => name === "charset");
}

function withoutCharset(parameters: string): string {
  const kept = parametersOf(parameters).filter(({ name }) => name !== "charset");
  return kept.map(({ text }) => text).join("; ");
}

/** Up to the first that is none; a quoted value may hold semicolons. */
function parametersOf(text: string): { name: string; text: string }[] {
  const found: { name: string; text: string }[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const taken = pattern.exec(text)?.[0];
    at += taken?.length ?? 0;
    return taken;
  };
  const isNext = (mark: string): boolean => {
    take(SPACE);
    const isThere = text.startsWith(mark, at);
    if (isThere) at += mark.length;
    return isThere;
  };
  while (at < text.length) {
    take(SPACE);
    const name = take(NAME);
    if (name === undefined || !isNext("=")) break;
    take(SPACE);
    const value = take(QUOTED) ?? take(PLAIN) ?? "";
    if (!isNext(";") && at < text.length) break;
    found.push({ name: name.toLowerCase(), text: `${name}=${value.trim()}` });
  }
  return found;
}
