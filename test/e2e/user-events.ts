// User events go to the receiver of their namespace and to the platform's, also when workerd is killed: what ended, and
// what the limits said.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freePort, GUEST, ready } from "../support/platform.ts";
import { type Bench, type Loose, put } from "./engines.ts";
import { SignedReceiver } from "./signed-receiver.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const SECRET = "a secret of the owner's own";
const PATIENCE = { interval: 200 };

/** To be given to the platform before it starts. */
export async function platformsReceiver(): Promise<{ receiver: SignedReceiver; flags: string[] }> {
  const secret = "a secret of the operator";
  const receiver = new SignedReceiver({ port: await freePort(), secret, authorization: "Bearer of-the-operator" });
  const vars = { URL: receiver.url, SECRET: secret, TOKEN: "of-the-operator" };
  return {
    receiver,
    flags: Object.entries(vars).flatMap(([name, value]) => ["--var", `USER_EVENTS_${name}=${value}`]),
  };
}

export function tellsUserEvents(bench: Bench, all: SignedReceiver): void {
  it("sends each user event to its namespace's receiver and to the platform's, whatever dies", async () => {
    const own = new SignedReceiver({ port: await freePort(), secret: SECRET, authorization: undefined });
    await Promise.all([own.open(), all.open()]);
    try {
      await put(bench, "event", { code: "function main({ n }) { return { n, statusCode: 200 + n }; }" });
      expect(await edgewhisk(bench, ["own", "events", "--to", own.url, "--secret"])).toContain(own.url);
      const ids = await calls(bench, 20);
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      await expect.poll(() => ready(bench.platform().url), PATIENCE).toBe(true);
      ids.push(...(await calls(bench, 5)));
      for (const receiver of [own, all]) {
        await expect.poll(() => ids.filter((id) => !ended(receiver).has(id)), PATIENCE).toEqual([]);
      }
      expect(ended(own).get(ids[3] ?? "")).toEqual({
        source: expect.any(String),
        body: {
          ...{ name: "guest/event", activationId: ids[3], statusCode: 0, duration: expect.any(Number) },
          ...{ waitTime: expect.any(Number), initTime: expect.any(Number), kind: expect.stringMatching(/^nodejs/) },
          ...{ conductor: false, memory: 256, size: expect.any(Number), userDefinedStatusCode: 203 },
        },
        subject: "guest",
        namespace: "guest",
        userId: GUEST.slice(0, 36),
        eventType: "Activation",
        timestamp: expect.any(Number),
      });

      await exceeded(bench);
      await expect
        .poll(() => new Set(metrics(all)), PATIENCE)
        .toEqual(new Set(["ConcurrentInvocations of limited", "TimedRateLimit of limited"]));
      expect(metrics(own)).toEqual([]);
      expect(await edgewhisk(bench, ["own", "events", "--off"])).toBe("user events of guest are sent nowhere\n");
      const [after = ""] = await calls(bench, 1);
      await expect.poll(() => ended(all).has(after), PATIENCE).toBe(true);
      expect([ended(own).has(after), own.faults, all.faults]).toEqual([false, [], []]);
    } finally {
      await Promise.all([own.close(), all.close()]);
    }
  });
}

const ended = ({ lines }: SignedReceiver): Map<string, Loose> =>
  new Map(lines.filter(({ eventType }) => eventType === "Activation").map((line) => [line.body.activationId, line]));

const metrics = ({ lines }: SignedReceiver): string[] =>
  lines
    .filter(({ eventType }) => eventType === "Metric")
    .map(({ body, namespace }) => `${body.metricName} of ${namespace}`);

/** Another namespace calls more often than it may. */
async function exceeded(bench: Bench): Promise<void> {
  const key = (await edgewhisk(bench, ["subject", "create", "limited"])).trim();
  await edgewhisk(bench, ["limits", "set", "limited", "--limit", "invocationsPerMinute=3"]);
  const headers = { authorization: `Basic ${Buffer.from(key).toString("base64")}` };
  const path = "actions/mine?overwrite=true";
  const body = { exec: { kind: "nodejs:default", code: "function main() {}" } };
  expect((await bench.request(path, { method: "PUT", headers, body })).status).toBe(200);
  const called = async () => (await bench.request("actions/mine", { method: "POST", headers, body: {} })).status;
  await expect.poll(called, PATIENCE).toBe(429);
}

async function calls(bench: Bench, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const answer = await bench.request("actions/event?blocking=true", { method: "POST", body: { n } });
    expect(answer.status, answer.text).toBe(200);
    ids.push(answer.json.activationId);
  }
  return ids;
}

async function edgewhisk(bench: Bench, args: readonly string[]): Promise<string> {
  const { url, state } = bench.platform();
  const env = { ...process.env, EDGEWHISK_STATE: state, EDGEWHISK_AUTH: GUEST, EDGEWHISK_HOOK_SECRET: SECRET };
  const argv = [join(ROOT, "runtime-host/cli/edgewhisk.ts"), ...args, "--url", url];
  return (await promisify(execFile)(join(ROOT, "node_modules/.bin/node"), argv, { env })).stdout;
}
