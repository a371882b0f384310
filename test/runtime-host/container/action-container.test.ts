// A container of an engine that has nothing but what a test needs of it.

import { mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ActionContainer } from "../../../runtime-host/container/action-container.ts";
import type { ContainerSpec, Engine, EngineContainer } from "../../../runtime-host/engine/engine.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-container-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Its only container does not listen, and has a file to write to. */
function engineOf(given: (journals: readonly string[]) => void): Engine {
  const container: EngineContainer = {
    ...{ id: "one", address: { socketPath: join(folder, "nobody-listens") }, memoryKills: 0 },
    ...{ pause: async () => {}, resume: async () => {}, remove: async () => {}, death: async () => "exit" as const },
    ...{ residentMb: () => null, killedForMemory: () => false },
  };
  const create: Engine["create"] = async ({ journals = [] }) => {
    given(journals);
    return { ok: true, container };
  };
  return { sharesFiles: true, create } as unknown as Engine;
}

it("has what was printed into its journal, also where its runtime was too slow to say hello", async () => {
  let file = -1;
  const engine = engineOf(([path]) => {
    file = openSync(path ?? "", "a");
  });
  const spec = { kind: "nodejs:20", memory: 256 } as ContainerSpec;
  const started = await ActionContainer.start(engine, spec, { folder, journals: folder, helloTimeoutMs: 1 });
  if (!started.ok) throw new Error("no container");
  expect(started.container.listening).toBe(false);
  const { logs } = started.container;
  const collection = logs.open(10_000);
  const text = Buffer.from("printed all the same\n");
  const head = Buffer.alloc(18, 0x1e);
  head[1] = 1;
  head.writeUInt32LE(0, 2);
  head.writeDoubleLE(Date.now(), 6);
  head.writeUInt32LE(text.length, 14);
  writeSync(file, Buffer.concat([head, text]));
  logs.end();
  const missing = await new Promise<boolean>((done) => logs.settle(collection, done));
  const lines: string[] = JSON.parse(collection.take({ missing, now: Date.now() }).lines);
  expect(lines.map((line) => line.slice(31))).toEqual(["stdout: printed all the same"]);
});
