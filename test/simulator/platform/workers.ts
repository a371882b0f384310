// Stands for `cloudflare:workers` and for the globals of workerd that object classes use.

export class DurableObject<Env = unknown> {
  readonly ctx: unknown;
  readonly env: Env;

  constructor(ctx: unknown, env: Env) {
    this.ctx = ctx;
    this.env = env;
  }
}

export class WorkerEntrypoint extends DurableObject {}
export class RpcTarget {}

/** The object's half of a WebSocket. What it sends passes through the object's output gate. */
export class ServerSocket {
  readyState = 1;
  tags: string[] = [];
  /** Set when the object accepts it. */
  deliver: ((text: string) => void) | null = null;
  shut: ((code: number, reason: string) => void) | null = null;
  pingedAt: Date | null = null;
  #attachment: unknown = null;

  send(text: string): void {
    if (this.readyState !== 1 || this.deliver === null)
      throw new TypeError("Can't call WebSocket send() after close().");
    this.deliver(text);
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState !== 1) return;
    this.readyState = 2;
    this.shut?.(code, reason);
  }

  serializeAttachment(value: unknown): void {
    const text = JSON.stringify(value);
    if (text !== undefined && text.length > 16_384) throw new Error("attachment is larger than 16 KiB");
    this.#attachment = value === undefined ? null : JSON.parse(text);
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment);
  }
}

/** The other half stands for the dialler; the simulated network reads `server` from it. */
export class ClientSocket {
  readonly server: ServerSocket;

  constructor(server: ServerSocket) {
    this.server = server;
  }
}

export class WebSocketPair {
  readonly 0: ClientSocket;
  readonly 1: ServerSocket;

  constructor() {
    this[1] = new ServerSocket();
    this[0] = new ClientSocket(this[1]);
  }
}

export class WebSocketRequestResponsePair {
  readonly request: string;
  readonly response: string;

  constructor(request: string, response: string) {
    this.request = request;
    this.response = response;
  }
}

class SimResponse {
  readonly status: number;
  readonly body: unknown;
  readonly webSocket: ClientSocket | null;

  constructor(body: unknown, init: { status?: number; webSocket?: ClientSocket } = {}) {
    this.body = body;
    this.status = init.status ?? 200;
    this.webSocket = init.webSocket ?? null;
  }

  static json(body: unknown, init: { status?: number } = {}): SimResponse {
    return new SimResponse(JSON.stringify(body), init);
  }
}

export { SimResponse as Response };
