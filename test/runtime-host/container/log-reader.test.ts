// Output of containers becomes the logs of runs: whole lines, in bounds, and never another run's.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Logs } from "../../../runtime-host/container/contract.ts";
import { MAX_LINE_BYTES, SENTINEL } from "../../../runtime-host/container/log-lines.ts";
import { LogReader } from "../../../runtime-host/container/log-reader.ts";
import { end, folder, MB, reader, say, settled, texts, withLogFolder } from "./log-readers.ts";

withLogFolder();

describe("a run's logs", () => {
  it("are its lines with time and stream, and are whole in the same turn once both markers are there", () => {
    const from = reader();
    const run = from.open(MB);
    say(from, 1, "one\ntwo\r\n");
    say(from, 2, "oops\n\n");
    end(from);
    let logs: Logs | null = null;
    from.settle(run, (missing) => {
      logs = run.take({ missing, now: Date.now() });
    });
    expect(logs).not.toBeNull();
    expect(texts(logs as unknown as Logs)).toEqual(["stdout: one", "stdout: two", "stderr: oops", "stderr: "]);
  });

  it("are bounded by what they take to keep as well: lines of nothing, and characters that are long as JSON", () => {
    for (const printed of ["\n".repeat(MB - 10), `${"\x01".repeat(MB - 10)}\n`, "ab\n".repeat(300_000)]) {
      const from = reader();
      const run = from.open(MB);
      say(from, 1, printed);
      end(from);
      const logs = run.take({ missing: false, now: Date.now() });
      expect(logs.lines.length).toBeLessThan(4 * MB + 1_000);
      expect(logs.lines.length).toBeGreaterThan(3 * MB);
      expect((JSON.parse(logs.lines) as string[]).at(-1)).toContain("Logs were truncated");
      expect(logs.cut).toBeGreaterThan(0);
    }
  });

  it("hold whatever way the bytes are cut into chunks, markers and characters included", () => {
    const lines = fc.array(fc.string({ unit: "grapheme", maxLength: 30 }), { maxLength: 12 });
    fc.assert(
      fc.property(lines, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (raw, cuts) => {
        const wanted = raw.map((line) => line.replace(/[\r\n]/g, "").replaceAll(SENTINEL, ""));
        const bytes = Buffer.from(`${[...wanted, SENTINEL].join("\n")}\nstray\n`);
        const from = reader();
        const run = from.open(MB);
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const next = at + (cuts[cut % cuts.length] ?? 1);
          from.chunk(1, bytes.subarray(at, next));
          at = next;
        }
        say(from, 2, `${SENTINEL}\n`);
        expect(run.whole).toBe(true);
        const logs = run.take({ missing: false, now: 0 });
        expect(texts(logs)).toEqual(wanted.map((line) => `stdout: ${line}`));
      }),
      { numRuns: 200 },
    );
  });

  it("wait for a marker that is late", async () => {
    const from = reader();
    const run = from.open(MB);
    say(from, 1, `a\n${SENTINEL}\n`);
    const logs = settled(from, run);
    setTimeout(() => say(from, 2, `b\n${SENTINEL}\n`), 30);
    expect(texts(await logs)).toEqual(["stdout: a", "stderr: b"]);
  });

  it("say that something may be missing when the markers never come", async () => {
    const from = reader();
    const run = from.open(MB);
    say(from, 1, "a\n");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const heard = vi.fn();
    const logs = settled(from, run);
    void logs.then(heard);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(heard).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(texts(await logs)).toEqual([
      "stdout: a",
      "stderr: There was an issue while collecting your logs. Data might be missing.",
    ]);
  });

  it("of images without markers are taken after a short silence, unfinished line included", async () => {
    const from = reader(false);
    const first = from.open(MB);
    say(from, 1, "a\nno line end");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const logs = settled(from, first);
    // Nobody knows yet that it has none, and what it printed may be late.
    await vi.advanceTimersByTimeAsync(490);
    say(from, 1, "!");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(texts(await logs)).toEqual(["stdout: a", "stdout: no line end!"]);
    const second = from.open(MB);
    say(from, 1, "b\n");
    const more = settled(from, second);
    await vi.advanceTimersByTimeAsync(20);
    expect(texts(await more)).toEqual(["stdout: b"]);
  });

  it("are taken at once when the container has ended", async () => {
    const from = reader();
    const run = from.open(MB);
    say(from, 2, "last words");
    const logs = settled(from, run);
    from.end();
    expect(texts(await logs)).toEqual(["stderr: last words"]);
  });

  it("never hold what was written after the markers, not even in the same chunk, nor before the run", async () => {
    const from = reader();
    say(from, 1, "before\nhalf");
    const first = from.open(MB);
    say(from, 1, " line\nmine\n");
    const done = settled(from, first);
    const second = done.then((logs) => {
      const next = from.open(MB);
      say(from, 1, "next\n");
      end(from);
      return Promise.all([logs, settled(from, next)]);
    });
    say(from, 2, `${SENTINEL}\nstray\n`);
    say(from, 1, `${SENTINEL}\nstray\nstray without end`);
    const [one, two] = await second;
    expect(texts(one)).toEqual(["stdout:  line", "stdout: mine"]);
    expect(texts(two)).toEqual(["stdout: next"]);
    expect(from.stray).toBeGreaterThan(0);
  });

  it("keep text that stands before a marker on the same line", () => {
    const from = reader();
    const run = from.open(MB);
    say(from, 1, `abc${SENTINEL}\n`);
    say(from, 2, `${SENTINEL}\n`);
    expect(texts(run.take({ missing: false, now: 0 }))).toEqual(["stdout: abc"]);
  });

  it("are none, and wait for the markers all the same, where the limit is 0", async () => {
    const from = reader();
    const run = from.open(0);
    say(from, 1, "unwanted\n");
    const logs = settled(from, run);
    end(from);
    expect(await logs).toEqual({ lines: "[]" });
  });
});

describe("the limit", () => {
  it("cuts at a line, says so in the last line, counts what is left out, and still sees the markers", async () => {
    const from = reader();
    const run = from.open(1_000);
    for (let at = 0; at < 20; at++) say(from, 1, `${"x".repeat(99)}\n`);
    end(from);
    const logs = await settled(from, run);
    const lines = texts(logs);
    expect(lines.length).toBe(11);
    expect(lines.at(-1)).toBe(
      "stderr: Logs were truncated because the total bytes size exceeds the limit of 1000 bytes.",
    );
    expect(logs.cut).toBe(1_000);
  });

  it("finds markers in a flood however they are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }), (cuts) => {
        const from = reader();
        const run = from.open(10);
        const bytes = Buffer.from(`${"flood ".repeat(40)}\n${SENTINEL}\nstray\n`);
        say(from, 2, `more than ten bytes\n${SENTINEL}\n`);
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const next = at + (cuts[cut % cuts.length] ?? 1);
          from.chunk(1, bytes.subarray(at, next));
          at = next;
        }
        expect(run.whole).toBe(true);
      }),
    );
  });

  it("bounds a line, and splits it between characters", () => {
    const from = reader();
    const run = from.open(MB);
    const long = "é".repeat(MAX_LINE_BYTES);
    say(from, 1, `x${long}\n`);
    end(from);
    const lines = texts(run.take({ missing: false, now: 0 }));
    expect(lines.length).toBe(3);
    expect(lines.map((line) => line.slice(8)).join("")).toBe(`x${long}`);
  });

  it("keeps a flood out of memory: long logs lie in a file until they are handed over, and the file goes", async () => {
    const from = reader();
    const run = from.open(10 * MB);
    const line = Buffer.from(`${"y".repeat(1023)}\n`);
    for (let at = 0; at < 20 * 1024; at++) from.chunk(1, line);
    expect(readdirSync(folder).length).toBe(1);
    end(from);
    const logs = await settled(from, run);
    expect((JSON.parse(logs.lines) as string[]).length).toBe(10 * 1024 + 1);
    expect(logs.cut).toBe(10 * MB);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says that data is missing when the file cannot be written", async () => {
    const from = new LogReader({ folder: join(folder, "absent"), sentinelled: true });
    const run = from.open(10 * MB);
    const line = Buffer.from(`${"y".repeat(1023)}\n`);
    for (let at = 0; at < 1024; at++) from.chunk(1, line);
    end(from);
    const lines = texts(await settled(from, run));
    expect(lines.at(-1)).toBe("stderr: There was an issue while collecting your logs. Data might be missing.");
  });
});

describe("a runtime that says a run was quiet", () => {
  it("is believed at once", () => {
    const from = reader();
    const run = from.open(MB);
    run.quiet = true;
    let over = false;
    from.settle(run, () => {
      over = true;
    });
    expect(over).toBe(true);
    expect(from.noisy).toBe(false);
  });

  it("is not believed again when something was printed after all", async () => {
    const from = reader();
    const run = from.open(MB);
    say(from, 1, "surprise\n");
    run.quiet = true;
    expect(texts(await settled(from, run))).toEqual(["stdout: surprise"]);
    expect(from.noisy).toBe(true);
  });

  it("is not believed again when something came after the run", () => {
    const from = reader();
    const run = from.open(MB);
    run.quiet = true;
    from.settle(run, () => {});
    say(from, 1, `late ${"x".repeat(100)}\n`);
    const next = from.open(MB);
    next.quiet = true;
    from.settle(next, () => {});
    expect(from.noisy).toBe(true);
  });
});

describe("what a container of an unknown image prints before its first run", () => {
  const early = () => new LogReader({ folder, sentinelled: false, early: true });

  it("is the first run's, in order and with its own time, and no later one's", async () => {
    const from = early();
    const before = Date.now();
    say(from, 2, "starting\n");
    say(from, 1, "lis");
    say(from, 1, "tening\nunfinished");
    await new Promise((later) => setTimeout(later, 30));
    const first = from.open(MB);
    say(from, 1, "run\n");
    const logs = await settled(from, first);
    expect(texts(logs)).toEqual(["stderr: starting", "stdout: listening", "stdout: unfinished", "stdout: run"]);
    const times = (JSON.parse(logs.lines) as string[]).map((line) => Date.parse(line.slice(0, 30)));
    expect(times[0]).toBeLessThan(before + 25);
    expect(times[3]).toBeGreaterThanOrEqual(before + 25);
    const second = from.open(MB);
    expect(texts(await settled(from, second))).toEqual([]);
    expect(from.stray).toBe(0);
  });

  it("is there though the container has ended before", async () => {
    const from = early();
    say(from, 2, "no such file\nbye");
    from.end();
    expect(texts(await settled(from, from.open(MB)))).toEqual(["stderr: no such file", "stderr: bye"]);
  });

  it("is kept in bounds, and the rest is counted as cut", async () => {
    const from = early();
    for (let at = 0; at < 100; at++) say(from, 1, `${"x".repeat(1023)}\n`);
    say(from, 1, `${"y".repeat(2 * MAX_LINE_BYTES)}\n`);
    const logs = await settled(from, from.open(MB));
    expect(texts(logs)).toHaveLength(64);
    expect(logs.cut).toBe(36 * 1024 + 2 * MAX_LINE_BYTES + 1);
  });

  it("is nothing a run without logs is given, and nothing a known runtime's is", async () => {
    const from = early();
    say(from, 1, "x\n");
    expect((await settled(from, from.open(0))).lines).toBe("[]");
    const known = reader();
    say(known, 1, "x\n");
    const run = known.open(MB);
    end(known);
    expect(texts(await settled(known, run))).toEqual([]);
  });

  it("and when it dies is waited for: its stream ends a little later", async () => {
    const from = early();
    const run = from.open(MB);
    const logs = new Promise<Logs>((resolve) =>
      from.settle(run, (missing) => resolve(run.take({ missing, now: Date.now() })), { ending: true }),
    );
    setTimeout(() => {
      say(from, 2, "last words\n");
      from.end();
    }, 200);
    expect(texts(await logs)).toEqual(["stderr: last words"]);
  });
});
