// The platform's address as a person gives it, and why nobody answers there.

const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** The origin alone; null if the text is none. Without a scheme it is https, as for `wsk`, and http on this machine. */
export function originOf(text: string): string | null {
  const scheme = LOCAL.test(text.replace(/\/$/, "")) ? "http" : "https";
  const url = URL.parse(text.includes("://") ? text : `${scheme}://${text}`);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  return url.username === "" && url.password === "" && url.pathname === "/" && url.search === "" ? url.origin : null;
}

/** `error`: what `fetch`, or a socket, has thrown. */
export function whyNoAnswer(url: string, error: unknown): string {
  const { message, cause } = error as Error;
  const why = cause instanceof Error ? cause : (error as Error);
  const code = (why as { code?: string }).code ?? "";
  if (url.startsWith("https:") && (code.startsWith("ERR_SSL") || code === "EPROTO")) {
    return `it speaks no TLS there: if it is meant to, say ${url.replace("https:", "http:")}`;
  }
  return why.message || code || message;
}
