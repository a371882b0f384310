// workerd with a calendar clock that a test sets, as often as it likes: the real one under another clock.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface AheadClock {
  /** What the platform's process gets, so that workerd has this clock. */
  env: Record<string, string>;
  /** From now on it is this time (ISO 8601). */
  set(time: string): void;
  close(): void;
}

export function startClock(): AheadClock {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-clock-"));
  const [library, cell, program] = ["clock.so", "ahead", "workerd"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const source = new URL("clock-ahead.c", import.meta.url).pathname;
  execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
  const write = (seconds: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // In place: it is mapped.
    writeFileSync(cell, bytes, { flag: "r+" });
  };
  writeFileSync(cell, Buffer.alloc(8));
  const require = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  const { default: workerd } = require("workerd") as { default: string };
  writeFileSync(program, `#!/bin/sh\nLD_PRELOAD=${library} CLOCK_AHEAD=${cell} exec ${workerd} "$@"\n`);
  chmodSync(program, 0o755);
  return {
    env: { MINIFLARE_WORKERD_PATH: program },
    set: (time) => write(Math.round((Date.parse(time) - Date.now()) / 1_000)),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
