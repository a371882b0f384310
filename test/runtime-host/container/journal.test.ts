// Journals: what a runtime writes into files is what its runs have printed, in order,
// whatever becomes of writer and files.

import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Logs } from "../../../runtime-host/container/contract.ts";
import { Journal, journalFolder } from "../../../runtime-host/container/journal.ts";
import type { LogCollection } from "../../../runtime-host/container/log-collection.ts";
import { LogReader } from "../../../runtime-host/container/log-reader.ts";

const MB = 1024 * 1024;
let folder: string;
let journal: Journal;
let fds: number[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-journal-"));
  journal = Journal.make(folder);
  fds = journal.paths.map((path) => openSync(path, "a"));
});
afterEach(() => {
  for (const fd of fds) closeSync(fd);
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  run?: number;
  stream?: 1 | 2;
  at?: number;
}

function record(text: string | Buffer, { run = 0, stream = 1, at = Date.now() }: Said = {}): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(18, 0x1e);
  head[1] = stream;
  head.writeUInt32LE(run, 2);
  head.writeDoubleLE(at, 6);
  head.writeUInt32LE(bytes.length, 14);
  return Buffer.concat([head, bytes]);
}

const write = (bytes: Buffer, to = 0) => writeSync(fds[to] as number, bytes);

function read(most = 10 * MB) {
  const heard: string[] = [];
  let lost = 0;
  const more = journal.read(
    {
      printed: (run, stream, bytes) => heard.push(`${run}/${stream} ${bytes}`),
      lost: (bytes) => {
        lost += bytes;
      },
    },
    most,
  );
  return { heard, lost, more };
}

describe("a journal", () => {
  it("is read record by record, each once, and a torn one when it is whole", () => {
    const second = record("two", { run: 7, stream: 2 });
    write(record("one"));
    write(second.subarray(0, 9));
    expect(read().heard).toEqual(["0/1 one"]);
    write(second.subarray(9, -1));
    expect(read().heard).toEqual([]);
    write(second.subarray(-1));
    expect(read().heard).toEqual(["7/2 two"]);
    expect(read()).toEqual({ heard: [], lost: 0, more: false });
  });

  it("of any length is read whole, in pieces where that is asked for", () => {
    const texts = Array.from({ length: 3000 }, (_, n) => String(n).repeat(1 + (n % 97)));
    for (const text of texts) write(record(text));
    const heard: string[] = [];
    for (let more = true; more; ) {
      const piece = read(50_000);
      expect(piece.heard.join("").length).toBeLessThan(500_000);
      heard.push(...piece.heard);
      more = piece.more;
    }
    expect(heard).toEqual(texts.map((text) => `0/1 ${text}`));
  });

  it("goes over to its other file when that has been asked for and done, and loses nothing in between", () => {
    const large = "x".repeat(60_000);
    let n = 0;
    const expected: string[] = [];
    const say = (to: number) => {
      write(record(`${++n} ${large}`), to);
      expected.push(`0/1 ${n} ${large}`);
    };
    const heard: string[] = [];
    for (let at = 0, turn: string | null = null; n < 60; ) {
      say(at);
      turn = journal.turn();
      if (turn !== null && n % 7 === 0) {
        // Written before it heard of it, and not yet read.
        say(at);
        at = turn === "b" ? 1 : 0;
        say(at);
      }
      heard.push(...read().heard);
      expect(statSync(journal.paths[at] as string).size).toBeLessThan(20 * 61_000);
    }
    expect(heard).toEqual(expected);
  });

  it("that was written by somebody else is given up from there, and read again after it", () => {
    write(record("good"));
    write(Buffer.from("not a record at all"));
    expect(read()).toEqual({ heard: ["0/1 good"], lost: 19, more: false });
    write(record("again"));
    expect(read().heard).toEqual(["0/1 again"]);
    truncateSync(journal.paths[0], 10 * MB);
    expect(read().lost).toBeGreaterThan(9 * MB);
    truncateSync(journal.paths[0], 0);
    expect(read()).toEqual({ heard: [], lost: 0, more: false });
    const huge = record("huge");
    huge.writeUInt32LE(0x7fffffff, 14);
    write(huge);
    write(record("after"));
    expect(read().heard).toEqual([]);
  });

  it("leaves no file behind once its container has it", () => {
    expect(readdirSync(folder)).toHaveLength(2);
    journal.unlink();
    expect(readdirSync(folder)).toEqual([]);
    write(record("still here"));
    expect(read().heard).toEqual(["0/1 still here"]);
    journal.close();
  });
});

it("the folder of journals is the host's own, empty, and elsewhere for another state folder", () => {
  const first = journalFolder(folder);
  const other = journalFolder(join(folder, "x"));
  expect(statSync(first).mode & 0o777).toBe(0o700);
  expect(first).not.toBe(other);
  Journal.make(first);
  expect(readdirSync(journalFolder(folder))).toEqual([]);
  for (const each of [first, other]) rmSync(each, { recursive: true, force: true });
});

describe("the logs of a container with a journal", () => {
  let from: LogReader;
  beforeEach(() => {
    from = new LogReader({ folder, sentinelled: true });
    from.journal = journal;
  });

  function settled(collection: LogCollection): Promise<Logs> {
    return new Promise((resolve) =>
      from.settle(collection, (missing) => resolve(collection.take({ missing, now: Date.now() }))),
    );
  }
  const quietly = (collection: LogCollection) => {
    collection.quiet = true;
    return settled(collection);
  };
  const lines = (logs: Logs) => (JSON.parse(logs.lines) as string[]).map((line) => line.slice(31));

  it("have each line's own time and stream, and nothing printed between two runs", async () => {
    const run = from.open(MB);
    const at = Date.now() - 5_000;
    write(record("out\n", { at }));
    write(record("err\n", { at: at + 1, stream: 2 }));
    const logs = JSON.parse((await quietly(run)).lines) as string[];
    expect(logs).toEqual([
      `${new Date(at).toISOString().slice(0, -1)}000000Z stdout: out`,
      `${new Date(at + 1).toISOString().slice(0, -1)}000000Z stderr: err`,
    ]);
    write(record("between\n"));
    const next = from.open(MB);
    write(record("mine\n"));
    expect(lines(await quietly(next))).toEqual(["stdout: mine"]);
    expect(from.noisy).toBe(false);
    expect(from.stray).toBe(8);
  });

  it("do not believe in times that cannot be", async () => {
    const run = from.open(MB);
    const before = Date.now();
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, -1e300, 0, Date.now() + 1e9]) write(record("x\n", { at }));
    const logs = JSON.parse((await quietly(run)).lines) as string[];
    expect(logs).toHaveLength(5);
    for (const line of logs) expect(Date.parse(`${line.slice(0, 23)}Z`)).toBeGreaterThanOrEqual(before);
  });

  it("have what was written there before what comes on the streams after it", async () => {
    const run = from.open(MB);
    write(record("console\n"));
    from.chunk(1, Buffer.from("child\nXXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"));
    from.chunk(2, Buffer.from("XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"));
    expect(lines(await settled(run))).toEqual(["stdout: console", "stdout: child"]);
  });

  it("of overlapping runs are each its own; what is nobody's goes to all, marked", async () => {
    const [one, two] = [from.open(MB), from.open(MB)];
    const [first, second] = [from.name(one), from.name(two)].map((name) => Number.parseInt(name.slice(16), 16));
    write(record("half ", { run: first as number }));
    write(record("of two\n", { run: second as number }));
    write(record("everybody\n"));
    write(record("of one\n", { run: first as number }));
    write(record("begun"));
    expect(lines(await quietly(one))).toEqual([
      "stdout: [shared] everybody",
      "stdout: half of one",
      "stdout: [shared] begun",
    ]);
    write(record(" and ended\n"));
    write(record("late\n", { run: first as number }));
    expect(lines(await quietly(two))).toEqual([
      "stdout: of two",
      "stdout: [shared] everybody",
      "stdout: begun and ended",
    ]);
    expect(from.stray).toBe(5);
  });

  it("are whole when the container ends, by whatever end", async () => {
    const run = from.open(MB);
    write(record("last words"));
    from.end();
    expect(lines(await settled(run))).toEqual(["stdout: last words"]);
  });

  it("say so where a part cannot be read", async () => {
    const run = from.open(MB);
    write(record("before\n"));
    write(Buffer.from("garbage"));
    const said = lines(await quietly(run));
    expect(said[0]).toBe("stdout: before");
    expect(said[1]).toContain("Data might be missing");
  });

  it("are bounded, and so is what is read for one run", async () => {
    const run = from.open(1000);
    const line = `${"y".repeat(60_000)}\n`;
    for (let n = 0; n < 600; n++) write(record(line));
    const logs = await quietly(run);
    expect(lines(logs).at(-1)).toContain("Data might be missing");
    expect(logs.lines.length).toBeLessThan(1000);
    expect(journal.turn()).toBe("b");
  });

  it("can be followed while they are written", async () => {
    const run = from.open(MB);
    write(record("first\n"));
    await new Promise<void>((resolve) => {
      run.onMore = resolve;
    });
    expect(run.read(0, 1000)?.text).toContain("first");
    write(record("second\n"));
    await new Promise<void>((resolve) => {
      run.onMore = resolve;
    });
    expect(run.read(0, 1000)?.text).toContain("second");
    expect(lines(await quietly(run))).toEqual(["stdout: first", "stdout: second"]);
  });
});
