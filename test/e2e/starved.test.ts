// A host that gets no processor for longer than the platform waits for a ping. It is frozen, which needs root and a
// cgroup hierarchy that is ours to write; a frozen process counts as living, other than a stopped one.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { basic, GUEST, type Platform, startPlatform } from "../support/platform.ts";

/** ms; the platform waits 12 s for a ping. */
const FROZEN_FOR = 16_000;

interface Freezer {
  freeze(pid: number): void;
  thaw(): void;
  close(): void;
}

function openFreezer(): Freezer | null {
  const v1 = "/sys/fs/cgroup/freezer";
  const v2 = "/sys/fs/cgroup";
  const root = existsSync(join(v1, "cgroup.procs")) ? v1 : existsSync(join(v2, "cgroup.controllers")) ? v2 : null;
  if (root === null) return null;
  const group = join(root, `edgewhisk-starved-${process.pid}`);
  const [file, frozen, thawed] = root === v1 ? ["freezer.state", "FROZEN", "THAWED"] : ["cgroup.freeze", "1", "0"];
  try {
    mkdirSync(group);
  } catch {
    return null;
  }
  if (!existsSync(join(group, file))) {
    rmdirSync(group);
    return null;
  }
  return {
    freeze(pid) {
      writeFileSync(join(group, "cgroup.procs"), String(pid));
      writeFileSync(join(group, file), frozen);
    },
    thaw() {
      writeFileSync(join(group, file), thawed);
      const pids = readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
      for (const pid of pids) writeFileSync(join(root, "cgroup.procs"), pid);
    },
    close: () => rmdirSync(group),
  };
}

const freezer = openFreezer();
if (freezer === null) console.log("not run: no cgroup hierarchy here may be written, so nothing can be frozen");

let platform: Platform;
beforeAll(async () => {
  if (freezer !== null) platform = await startPlatform({ engine: "process" });
});
afterAll(async () => {
  await platform?.stop();
  freezer?.close();
});

it.skipIf(freezer === null)(
  "its run goes on and is answered, and what came meanwhile is run when it is back",
  async () => {
    const path = `${platform.url}/api/v1/namespaces/_/actions/slow`;
    const headers = { authorization: basic(GUEST), "content-type": "application/json" };
    const code =
      "function main(args) { return new Promise((done) => setTimeout(() => done({ slept: args.ms }), args.ms)); }";
    const body = JSON.stringify({ exec: { kind: "nodejs:default", code } });
    expect((await fetch(path, { method: "PUT", headers, body })).status).toBe(200);
    const call = (ms: number, query: string) =>
      fetch(`${path}${query}`, { method: "POST", headers, body: JSON.stringify({ ms }) });
    const running = call(6_000, "?blocking=true&result=true");
    await sleep(2_000);
    const [host = 0] = platform.pids().host;
    freezer?.freeze(host);
    let accepted: Response;
    try {
      await sleep(FROZEN_FOR);
      accepted = await call(1, "");
      expect(accepted.status).toBe(202);
    } finally {
      freezer?.thaw();
    }
    const answer = await running;
    expect([answer.status, await answer.json()]).toEqual([200, { slept: 6_000 }]);
    const { activationId } = (await accepted.json()) as { activationId: string };
    const record = () => fetch(`${platform.url}/api/v1/namespaces/_/activations/${activationId}`, { headers });
    await expect.poll(async () => (await record()).status, { interval: 200 }).toBe(200);
    expect(await (await record()).json()).toMatchObject({ response: { status: "success", result: { slept: 1 } } });
    expect(platform.pids().host).toEqual([host]);
  },
);
