// The nodejs runtime leaves out end markers only when it is asked to and a run has printed nothing.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "undici";
import { afterAll, beforeAll, expect, it } from "vitest";

const SERVER = new URL("../../../runtime-host/runtimes/nodejs/server.js", import.meta.url).pathname;
const MARKER = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n";
let folder: string;
let child: ChildProcess;
let client: Client;
let output = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-quiet-"));
  const socketPath = join(folder, "s");
  child = spawn(process.execPath, [SERVER], {
    env: { EDGEWHISK_LISTEN: socketPath },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  }
  client = new Client("http://action", { socketPath });
  const code =
    "function main(a){if(a.print)console.log('printed');if(a.child)require('child_process').execFileSync('true');return {}}";
  const init = () => post("/init", { value: { main: "main", code } }).catch(() => null);
  while ((await init()) === null) await new Promise((resolve) => setTimeout(resolve, 20));
});
afterAll(async () => {
  await client.destroy();
  child.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const { headers: answered, body: stream } = await client.request({
    method: "POST",
    path,
    body: JSON.stringify(body),
    headers,
  });
  await stream.text();
  return answered["x-edgewhisk-quiet"] === "1";
}

/** Whether it said that it was quiet, and what it printed. */
async function run(value: object, mayBeQuiet: boolean): Promise<[boolean, string]> {
  output = "";
  const quiet = await post("/run", { value }, mayBeQuiet ? { "x-edgewhisk-quiet": "1" } : {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  return [quiet, output];
}

it("writes markers unless told that they are not needed", async () => {
  expect(await run({}, false)).toEqual([false, MARKER + MARKER]);
  expect(await run({}, true)).toEqual([true, ""]);
});

it("writes markers after a run that printed, and is quiet again after the next", async () => {
  const [quiet, printed] = await run({ print: true }, true);
  expect(quiet).toBe(false);
  expect(printed.split("\n").toSorted()).toEqual(
    ["", "printed", ...[MARKER, MARKER].map((each) => each.trim())].toSorted(),
  );
  expect(await run({}, true)).toEqual([true, ""]);
});

it("never leaves them out again once a child process was made, which may print at any time", async () => {
  expect((await run({ child: true }, true))[0]).toBe(false);
  expect(await run({}, true)).toEqual([false, MARKER + MARKER]);
});
