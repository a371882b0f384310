// The runtime contract against every interpreter of this machine, as child processes; and what only concerns those.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findLocalRuntimes } from "../../../runtime-host/runtimes/local.ts";
import { registerRuntimeContract } from "../../conformance/runtime-contract.ts";
import { registerNativeContract } from "../../conformance/runtime-native.ts";
import { RuntimeClient, untilUp } from "../../support/runtime-client.ts";
import { startProcess } from "../../support/runtime-process.ts";

const runtimes = await findLocalRuntimes();
const languages = runtimes.filter(({ family }) => family !== "native");
const EMPTY = { nodejs: "function main() {}", python: "def main(args):\n    return args\n", native: "echo '{}'" };
const ENDLESS = {
  nodejs: "function main() { for (;;); }",
  python: "def main(a):\n    while True: pass\n",
  // A program is ended by the engine, and here by itself.
  native: "while kill -0 $PPID 2>/dev/null; do :; done",
};

describe("local runtimes", () => {
  it("include the node that runs the host, and name kinds by the version they are", () => {
    const own = runtimes.find(({ kind }) => kind === `nodejs:${process.versions.node.split(".")[0]}`);
    expect(own?.interpreter).toBe(process.execPath);
    for (const { kind, version } of languages) expect(`${kind.split(":")[1]}.`).toBe(prefixOf(version, kind));
    expect(new Set(runtimes.map(({ kind }) => kind)).size).toBe(runtimes.length);
  });
});

if (!runtimes.some(({ family }) => family === "python")) console.warn("no python 3.9 or later on the PATH: not tested");

for (const local of runtimes) {
  const { family } = local;
  describe(`${local.kind} as a child process`, () => {
    if (family === "native") registerNativeContract((env) => startProcess(local, env));
    else registerRuntimeContract(family, (env) => startProcess(local, env));

    // Python has no handler for signals, since its children would have it as well: the engine removes what it leaves.
    if (family !== "python") {
      it("leaves nothing behind in its temporary folder when it is asked to end", async () => {
        const folder = mkdtempSync(join(tmpdir(), "edgewhisk-test-"));
        const client = new RuntimeClient(await startProcess(local, { TMPDIR: folder }));
        await client.init({ main: "main", code: EMPTY[family] });
        expect(readdirSync(folder)).toHaveLength(1);
        process.kill(client.runtime.pid ?? 0, "SIGTERM");
        await client.runtime.exited;
        expect(readdirSync(folder)).toEqual([]);
        await client.close();
        rmSync(folder, { recursive: true });
      });
    }

    if (family === "python") {
      it("ends by SIGTERM, and is not ended by an interrupt while it waits", async () => {
        const client = new RuntimeClient(await startProcess(local));
        const pid = client.runtime.pid ?? 0;
        await client.init({ main: "main", code: EMPTY.python });
        expect((await client.run({ a: 1 })).body).toEqual({ a: 1 });
        await expect.poll(() => asleep(pid)).toBe(true);
        process.kill(pid, "SIGINT");
        expect((await client.run({ a: 2 })).body).toEqual({ a: 2 });
        process.kill(pid, "SIGTERM");
        await client.runtime.exited;
        await client.close();
      });
    }

    it("dies with its parent, even inside an endless action", async () => {
      const folder = mkdtempSync(join(tmpdir(), "edgewhisk-test-"));
      const socketPath = join(folder, "s");
      const env = { ...local.env, PATH: process.env.PATH, TMPDIR: folder, EDGEWHISK_LISTEN: socketPath };
      const parent = spawn(process.execPath, ["-e", PARENT, ...local.command], {
        env: { ...env, EDGEWHISK_DIE_WITH_PARENT: "1" },
        stdio: ["ignore", "pipe", "ignore"],
      });
      const pid = Number((await once(parent.stdout, "data"))[0]);
      const nothing = { logs: () => ({ stdout: "", stderr: "" }), exited: once(parent, "exit"), stop: async () => {} };
      const client = new RuntimeClient(await untilUp({ url: "http://runtime", socketPath, ...nothing }));
      await client.init({ main: "main", code: ENDLESS[family] });
      const endless = client.run({}).catch(() => "gone");
      expect(alive(pid)).toBe(true);
      parent.kill("SIGKILL");
      await expect.poll(() => alive(pid)).toBe(false);
      expect(await endless).toBe("gone");
      await client.close();
      rmSync(folder, { recursive: true });
    });
  });
}

const PARENT = `const [command, ...args] = process.argv.slice(1);
  const child = require("node:child_process").spawn(command, args, { stdio: ["pipe", "ignore", "ignore"] });
  process.stdout.write(String(child.pid));`;

/** It waits for something, which for an idle server is the next request. */
function asleep(pid: number): boolean {
  return process.platform !== "linux" || /\) S /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function prefixOf(version: string, kind: string): string {
  const parts = version.split(".").slice(0, kind.split(":")[1]?.split(".").length);
  return `${parts.join(".")}.`;
}
