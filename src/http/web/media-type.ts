// What a media type means to a web action: JSON, text, or bytes that travel as base64.

export interface MediaType {
  main: string;
  sub: string;
  /** Everything behind the first semicolon, as sent, or "". */
  parameters: string;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PATTERN = new RegExp(`^\\s*(${TOKEN})/(${TOKEN})\\s*(?:;(.*))?$`);

const TEXT_APPLICATIONS: ReadonlySet<string> = new Set([
  "json",
  "xml",
  "javascript",
  "ecmascript",
  "graphql",
  "x-www-form-urlencoded",
  "x-javascript",
  "x-ndjson",
  "yaml",
  "x-yaml",
  "sql",
  "csp-report",
]);

/** Null if the text is no media type. */
export function parseMediaType(text: string): MediaType | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [, main = "", sub = "", parameters = ""] = match;
  return { main: main.toLowerCase(), sub: sub.toLowerCase(), parameters: parameters.trim() };
}

export function isJsonFamily(type: MediaType): boolean {
  return (type.main === "application" && type.sub === "json") || type.sub.endsWith("+json");
}

/** Whether bodies of this type are bytes, so that they are carried as base64. */
export function isBinary(type: MediaType): boolean {
  if (type.main === "text" || type.sub.endsWith("+json") || type.sub.endsWith("+xml")) return false;
  if (type.main === "message") return false;
  return !(type.main === "application" && TEXT_APPLICATIONS.has(type.sub)) && !hasCharset(type);
}

/** The header value, with UTF-8 named where a text type names no charset. */
export function printMediaType(type: MediaType): string {
  const name = `${type.main}/${type.sub}`;
  const parameters = type.parameters === "" ? "" : `; ${type.parameters}`;
  if (isBinary(type) || hasCharset(type) || isJson(type)) return name + parameters;
  return `${name}${parameters}; charset=UTF-8`;
}

function isJson(type: MediaType): boolean {
  return type.main === "application" && type.sub === "json";
}

function hasCharset(type: MediaType): boolean {
  return /(^|;)\s*charset\s*=/i.test(type.parameters);
}
