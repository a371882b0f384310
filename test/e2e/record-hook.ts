// Records of a namespace are sent to a receiver on this machine: each of them, signed, also when workerd is killed or
// nobody answers; and no call waits for it.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freePort, ready } from "../support/platform.ts";
import { type Bench, type Loose, put } from "./engines.ts";
import { SignedReceiver } from "./signed-receiver.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const SECRET = "a secret of the receiver's own";
const PATIENCE = { interval: 200 };

/** On a platform whose objects may reach this machine. */
export function forwardsRecords(bench: Bench): void {
  it("sends each record to its namespace's hook, whatever dies, and no call waits for a receiver", async () => {
    const authorization = "Bearer of the receiver";
    const receiver = new SignedReceiver({ port: await freePort(), secret: SECRET, authorization });
    const records = () => new Map(receiver.lines.map((line) => [line.activationId, line]));
    await receiver.open();
    try {
      await put(bench, "told", { code: 'function main({ n }) { console.log("line " + n); return { n, ü: "😀" }; }' });
      expect(await command(bench, ["--to", receiver.url, "--secret", "--authorization"])).toContain(receiver.url);
      const ids = await calls(bench, 30);
      await expect.poll(() => records().size, PATIENCE).toBeGreaterThan(0);
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      await expect.poll(() => ready(bench.platform().url), PATIENCE).toBe(true);
      ids.push(...(await calls(bench, 5)));
      await expect.poll(() => ids.filter((id) => !records().has(id)), PATIENCE).toEqual([]);
      expect(records().get(ids[7] ?? "")).toMatchObject({
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
      await expect.poll(() => held.filter((id) => !records().has(id)), PATIENCE).toEqual([]);
      await expect
        .poll(() => shown(bench), PATIENCE)
        .toMatchObject({ waiting: 0, lastError: null, dropped: { total: 0 } });
      expect(receiver.faults).toEqual([]);

      expect(await command(bench, ["--off"])).toBe("records of guest are sent nowhere\n");
    } finally {
      await receiver.close();
    }
  });
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
