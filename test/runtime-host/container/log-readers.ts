// Readers of logs, and what containers say to them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import type { Logs } from "../../../runtime-host/container/contract.ts";
import type { LogCollection } from "../../../runtime-host/container/log-collection.ts";
import { SENTINEL } from "../../../runtime-host/container/log-lines.ts";
import { LogReader } from "../../../runtime-host/container/log-reader.ts";

export const MB = 1024 * 1024;
/** Where long logs lie. */
export let folder: string;

/** For each test file: gives it the folder, and real time back after each test. */
export function withLogFolder(): void {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "edgewhisk-logs-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => {
    vi.useRealTimers();
  });
}

export const reader = (sentinelled = true) => new LogReader({ folder, sentinelled });

export function settled(from: LogReader, collection: LogCollection): Promise<Logs> {
  return new Promise((resolve) =>
    from.settle(collection, (missing) => resolve(collection.take({ missing, now: Date.now() }))),
  );
}

export function texts(logs: Logs): string[] {
  return (JSON.parse(logs.lines) as string[]).map((line) => {
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z std(out|err): /);
    return line.slice(31);
  });
}

export const say = (to: LogReader, stream: 1 | 2, text: string) => to.chunk(stream, Buffer.from(text));
export const end = (to: LogReader) => {
  say(to, 1, `${SENTINEL}\n`);
  say(to, 2, `${SENTINEL}\n`);
};
