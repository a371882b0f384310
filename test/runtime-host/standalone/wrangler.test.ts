// The process that asks wrangler ends when it is let go, whatever wrangler's code has left open.

import { execFileSync } from "node:child_process";
import { afterEach, expect, it, vi } from "vitest";
import { statementsOf } from "../../../runtime-host/standalone/wrangler.ts";

afterEach(() => vi.unstubAllEnvs());

const asking = () =>
  execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" })
    .split("\n")
    .filter((row) => row.includes("wrangler-process.ts"));

it("splits a script into its statements, and its process does not wait for what never comes", async () => {
  // As a connection to a host that does not answer would: it keeps the process's loop alive for ever.
  vi.stubEnv("NODE_OPTIONS", "--import=data:text/javascript,setInterval(()=>0,1000)");
  expect(await statementsOf("CREATE TABLE a (b); INSERT INTO a VALUES (';')")).toEqual([
    "CREATE TABLE a (b)",
    "INSERT INTO a VALUES (';')",
  ]);
  expect(asking()).toHaveLength(1);
  await expect.poll(() => asking().length).toBe(0);
});
