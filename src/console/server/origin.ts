// The console's own origin: its page and files, the API and the admin API beside them, and nothing that a tenant has
// made. What a browser holds for this origin (a key in its session storage)
// is out of reach of every page that a web action serves.

import { COMMON_HEADERS, INERT_POLICY, pageOf, policyOf } from "./page.ts";

/** What the browser loads, as it was built. */
export interface ConsoleAssets {
  /** Names in `files` that the page loads first. */
  script: string;
  style: string;
  /** `bytes`: gzip, as base64. */
  files: Readonly<Record<string, { type: string; bytes: string }>>;
}

type Handler<Env> = (request: Request, env: Env, context: ExecutionContext) => Response | Promise<Response>;

const PREFIX = "/console/";
/** What of the API is served here. */
const SERVED = /^\/(api\/v1|admin\/v1|ping|invokers|metrics)(\/|$)/;
/** And what below it is not: pages and addresses that tenants make. */
const TENANTS = /^\/api\/v1\/(web|webhooks)(\/|$)/;
/** What answers of the API say for other origins, and to browsers that would ask for a password. */
const DROPPED = [
  "Access-Control-Allow-Origin",
  "Access-Control-Allow-Headers",
  "Access-Control-Allow-Methods",
  "Access-Control-Expose-Headers",
  "WWW-Authenticate",
  "Service-Worker-Allowed",
  "Clear-Site-Data",
];
const NONCE_BYTES = 18;

/** `api` answers for all that is not the console's own. */
export function consoleOrigin<Env>(assets: ConsoleAssets, api: Handler<Env>): Handler<Env> {
  return async (request, env, context) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/" || pathname.startsWith(PREFIX)) return own(request, pathname, assets);
    if (!SERVED.test(pathname) || TENANTS.test(pathname))
      return nothing("There is nothing here: the console serves itself and the API.");
    return guarded(await api(request, env, context));
  };
}

function own(request: Request, path: string, assets: ConsoleAssets): Response {
  if (request.method !== "GET") return nothing("The console is read with GET.", 405);
  if (path === "/") {
    const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(NONCE_BYTES))));
    return new Response(pageOf(assets, nonce), {
      headers: headersOf("text/html; charset=utf-8", { "Content-Security-Policy": policyOf(nonce) }),
    });
  }
  const name = path.slice(PREFIX.length);
  const file = Object.hasOwn(assets.files, name) ? assets.files[name] : undefined;
  if (file === undefined) return nothing("The console has no such file. It was updated: load the page again.");
  const bytes = Uint8Array.from(atob(file.bytes), (each) => each.charCodeAt(0));
  const packed = /\bgzip\b/.test(request.headers.get("Accept-Encoding") ?? "");
  if (packed) {
    const headers = headersOf(file.type, { "Content-Encoding": "gzip", Vary: "Accept-Encoding" });
    return new Response(bytes, { headers, encodeBody: "manual" });
  }
  const body = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(body, { headers: headersOf(file.type, { Vary: "Accept-Encoding" }) });
}

function nothing(error: string, status = 404): Response {
  return new Response(JSON.stringify({ error }), { status, headers: headersOf("application/json") });
}

function headersOf(type: string, more: Record<string, string> = {}): Headers {
  return new Headers({
    "Content-Type": type,
    "Content-Security-Policy": INERT_POLICY,
    // By it the page knows the server's time.
    Date: new Date().toUTCString(),
    ...COMMON_HEADERS,
    ...more,
  });
}

/** An answer of the API as this origin gives it. */
function guarded(answer: Response): Response {
  const headers = new Headers(answer.headers);
  for (const name of DROPPED) headers.delete(name);
  for (const [name, value] of Object.entries(COMMON_HEADERS)) headers.set(name, value);
  headers.set("Content-Security-Policy", INERT_POLICY);
  headers.set("Date", new Date().toUTCString());
  return new Response(answer.body, { status: answer.status, headers });
}
