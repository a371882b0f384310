// One container under check: its HTTP door, one call at a time, and what it has printed so far.

import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";

/** What was started for one check. */
export interface Subject {
  /** `http://172.18.0.2:8080` */
  readonly url: string;
  readonly printed: { readonly stdout: string; readonly stderr: string };
  stop(): Promise<void>;
}

export interface ContractAnswer {
  readonly status: number;
  readonly text: string;
  /** Undefined if the text is no JSON. */
  readonly body: unknown;
  readonly length: string | undefined;
}

/** A promise of the contract that was not kept, as one sentence. */
export class Broken extends Error {}

export const END = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX";
const MAX_CALL_MS = 30_000;
const MAX_MARKER_WAIT_MS = 5_000;
const MAX_QUOTE_CHARS = 200;

export class Session {
  readonly #subject: Subject;
  readonly #client: Client;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#client = new Client(subject.url, { headersTimeout: MAX_CALL_MS, bodyTimeout: MAX_CALL_MS });
  }

  get printed(): Subject["printed"] {
    return this.#subject.printed;
  }

  hello(): Promise<ContractAnswer> {
    return this.#call("GET", "/hello", null);
  }

  init(value: Record<string, unknown>): Promise<ContractAnswer> {
    return this.post("/init", JSON.stringify({ value }));
  }

  run(value: unknown, context: Record<string, string> = {}): Promise<ContractAnswer> {
    return this.post("/run", JSON.stringify({ value, ...context, deadline: String(Date.now() + MAX_CALL_MS) }));
  }

  post(path: string, body: string): Promise<ContractAnswer> {
    return this.#call("POST", path, body);
  }

  /** Waits for `count` end markers on both streams; says what came instead. */
  async ended(count: number): Promise<void> {
    const markers = (text: string) => text.split("\n").filter((line) => line === END).length;
    const seen = () => [markers(this.printed.stdout), markers(this.printed.stderr)] as const;
    for (const until = Date.now() + MAX_MARKER_WAIT_MS; Date.now() < until; await sleep(20))
      if (seen().every((each) => each >= count)) break;
    const [stdout, stderr] = seen();
    if (stdout !== count || stderr !== count)
      throw new Broken(`after ${count} runs there are ${stdout} end markers on stdout and ${stderr} on stderr`);
  }

  async close(): Promise<void> {
    await this.#client.destroy();
    await this.#subject.stop();
  }

  async #call(method: "GET" | "POST", path: string, body: string | null): Promise<ContractAnswer> {
    try {
      const headers = { "content-type": "application/json" };
      const answer = await this.#client.request({ method, path, headers, body });
      const text = await answer.body.text();
      const length = answer.headers["content-length"];
      return { status: answer.statusCode, text, body: parsed(text), ...{ length: length?.toString() } };
    } catch (error) {
      throw new Broken(`${path} was not answered: ${(error as Error).message}`);
    }
  }
}

/** Waits until somebody listens. */
export async function whenListening(url: string, patience: number): Promise<boolean> {
  const client = new Client(url, { connect: { timeout: 1_000 } });
  try {
    for (const until = Date.now() + patience; Date.now() < until; await sleep(20)) {
      try {
        await (await client.request({ method: "GET", path: "/hello" })).body.dump();
        return true;
      } catch (error) {
        // Whoever breaks a connection off has listened.
        if ((error as { code?: string }).code === "UND_ERR_SOCKET") return true;
      }
    }
    return false;
  } finally {
    await client.destroy();
  }
}

export function quote(answer: ContractAnswer): string {
  const { status, text } = answer;
  return `${status} ${text.length > MAX_QUOTE_CHARS ? `${text.slice(0, MAX_QUOTE_CHARS)}…` : text}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
