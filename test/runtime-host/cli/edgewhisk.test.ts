// The command as a process: its streams, its exit code, a reader that leaves, and a secret on standard input.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";

const PROGRAM = new URL("../../../runtime-host/cli/edgewhisk.ts", import.meta.url).pathname;
const NODE = new URL("../../../node_modules/.bin/node", import.meta.url).pathname;

function start(args: string[], env: Record<string, string> = {}) {
  const child = spawn(NODE, [PROGRAM, ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", EDGEWHISK_STATE: "/nonexistent", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const streams = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (streams.out += chunk));
  child.stderr.on("data", (chunk) => (streams.err += chunk));
  return { child, streams, ended: once(child, "close").then(([code]) => code as number | null) };
}

it("ends with the code of what it did", async () => {
  const version = start(["--version"]);
  expect(await version.ended).toBe(0);
  expect(version.streams).toEqual({ out: expect.stringMatching(/^edgewhisk \d+\.\d+\.\d+\n$/), err: "" });
  const wrong = start(["logs"]);
  expect(await wrong.ended).toBe(2);
  expect(wrong.streams).toEqual({ out: "", err: expect.stringMatching(/^edgewhisk logs: expected one activation id/) });
});

it("hands a program of its own what follows, and lets it end by itself", async () => {
  const help = start(["help", "host"]);
  expect(await help.ended).toBe(0);
  expect(help.streams.out).toMatch(/^Usage: edgewhisk host \[options\]/);
  const wrong = start(["start", "--port", "70000"]);
  expect(await wrong.ended).toBe(2);
  expect(wrong.streams.err).toBe("edgewhisk: --port 70000: expected a number from 0 to 65535.\n");
});

it("is done when its reader has left", async () => {
  const { child, ended, streams } = start(["--help"]);
  child.stdout.destroy();
  expect([await ended, streams.err]).toEqual([0, ""]);
});

it("takes a secret from standard input, of which it shows nothing", async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { child, ended, streams } = start(["reseal", "--url", `127.0.0.1:${(server.address() as AddressInfo).port}`]);
    child.stdin.end("  the-secret \nanother line\n");
    expect(await ended).toBe(4);
    expect(seen).toEqual(["Bearer the-secret"]);
    expect(streams.out + streams.err).not.toContain("the-secret");
  } finally {
    server.close();
  }
});
