// The only door containers have to the platform: listens on their bridge's gateway and passes /api/v1/ on, nothing else and
// nothing added. Whoever calls authenticates to the API itself.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";

export interface Forwarder {
  /** For `__OW_API_HOST`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const MOST_CALLERS = 256;
const MOST_CONNECTIONS = 64;
/** A blocking call may take a minute, and its body some time before. */
const LONGEST = 180_000;
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** What only a proxy that is trusted may say about a caller. */
const CLAIMS = /^(cf-|x-forwarded|x-real-ip|forwarded|true-client-ip|host$|expect$)/;

export async function startForwarder(options: { listen: string; target: string }): Promise<Forwarder> {
  const pool = new Pool(options.target, {
    connections: MOST_CONNECTIONS,
    headersTimeout: LONGEST,
    bodyTimeout: LONGEST,
    connect: { timeout: 5_000 },
  });
  const server = createServer({ requestTimeout: LONGEST, headersTimeout: 10_000, maxHeaderSize: 32 * 1024 });
  server.maxConnections = MOST_CALLERS;
  server.on("request", (request, response) => {
    forward(request, response, pool).catch(() => refuse(response, 502, "The API does not answer."));
  });
  server.on("upgrade", (_request, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, options.listen, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.listen}:${port}`,
    port,
    async close() {
      server.close();
      server.closeAllConnections();
      await pool.destroy();
    },
  };
}

async function forward(request: IncomingMessage, response: ServerResponse, pool: Pool): Promise<void> {
  const path = apiPath(request.url ?? "");
  if (path === null) {
    request.resume();
    return refuse(response, 404, "The requested resource could not be found.");
  }
  const headers: string[] = [];
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = (request.rawHeaders[at] as string).toLowerCase();
    if (!HOP_BY_HOP.has(name) && !CLAIMS.test(name)) headers.push(name, request.rawHeaders[at + 1] as string);
  }
  const hasBody = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
  const abort = new AbortController();
  response.once("close", () => abort.abort());
  const answer = await pool.request({
    path,
    method: (request.method ?? "GET") as "GET",
    headers,
    body: hasBody ? request : null,
    signal: abort.signal,
    responseHeaders: "raw",
  });
  const raw = answer.headers as unknown as (Buffer | string)[];
  const passed: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = String(raw[at]);
    if (!HOP_BY_HOP.has(name.toLowerCase())) passed.push(name, String(raw[at + 1]));
  }
  response.writeHead(answer.statusCode, passed);
  answer.body.on("error", () => response.destroy());
  answer.body.pipe(response);
}

/** The path as the API will understand it, if it is one of the API's: dots are resolved before the look. */
export function apiPath(url: string): string | null {
  if (!url.startsWith("/")) return null;
  const parsed = URL.parse(`http://api${url}`);
  if (parsed === null || parsed.host !== "api") return null;
  const { pathname, search } = parsed;
  // An encoded slash or backslash might be decoded behind us, after the look.
  if (/%2f|%5c|%00/i.test(pathname.slice(0, 9))) return null;
  return pathname === "/api/v1" || pathname.startsWith("/api/v1/") ? pathname + search : null;
}

function refuse(response: ServerResponse, status: number, error: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ error, code: "forwarder" });
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}
