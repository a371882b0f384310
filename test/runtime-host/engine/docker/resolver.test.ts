// Closing the engine's name server, against processes in each state that one can be in.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { closeNames } from "../../../../runtime-host/engine/docker/resolver.ts";

const PATH = process.env.PATH;

describe("closing a container's names", () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    process.env.PATH = PATH;
    for (const stop of stops.splice(0)) stop();
  });

  it("is not asked of one that has ended, whether or not anybody has looked how", async () => {
    // The shell becomes a program that never asks how its children ended.
    const parent = spawn("sh", ["-c", "true & exec sleep 600"], { stdio: "ignore" });
    stops.push(() => parent.kill());
    const childOf = () => readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8").trim();
    const state = () => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${childOf()}/status`, "utf8"))?.[1];
    await expect.poll(() => childOf() !== "" && state(), { timeout: 100_000 }).toBe("Z");
    await closeNames(Number(childOf()));
    await closeNames(0);
  });

  it("fails for one that runs and cannot be entered", async () => {
    process.env.PATH = "";
    await expect(closeNames(process.pid)).rejects.toThrow("ENOENT");
  });
});
