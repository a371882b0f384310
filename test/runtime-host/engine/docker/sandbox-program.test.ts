// The program that holds a sandbox open: it is run here, as far as this machine can.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { sandboxProgram } from "../../../../runtime-host/engine/docker/sandbox-program.ts";

const MACHINES: Partial<Record<NodeJS.Architecture, string>> = { x64: "x86_64", arm64: "aarch64" };
const here = platform() === "linux" ? MACHINES[arch()] : undefined;
if (here === undefined)
  console.log(`not run: the sandbox's program, which is for Linux: this is ${platform()} ${arch()}`);

describe("the program in a sandbox", () => {
  it.each([
    ["x86_64", 62],
    ["aarch64", 183],
  ])("is a small executable for %s", (machine, number) => {
    const program = sandboxProgram(machine) as Buffer;
    expect(program.length).toBeLessThan(200);
    expect(program.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
    expect(program.readUInt16LE(18)).toBe(number);
  });

  it("is not there for other machines", () => {
    expect(sandboxProgram("s390x")).toBeNull();
  });

  it.skipIf(here === undefined)("waits without using the processor, until it is killed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "edgewhisk-program-"));
    const file = join(folder, "program");
    writeFileSync(file, sandboxProgram(here ?? "") as Buffer, { mode: 0o755 });
    const child = spawn(file, { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
    try {
      await sleep(200);
      const [, rest = ""] = readFileSync(`/proc/${child.pid}/stat`, "latin1").split(") ");
      const fields = rest.split(" ");
      expect(fields[0]).toBe("S");
      // utime and stime, in ticks of 10 ms
      expect(Number(fields[11]) + Number(fields[12])).toBeLessThan(3);
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
    expect(await ended).toBe("SIGKILL");
  });
});
