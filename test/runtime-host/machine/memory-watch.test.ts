import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { MemoryWatch, memoryOfGroups } from "../../../runtime-host/machine/memory-watch.ts";

describe("the memory of process groups", () => {
  it("is summed over the group, and who has more than its limit is told of once", async () => {
    const script = "const kept = Buffer.alloc(64 << 20, 1); setInterval(() => kept.length, 1000)";
    const child = spawn(process.execPath, ["-e", script], { detached: true });
    const group = child.pid as number;
    const watch = new MemoryWatch();
    try {
      await expect.poll(() => memoryOfGroups().get(group) ?? 0).toBeGreaterThan(64 << 20);
      let exceeded = 0;
      watch.watch(group, { limitMb: 32, exceeded: () => exceeded++ });
      await expect.poll(() => exceeded).toBe(1);
    } finally {
      watch.close();
      child.kill("SIGKILL");
    }
    await expect.poll(() => memoryOfGroups().has(group)).toBe(false);
  });
});
