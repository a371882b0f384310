// Records of a namespace are sent to a receiver on this machine: each of them, signed, also when workerd is killed or nobody
// answers; and no call waits for it.

import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { freePort, GUEST, ready } from "../support/platform.ts";
import { type Bench, type Loose, put } from "./engines.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const SECRET = "a secret of the receiver's own";
const PATIENCE = { timeout: 90_000, interval: 200 };

/** What comes is checked as a receiver would. */
class Receiver {
  readonly port: number;
  readonly records = new Map<string, Loose>();
  readonly faults: string[] = [];
  /** Batches are not answered before this. */
  held: Promise<void> | null = null;
  /** Batches that came. */
  batches = 0;
  #server: Server | null = null;

  constructor(port: number) {
    this.port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/records?from=here`;
  }

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch((error: unknown) => {
        // Whoever is killed while he sends is no fault.
        if (!request.readableAborted) this.faults.push(String(error));
      });
    });
    this.#server.listen(this.port, "127.0.0.1");
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
    this.batches++;
    const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), body]);
    const right = `v1,${createHmac("sha256", SECRET).update(signed).digest("base64")}`;
    if (headers["webhook-signature"] !== right) this.faults.push("a batch with another signature");
    if (request.url !== "/records?from=here" || request.method !== "POST") this.faults.push(`${request.url}`);
    if (headers.authorization !== "Bearer of the receiver") this.faults.push(`authorization ${headers.authorization}`);
    const text = gunzipSync(body).toString();
    if (text.includes(GUEST) || text.includes(GUEST.slice(37))) this.faults.push("a batch with a key");
    const lines = text.split("\n").slice(0, -1);
    await this.held;
    // Only what is answered counts as taken.
    for (const line of lines) {
      const record = JSON.parse(line);
      this.records.set(record.activationId, record);
    }
    response.writeHead(202).end();
  }
}

/** On a platform whose objects may reach this machine. */
export function forwardsRecords(bench: Bench): void {
  it("sends each record to its namespace's hook, whatever dies, and no call waits for a receiver", async () => {
    const receiver = new Receiver(await freePort());
    await receiver.open();
    try {
      await put(bench, "told", { code: 'function main({ n }) { console.log("line " + n); return { n, ü: "😀" }; }' });
      expect(await command(bench, ["--to", receiver.url, "--secret", "--authorization"])).toContain(receiver.url);
      const ids = await calls(bench, 30);
      await expect.poll(() => receiver.records.size, PATIENCE).toBeGreaterThan(0);
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      await expect.poll(() => ready(bench.platform().url), PATIENCE).toBe(true);
      ids.push(...(await calls(bench, 5)));
      await expect.poll(() => ids.filter((id) => !receiver.records.has(id)), PATIENCE).toEqual([]);
      expect(receiver.records.get(ids[7] ?? "")).toMatchObject({
        ...{ namespace: "guest", name: "told", logs: [expect.stringContaining("line 7")] },
        response: { status: "success", result: { n: 7, ü: "😀" } },
        meta: { v: 1, kind: expect.stringMatching(/^nodejs/) },
      });

      // It hangs: calls are answered all the same.
      const free = Promise.withResolvers<void>();
      receiver.held = free.promise;
      const before = receiver.batches;
      const held = await calls(bench, 3);
      await expect.poll(() => receiver.batches, PATIENCE).toBeGreaterThan(before);
      held.push(...(await calls(bench, 20)));
      // It is gone.
      await receiver.close();
      receiver.held = null;
      free.resolve();
      await expect.poll(() => shown(bench), PATIENCE).toMatchObject({ lastError: { text: expect.any(String) } });
      const { waiting, lagMs } = await shown(bench);
      expect(waiting).toBeGreaterThan(0);
      expect(lagMs).toBeGreaterThan(0);
      await receiver.open();
      await expect.poll(() => held.filter((id) => !receiver.records.has(id)), PATIENCE).toEqual([]);
      await expect
        .poll(() => shown(bench), PATIENCE)
        .toMatchObject({ waiting: 0, lastError: null, dropped: { total: 0 } });
      expect(receiver.faults).toEqual([]);

      expect(await command(bench, ["--off"])).toBe("records of guest are sent nowhere\n");
    } finally {
      await receiver.close();
    }
  }, 240_000);
}

async function calls(bench: Bench, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const answer = await bench.request("actions/told?blocking=true", { method: "POST", body: { n } });
    expect(answer.status, answer.text).toBe(200);
    ids.push(answer.json.activationId);
  }
  return ids;
}

/** Of `edgewhisk records forward guest`. */
async function command(bench: Bench, args: readonly string[]): Promise<string> {
  const { url, state } = bench.platform();
  const argv = [join(ROOT, "runtime-host/cli/edgewhisk.ts"), "records", "forward", "guest", ...args];
  const env = {
    ...{ ...process.env, EDGEWHISK_STATE: state },
    ...{ EDGEWHISK_HOOK_SECRET: SECRET, EDGEWHISK_HOOK_AUTHORIZATION: "Bearer of the receiver" },
  };
  const ran = await promisify(execFile)(join(ROOT, "node_modules/.bin/node"), [...argv, "--url", url], { env });
  return ran.stdout;
}

async function shown(bench: Bench): Promise<Loose> {
  return JSON.parse(await command(bench, ["--json"])).state;
}
