// The only door containers have to the platform: listens on their bridge's gateway and passes /api/v1/ on, nothing
// else, and adds that it comes out of a container. Whoever calls authenticates to the API itself. What each container
// and namespace may hold of it is bounded.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Pool } from "undici";
import { FROM_CONTAINER } from "../../../src/entities/development.ts";
import { type Body, receive, SlowSender } from "./forwarder-body.ts";
import { type Asker, Shares } from "./forwarder-shares.ts";

export interface Forwarder {
  /** For `__OW_API_HOST`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface ForwarderOptions {
  readonly listen: string;
  /** Taken where it is free; absent or 0 = any. */
  readonly port?: number;
  readonly target: string;
  /** The namespace of the container at this address; null where it is nobody's. */
  readonly whose: (address: string) => string | null;
  /** For tests: shorter waits. */
  readonly times?: Partial<Times>;
}

interface Times {
  /** ms without a byte of a body. */
  silence: number;
  /** ms a request may wait for its turn. */
  turn: number;
  /** ms in which nothing of an answer is taken. */
  stall: number;
}

const TIMES: Times = { silence: 10_000, turn: 30_000, stall: 30_000 };
const CONNECTIONS = { total: 2048, perContainer: 256 };
/** Bodies that are read: the next ones are not, until one of these has come or its sender was too slow. */
const UNFINISHED = { total: 512, perContainer: 32 };
/** Bodies that are passed on while they come. */
const FLOWING = { total: 64, perContainer: 8 };
/** Requests the API has. */
const UPSTREAM = { total: 256, perContainer: 64 };
/** Bytes of a body that are read before the API is asked. */
const MAX_HELD_BYTES = 32 * 1024;
/** Bytes per second of a body, on the whole. */
const MIN_BYTES_PER_S = 8 * 1024;
/** A blocking call may take a minute, and its body some time before. */
const MAX_CALL_MS = 180_000;
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

/** Why a request is not passed on. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

export async function startForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const forwarder = new RequestForwarder(options);
  const server = createServer({
    requestTimeout: MAX_CALL_MS,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 32 * 1024,
  });
  const connections = new Shares(CONNECTIONS);
  server.on("connection", (socket) => {
    const who = forwarder.who(socket.remoteAddress);
    if (!connections.take(who)) return socket.destroy();
    socket.once("close", () => connections.give(who));
  });
  const busy = new WeakSet<Socket>();
  server.on("request", (request, response) => {
    const { socket } = request;
    // One at a time: whoever does not wait for answers could have us keep requests without end.
    if (busy.has(socket)) return socket.destroy();
    busy.add(socket);
    response.once("close", () => busy.delete(socket));
    forwarder.serve(request, response).catch((error: unknown) => {
      if (error instanceof Refusal) refuse(response, error.status, error.message);
      else refuse(response, 502, "The API does not answer.");
    });
  });
  server.on("upgrade", (_request, socket) => socket.destroy());
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, options.listen, () => {
        server.off("error", reject);
        resolve();
      });
    });
  await listen(options.port ?? 0).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    return listen(0);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.listen}:${port}`,
    port,
    async close() {
      server.close();
      server.closeAllConnections();
      await forwarder.close();
    },
  };
}

/** Takes requests one by one: each waits for its body, then for its turn, and only then has a connection to the API. */
class RequestForwarder {
  readonly #options: ForwarderOptions;
  readonly #times: Times;
  readonly #pool: Pool;
  readonly #unfinished = new Shares(UNFINISHED);
  readonly #flowing = new Shares(FLOWING);
  readonly #upstream = new Shares(UPSTREAM);

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
    this.#pool = new Pool(options.target, {
      connections: UPSTREAM.total,
      headersTimeout: MAX_CALL_MS,
      bodyTimeout: MAX_CALL_MS,
      connect: { timeout: 5_000 },
    });
  }

  who(address = ""): Asker {
    return { container: address, namespace: this.#options.whose(address) ?? address };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = apiPath(request.url ?? "");
    if (path === null) throw new Refusal(404, "The requested resource could not be found.");
    const who = this.who(request.socket.remoteAddress);
    const gone = new AbortController();
    response.once("close", () => gone.abort(new Error("the caller has gone")));
    const body = await this.#receive(request, who, gone.signal);
    if (body !== null && "flow" in body) {
      await this.#inTurn(this.#flowing, who, gone.signal, () =>
        this.#inTurn(this.#upstream, who, gone.signal, () => this.#pass(request, response, path, body.flow)),
      );
    } else {
      const whole = body === null ? null : body.whole;
      await this.#inTurn(this.#upstream, who, gone.signal, () => this.#pass(request, response, path, whole));
    }
  }

  async #receive(request: IncomingMessage, who: Asker, gone: AbortSignal): Promise<Body | null> {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    if (length === undefined && encoding === undefined) return null;
    return this.#inTurn(this.#unfinished, who, gone, () =>
      receive(request, { heldBytes: MAX_HELD_BYTES, silenceMs: this.#times.silence, bytesPerS: MIN_BYTES_PER_S }).catch(
        (error: unknown) => {
          throw slow(error);
        },
      ),
    );
  }

  async #inTurn<T>(shares: Shares, who: Asker, gone: AbortSignal, act: () => Promise<T>): Promise<T> {
    const late = new Refusal(503, "Too many requests of this action, or of its namespace, are under way.");
    const wait = new AbortController();
    const timer = setTimeout(() => wait.abort(late), this.#times.turn);
    try {
      await shares.turn(who, AbortSignal.any([gone, wait.signal]));
    } finally {
      clearTimeout(timer);
    }
    try {
      return await act();
    } finally {
      shares.give(who);
    }
  }

  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    body: Buffer | AsyncIterable<Buffer> | null,
  ): Promise<void> {
    const abort = new AbortController();
    const stop = () => abort.abort();
    response.once("close", stop);
    const answer = await this.#pool
      .request({
        path,
        method: (request.method ?? "GET") as "GET",
        headers: [
          ...passedOn(request.rawHeaders, (name) => !HOP_BY_HOP.has(name) && !CLAIMS.test(name)),
          ...[FROM_CONTAINER, "1"],
        ],
        body: body as Buffer | null,
        signal: abort.signal,
        responseHeaders: "raw",
      })
      .catch((error: unknown) => {
        throw slow(error);
      });
    const raw = answer.headers as unknown as (Buffer | string)[];
    response.writeHead(
      answer.statusCode,
      passedOn(raw, (name) => !HOP_BY_HOP.has(name)),
    );
    try {
      for await (const chunk of answer.body) if (!response.write(chunk)) await this.#drained(response, abort.signal);
      response.end();
    } catch {
      // Half an answer must not look like a whole one.
      response.destroy();
    } finally {
      response.off("close", stop);
    }
  }

  /** Resolves when the caller has taken what it was sent; rejects when it has gone, or takes nothing. */
  async #drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
    const stalled = new AbortController();
    const timer = setTimeout(() => stalled.abort(), this.#times.stall);
    try {
      await once(response, "drain", { signal: AbortSignal.any([gone, stalled.signal]) });
    } finally {
      clearTimeout(timer);
    }
  }
}

function slow(error: unknown): unknown {
  return error instanceof SlowSender ? new Refusal(408, "The request's body did not come in time.") : error;
}

/** Of names and values in turn, those that are wanted by the name in lower case. */
function passedOn(raw: readonly (Buffer | string)[], wanted: (name: string) => boolean): string[] {
  const passed: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = String(raw[at]);
    if (wanted(name.toLowerCase())) passed.push(name, String(raw[at + 1]));
  }
  return passed;
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
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...(status === 503 ? { "retry-after": "1" } : {}),
    // What was not read of the request is not waited for.
    connection: "close",
  });
  response.end(body);
}
