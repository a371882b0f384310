// The engine that isolates nothing, with the real runtimes.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { jobOf, openBench } from "../actions.ts";
import { runsActions } from "../engine-suite.ts";

runsActions("process");

describe("the process engine", () => {
  it("ends with the server what the action has started", async () => {
    const bench = await openBench({ engine: "process" });
    const source =
      "function main(){const c=require('node:child_process').spawn('sleep',['60'],{stdio:'ignore'});return {pid:c.pid}}";
    const { answer } = await bench.run(jobOf(bench.kind("nodejs"), source));
    const { pid } = JSON.parse(answer.outcome.result) as { pid: number };
    expect(alive(pid)).toBe(true);
    await bench.close();
    expect(alive(pid)).toBe(false);
  });

  it("counts the memory of what the action has started", async () => {
    const bench = await openBench({ engine: "process" });
    const hungry = "const a=[];setInterval(()=>a.push(Buffer.alloc(8e6,1)),5)";
    const source = `function main(){require('node:child_process').spawn(process.execPath,['-e',${JSON.stringify(hungry)}]);return new Promise(()=>{})}`;
    const { answer } = await bench.run(jobOf(bench.kind("nodejs"), source, { limits: { memory: 256 } }));
    expect(answer.outcome.result).toContain("exhausted its memory");
    await bench.close();
  });
});

function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
