// Speaks the container protocol to one runtime, wherever it listens, with one kept-alive connection.
import { Client } from "undici";

/** A started, not yet initialised runtime. */
export interface Runtime {
  /** `http://127.0.0.1:port`; with a socketPath the host part means nothing. */
  url: string;
  socketPath?: string;
  pid?: number;
  logs(): { stdout: string; stderr: string };
  /** Resolves when the runtime's process is gone. */
  exited: Promise<unknown>;
  stop(): Promise<void>;
}

export interface Answer {
  status: number;
  text: string;
  body: unknown;
  headers: Record<string, string | string[] | undefined>;
}

export type StartRuntime = (env?: Record<string, string>) => Promise<Runtime>;

export const SENTINEL = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX";

export class RuntimeClient {
  readonly runtime: Runtime;
  #client: Client;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
    const socket = runtime.socketPath === undefined ? {} : { socketPath: runtime.socketPath };
    this.#client = new Client(runtime.url, { ...socket, pipelining: 8, headersTimeout: 300_000 });
  }

  async request(
    path: string,
    {
      body,
      method = "POST",
      headers: more = {},
    }: { body?: string; method?: "GET" | "POST"; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const headers = { "content-type": "application/json", ...more };
    const response = await this.#client.request({ path, method, headers, body: body ?? null });
    const text = await response.body.text();
    return { status: response.statusCode, text, body: parse(text), headers: response.headers };
  }

  hello(): Promise<Answer> {
    return this.request("/hello", { method: "GET" });
  }

  init(value: Record<string, unknown>): Promise<Answer> {
    return this.request("/init", { body: JSON.stringify({ value }) });
  }

  run(value: unknown, context: Record<string, unknown> = {}): Promise<Answer> {
    return this.request("/run", { body: JSON.stringify({ value, ...context }) });
  }

  async close(): Promise<void> {
    await this.#client.destroy();
    await this.runtime.stop();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Waits until the server answers; connection refused only means "not yet". */
export async function untilUp(runtime: Runtime, { patience = 300_000 } = {}): Promise<Runtime> {
  for (const end = Date.now() + patience; ; ) {
    const client = new RuntimeClient({ ...runtime, stop: async () => {} });
    try {
      await client.hello();
      return runtime;
    } catch (error) {
      if (Date.now() > end) throw error;
    } finally {
      await client.close();
    }
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** The runtime is stopped whatever happens. */
export async function using(
  start: StartRuntime,
  env: Record<string, string> | undefined,
  story: (client: RuntimeClient) => Promise<void>,
): Promise<void> {
  const client = new RuntimeClient(await start(env));
  try {
    await story(client);
  } finally {
    await client.close();
  }
}

/** How many activations the text shows as ended, each on a line of its own. */
export function count(text: string): number {
  return text.split("\n").filter((line) => line === SENTINEL).length;
}
