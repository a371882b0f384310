// A receiver on this machine of what a platform sends as it is made: lines of JSON in signed batches,
// checked as a receiver would.

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { GUEST } from "../support/platform.ts";
import type { Loose } from "./engines.ts";

export interface ReceiverOptions {
  port: number;
  secret: string;
  authorization: string | undefined;
}

export class SignedReceiver {
  /** What is taken, each time it comes. */
  readonly lines: Loose[] = [];
  readonly faults: string[] = [];
  /** Batches are not answered before this. */
  held: Promise<void> | null = null;
  /** Batches that came. */
  batches = 0;
  readonly #options: ReceiverOptions;
  #server: Server | null = null;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.port}/lines?from=here`;
  }

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch((error: unknown) => {
        // Whoever is killed while he sends is no fault.
        if (!request.readableAborted) this.faults.push(String(error));
      });
    });
    this.#server.listen(this.#options.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const { headers } = request;
    const { secret, authorization } = this.#options;
    this.batches++;
    const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), body]);
    const right = `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`;
    if (headers["webhook-signature"] !== right) this.faults.push("a batch with another signature");
    if (request.url !== "/lines?from=here" || request.method !== "POST") this.faults.push(`${request.url}`);
    if (headers.authorization !== authorization) this.faults.push(`authorization ${headers.authorization}`);
    const text = gunzipSync(body).toString();
    if (text.includes(GUEST) || text.includes(GUEST.slice(37))) this.faults.push("a batch with a key");
    const lines = text.split("\n").slice(0, -1);
    await this.held;
    // Only what is answered counts as taken.
    for (const line of lines) this.lines.push(JSON.parse(line));
    response.writeHead(202).end();
  }
}
