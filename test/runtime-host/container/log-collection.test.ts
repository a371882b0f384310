import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LogCollection } from "../../../runtime-host/container/log-collection.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-collection-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (limit: number, at = folder) => new LogCollection(limit, { folder: at, began: 0 });
const print = (to: LogCollection, text: string, shared = false) => to.line(1, Buffer.from(text), { now: NOW, shared });
const take = (from: LogCollection, missing = false) => {
  const logs = from.take({ missing, now: NOW });
  return { lines: JSON.parse(logs.lines) as string[], cut: logs.cut };
};

describe("the output of one activation", () => {
  it("has time and stream before each line, and says what it shares with others", () => {
    const logs = open(1_000);
    print(logs, 'a "quoted" ä');
    logs.line(2, Buffer.from("oops"), { now: NOW, shared: false });
    print(logs, "whose?", true);
    expect(take(logs).lines).toEqual([
      '2026-01-02T03:04:05.006000000Z stdout: a "quoted" ä',
      "2026-01-02T03:04:05.006000000Z stderr: oops",
      "2026-01-02T03:04:05.006000000Z stdout: [shared] whose?",
    ]);
  });

  it("ends at its limit, line ends counted, with a line that says so; what is more is counted", () => {
    const logs = open(10);
    print(logs, "1234");
    print(logs, "6789");
    expect(logs.full).toBe(false);
    print(logs, "x");
    logs.skipped(5);
    const { lines, cut } = take(logs);
    expect(lines.slice(0, 2).map((each) => each.slice(39))).toEqual(["1234", "6789"]);
    expect(lines[2]).toContain("exceeds the limit of 10 bytes");
    expect(cut).toBe(7);
  });

  it("keeps nothing where the limit is 0", () => {
    const logs = open(0);
    print(logs, "x");
    expect([logs.full, take(logs, true).lines]).toEqual([true, []]);
  });

  it("lies in a file where it is long, which is gone when it is taken or given up", () => {
    for (const end of [
      (logs: LogCollection) => expect(take(logs).lines).toHaveLength(2_000),
      LogCollection.prototype.discard,
    ]) {
      const logs = open(10_000_000);
      for (let n = 0; n < 2_000; n++) print(logs, `${n} ${"x".repeat(300)}`);
      expect(readdirSync(folder)).toHaveLength(1);
      end.call(logs, logs);
      expect(readdirSync(folder)).toEqual([]);
      expect(logs.over).toBe(true);
    }
  });

  it("can be read while it grows, from memory and from the file, without a gap", () => {
    const logs = open(10_000_000);
    let from = 0;
    const read: string[] = [];
    for (let n = 0; n < 2_000; n++) {
      print(logs, `${n} ${"x".repeat(300)}`);
      if (n % 7 !== 0) continue;
      for (let piece = logs.read(from, 5_000); piece !== null; piece = logs.read(from, 5_000)) {
        read.push(...(JSON.parse(`[${piece.text}]`) as string[]));
        from = piece.next;
      }
    }
    expect(read.map((line) => Number(line.slice(39).split(" ")[0]))).toEqual(
      Array.from({ length: 1_996 }, (_, n) => n),
    );
  });

  it("tells once when there is more, and when it is over", () => {
    const logs = open(1_000);
    const more = vi.fn();
    logs.onMore = more;
    print(logs, "a");
    print(logs, "b");
    expect(more).toHaveBeenCalledTimes(1);
    logs.onMore = more;
    logs.discard();
    expect(more).toHaveBeenCalledTimes(2);
  });

  it("says that lines are missing where the disk refuses them, and where something was due and did not come", () => {
    const refused = open(10_000_000, join(folder, "not-there"));
    for (let n = 0; n < 2_000; n++) print(refused, "x".repeat(300));
    expect(take(refused).lines.at(-1)).toContain("Data might be missing");
    const late = open(1_000);
    print(late, "a");
    expect(take(late, true).lines).toEqual([expect.stringContaining("a"), expect.stringContaining("might be missing")]);
  });
});
