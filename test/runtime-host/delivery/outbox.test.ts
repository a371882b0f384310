import { spawn } from "node:child_process";
import nodeFs, * as fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Outbox, type OutboxEntry, type OutboxOptions } from "../../../runtime-host/delivery/outbox.ts";
import type { StoredRecord } from "../../../runtime-host/delivery/outbox-segments.ts";
import { createLogger } from "../../../runtime-host/program/logger.ts";
import { noSmallDisk, type SmallDisk, smallDisk } from "../../support/small-disk.ts";
import { waitFor } from "../../support/wait-for.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), "outbox-"));
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(dir, { recursive: true, force: true });
});

const log = createLogger({ level: "error", write: () => {} });

function open(options: Partial<OutboxOptions> = {}) {
  return Outbox.open({
    dir,
    bounds: { records: 1000, bytes: 1 << 30 },
    fsync: false,
    log,
    changed: () => {},
    ...options,
  });
}

function entry(number: number, text = `{"number":${number}}`): OutboxEntry {
  return { id: number.toString(16).padStart(32, "0"), attempt: 1, shard: 0, text };
}

function add(outbox: Outbox, ...entries: OutboxEntry[]): StoredRecord[] {
  let result: StoredRecord[] = [];
  outbox.append(entries, (kept) => {
    result = kept;
  });
  expect(result).toHaveLength(entries.length);
  return result;
}

const files = () => fs.readdirSync(dir).sort();
const idsOf = (kept: StoredRecord[]) => kept.map((each) => Number.parseInt(each.id, 16));

test("what was appended is found by the next boot, with its shard, text and age", () => {
  const written = 1_700_000_000_000;
  vi.useFakeTimers({ toFake: ["Date"], now: written });
  const { outbox } = open();
  add(outbox, { ...entry(1, '{"text":"ä\\n€"}'), shard: 3, attempt: 2 }, entry(2));
  vi.setSystemTime(written + 3_600_000);
  const again = open();
  expect(again.kept.map((each) => [each.id, each.attempt, each.shard])).toEqual([
    [entry(1).id, 2, 3],
    [entry(2).id, 1, 0],
  ]);
  expect(again.outbox.read(again.kept[0] as StoredRecord)).toBe('{"text":"ä\\n€"}');
  expect(again.kept.map((each) => each.at)).toEqual([written, written]);
});

test("what the store confirmed is not found again, and an empty outbox leaves no file", () => {
  const { outbox } = open();
  const [first, second] = add(outbox, entry(1), entry(2)) as [StoredRecord, StoredRecord];
  outbox.forget([first]);
  outbox.close();
  const again = open();
  expect(idsOf(again.kept)).toEqual([2]);
  again.outbox.forget(again.kept);
  again.outbox.close();
  expect(files()).toEqual([]);
  expect(second.attempt).toBe(1);
});

test("a torn last line is ignored, wherever it was torn, and what stands before it is kept", () => {
  const { outbox } = open();
  add(outbox, entry(1), entry(2));
  const path = join(dir, files()[0] as string);
  const whole = fs.readFileSync(path);
  const second = whole.indexOf(0x0a) + 1;
  for (let length = second; length < whole.length; length++) {
    fs.writeFileSync(path, whole.subarray(0, length));
    expect(idsOf(open().kept), `cut to ${length}`).toEqual([1]);
  }
});

test("a line damaged in the middle is skipped, its neighbours are not", () => {
  const { outbox } = open();
  add(outbox, entry(1), entry(2), entry(3));
  const path = join(dir, files()[0] as string);
  const bytes = fs.readFileSync(path);
  bytes[bytes.indexOf('"number":2')] = 0x58;
  fs.writeFileSync(path, bytes);
  expect(idsOf(open().kept)).toEqual([1, 3]);
});

test("at its bounds it says so, still keeps records of runs already taken, and recovers", () => {
  const changed = vi.fn();
  const { outbox } = open({ bounds: { records: 2, bytes: 1 << 30 }, changed });
  const kept = add(outbox, entry(1));
  expect(outbox.blocked()).toBeNull();
  kept.push(...add(outbox, entry(2), entry(3)));
  expect(outbox.blocked()).toMatch(/wait for the store/);
  expect(changed).toHaveBeenCalledTimes(1);
  outbox.forget(kept.slice(0, 2));
  expect(outbox.blocked()).toBeNull();
  expect(changed).toHaveBeenCalledTimes(2);
  expect(idsOf(open().kept)).toEqual([1, 2, 3]);
  const small = open({ dir: join(dir, "small"), bounds: { records: 100, bytes: 50 } });
  add(small.outbox, entry(1, JSON.stringify("x".repeat(60))));
  expect(small.outbox.blocked()).toMatch(/wait for the store/);
});

test("segments whose records are all confirmed are removed, and a straggler does not hold the disk", () => {
  const { outbox } = open({ segmentBytes: 1000 });
  const [straggler] = add(outbox, entry(1_000_000)) as [StoredRecord];
  for (let number = 0; number < 500; number++)
    outbox.forget(add(outbox, entry(number, `{"pad":"${"x".repeat(100)}"}`)));
  const bytes = files().reduce((sum, file) => sum + fs.statSync(join(dir, file)).size, 0);
  expect(bytes).toBeLessThan(10_000);
  expect(outbox.read(straggler)).toBe(entry(1_000_000).text);
  outbox.close();
  const again = open();
  expect(idsOf(again.kept)).toEqual([1_000_000]);
  expect(again.outbox.read(again.kept[0] as StoredRecord)).toBe(entry(1_000_000).text);
});

test("stragglers are copied forward and survive that", () => {
  const { outbox } = open({ segmentBytes: 1000 });
  const stragglers: StoredRecord[] = [];
  for (let number = 0; number < 600; number++) {
    const kept = add(outbox, entry(number, `{"number":${number},"pad":"${"x".repeat(100)}"}`));
    if (number % 60 === 0) stragglers.push(...kept);
    else outbox.forget(kept);
  }
  expect(files().length).toBeLessThan(9);
  for (const kept of stragglers) expect(JSON.parse(outbox.read(kept) ?? "").number).toBe(Number.parseInt(kept.id, 16));
  outbox.close();
  const again = open();
  expect(idsOf(again.kept).sort((a, b) => a - b)).toEqual(idsOf(stragglers));
});

test("with fsync on, done is called later, in order, once for each batch", async () => {
  const { outbox } = open({ fsync: true });
  const done: number[] = [];
  for (let number = 0; number < 10; number++) outbox.append([entry(number)], () => done.push(number));
  expect(done).toEqual([]);
  await waitFor(() => expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
});

test("while the disk refuses writes, records stay readable, the host is blocked, and they are written later", () => {
  const { outbox } = open();
  fs.rmSync(dir, { recursive: true });
  const [kept] = add(outbox, entry(7)) as [StoredRecord];
  expect(outbox.blocked()).toMatch(/cannot be written/);
  expect(outbox.read(kept)).toBe(entry(7).text);
  fs.mkdirSync(dir);
  add(outbox, entry(8));
  expect(outbox.blocked()).toBeNull();
  expect(idsOf(open().kept)).toEqual([7, 8]);
});

test("what was flipped on the disk after it was written is noticed when it is read", () => {
  const { outbox } = open();
  const [first, second] = add(outbox, entry(1), entry(2)) as [StoredRecord, StoredRecord];
  const path = join(dir, files()[0] as string);
  const bytes = fs.readFileSync(path);
  bytes[bytes.indexOf('"number":2')] = 0x58;
  fs.writeFileSync(path, bytes);
  expect(outbox.read(first)).toBe(entry(1).text);
  expect(outbox.read(second)).toBeNull();
});

test("the ids of damaged lines are told where they can still be read", () => {
  add(open().outbox, entry(1), entry(2));
  const path = join(dir, files()[0] as string);
  fs.writeFileSync(path, fs.readFileSync(path, "latin1").replace('"number":2', '"number":3'));
  const lines: string[] = [];
  open({ log: createLogger({ level: "warn", write: (line) => lines.push(line) }) });
  expect(JSON.parse(lines[0] as string)).toMatchObject({ event: "outbox.damaged-lines", lines: 1, ids: entry(2).id });
});

test("a segment that cannot be read is told of and holds up nothing", () => {
  add(open().outbox, entry(1));
  fs.mkdirSync(join(dir, "000000000007.log"));
  const lines: string[] = [];
  const { kept, outbox } = open({ log: createLogger({ level: "warn", write: (line) => lines.push(line) }) });
  expect(idsOf(kept)).toEqual([1]);
  expect(lines.join()).toContain("000000000007.log");
  add(outbox, entry(2));
  expect(outbox.blocked()).toBeNull();
});

test("after a sync that failed, what was written is written again, elsewhere, and then it is well", async () => {
  const { outbox } = open({ fsync: true, retry: { next: () => 5, reset: () => {} } });
  const real = nodeFs.fdatasync;
  let calls = 0;
  nodeFs.fdatasync = ((fd: number, done: (error: Error | null) => void) => {
    if (++calls <= 2) setImmediate(() => done(new Error("EIO: i/o error, fdatasync")));
    else real(fd, done);
  }) as typeof real;
  syncBuiltinESMExports();
  try {
    const kept = await new Promise<StoredRecord[]>((done) => outbox.append([entry(1)], done));
    expect(outbox.blocked()).toMatch(/cannot be written: EIO/);
    expect(outbox.read(kept[0] as StoredRecord)).toBe(entry(1).text);
    await waitFor(() => expect(outbox.blocked()).toBeNull());
    expect(calls).toBeGreaterThanOrEqual(3);
  } finally {
    nodeFs.fdatasync = real;
    syncBuiltinESMExports();
  }
  outbox.close();
  expect(idsOf(open().kept)).toEqual([1]);
});

describe.skipIf(noSmallDisk !== null)(`on a disk that is full or read-only ${noSmallDisk ?? ""}`, () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = smallDisk(4);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => disk.remove());

  test("one write that failed is forgotten within 10 s of the end of its cause, though nothing new is written", async () => {
    const changed = vi.fn();
    const where = join(disk.folder, "outbox");
    const { outbox } = open({ dir: where, changed });
    disk.fill();
    const kept = add(outbox, entry(1, JSON.stringify("x".repeat(100_000))));
    expect(outbox.blocked()).toMatch(/cannot be written: ENOSPC/);
    expect(changed).toHaveBeenCalledTimes(1);
    // Long enough for the pauses to have grown.
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(outbox.blocked()).toMatch(/ENOSPC/);
    expect(fs.readdirSync(where).length).toBeLessThan(3);
    disk.empty();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(outbox.blocked()).toBeNull();
    expect(changed).toHaveBeenCalledTimes(2);
    expect(idsOf(open({ dir: where }).kept)).toEqual(idsOf(kept));
  });

  test("a failure that left nothing to write is probed", async () => {
    const { outbox } = open({ dir: join(disk.folder, "outbox"), retry: { next: () => 20, reset: () => {} } });
    const [first] = add(outbox, entry(1)) as [StoredRecord];
    disk.fill();
    const [second] = add(outbox, entry(2, JSON.stringify("x".repeat(10_000)))) as [StoredRecord];
    expect(outbox.blocked()).toMatch(/ENOSPC/);
    outbox.forget([first, second]);
    await vi.advanceTimersByTimeAsync(200);
    expect(outbox.blocked()).not.toBeNull();
    disk.empty();
    await vi.advanceTimersByTimeAsync(20);
    expect(outbox.blocked()).toBeNull();
    add(outbox, entry(3));
    expect(outbox.blocked()).toBeNull();
  });
});

test("a text that supersedes another is what the next boot finds, and the old one stays until the new one is written", () => {
  const { outbox } = open({ segmentBytes: 60 });
  const [other] = add(outbox, entry(1)) as [StoredRecord];
  const [early] = add(outbox, entry(2, '{"logs":false}')) as [StoredRecord];
  fs.mkdirSync(join(dir, "000000000003.log"));
  outbox.supersede(early);
  add(outbox, entry(2, '{"logs":true}'));
  expect(outbox.blocked()).toMatch(/cannot be written/);
  outbox.forget([other]);
  fs.rmdirSync(join(dir, "000000000003.log"));
  const crashed = open();
  expect(crashed.kept.map((kept) => crashed.outbox.read(kept))).toContain('{"logs":false}');
  add(outbox, entry(3));
  expect(outbox.count).toBe(2);
  const again = open();
  expect(again.kept.map((kept) => again.outbox.read(kept)).sort()).toEqual(['{"logs":true}', '{"number":3}']);
});

test("kill -9 while writing loses nothing that append had confirmed", async () => {
  const child = spawn(process.execPath, [new URL("outbox-writer.ts", import.meta.url).pathname, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.on("data", (bytes) => {
    out += bytes;
    if (out.length > 20_000) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
  expect(child.signalCode).toBe("SIGKILL");
  const confirmed = out.split("\n").slice(0, -1).map(Number);
  expect(confirmed.length).toBeGreaterThan(100);
  const { outbox, kept } = open();
  const found = new Map(kept.map((each) => [Number.parseInt(each.id, 16), each]));
  for (const number of confirmed) {
    const each = found.get(number);
    expect(each, `record ${number}`).toBeDefined();
    expect(JSON.parse(outbox.read(each as StoredRecord) ?? "").number).toBe(number);
  }
});
