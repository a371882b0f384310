// GET /metrics of a host, over plain HTTP, and GET /ping. Nothing else is answered, and no metrics without the token
// where there is one.

import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";

export interface MetricsAddress {
  readonly address: string;
  /** 0 = any that is free. */
  readonly port: number;
  /** Secret; null: whoever can connect may ask. */
  readonly token: string | null;
}

export interface MetricsServer {
  readonly port: number;
  close(): void;
}

/** Rejects with a sentence where the address cannot be had. */
export async function serveMetrics(listen: MetricsAddress, registry: Registry): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => void answer(request, response));
  server.maxConnections = 16;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    // Tells that the process lives, and nothing else: whoever watches it needs no token.
    if (request.method === "GET" && request.url === "/ping") {
      response.writeHead(200, { "Content-Type": "text/plain" }).end("pong");
      return;
    }
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(request.url === "/metrics" ? 405 : 404).end();
      return;
    }
    if (listen.token !== null && !isBearer(request.headers.authorization, listen.token)) {
      response.writeHead(401, { "WWW-Authenticate": 'Bearer realm="edgewhisk host metrics"' }).end();
      return;
    }
    response.writeHead(200, { "Content-Type": registry.contentType }).end(await registry.metrics());
  };
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`The metrics cannot be served: ${error.message}.`)));
    server.listen(listen.port, listen.address, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server of the metrics has no port");
  server.unref();
  return {
    port: bound.port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function isBearer(given: string | undefined, token: string): boolean {
  const shown = /^bearer\s+(\S+)\s*$/i.exec(given ?? "")?.[1] ?? "";
  return timingSafeEqual(digestOf(shown), digestOf(token));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
