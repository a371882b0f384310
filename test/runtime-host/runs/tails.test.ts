// Live logs on the host: questions are answered with what is there, what comes, or nothing,
// and nothing is said unasked.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { LogCollection } from "../../../runtime-host/container/log-collection.ts";
import { wholeLines } from "../../../runtime-host/container/log-slices.ts";
import type { LinesMessage } from "../../../runtime-host/link/messages.ts";
import { type Followed, Tails } from "../../../runtime-host/runs/tails.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-tails-"));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterAll(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const collection = (limit = 10 * 1024 * 1024) => new LogCollection(limit, { folder, began: 0 });
const print = (to: LogCollection, text: string) => to.line(1, Buffer.from(text), { now: Date.now(), shared: false });
const textsOf = (lines: LinesMessage) =>
  (JSON.parse(`[${lines.text ?? ""}]`) as string[]).map((line) => line.slice(39));

function world() {
  const live = collection();
  const run: Followed = { id: "0".repeat(32), attempt: 1, live };
  const tails = new Tails<Followed>();
  const ask = (from: number, wait = 1_000) =>
    new Promise<LinesMessage>((resolve) => tails.ask(run, { ask: from, from, wait }, resolve));
  return { live, run, tails, ask };
}

it("gives at once what is there, and gathers what comes next", async () => {
  const { live, ask } = world();
  print(live, "one");
  const first = await ask(0);
  expect(textsOf(first)).toEqual(["one"]);
  const later = ask(first.next);
  print(live, "two");
  print(live, "three");
  await vi.advanceTimersByTimeAsync(50);
  expect(textsOf(await later)).toEqual(["two", "three"]);
});

it("says nothing after a while, and that it is over when it is", async () => {
  const { tails, run, ask } = world();
  const heard = vi.fn();
  const nothing = ask(0, 9_000).then(heard);
  await vi.advanceTimersByTimeAsync(8_999);
  expect(heard).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await nothing;
  expect(heard).toHaveBeenCalledWith({ t: "lines", id: run.id, attempt: 1, ask: 0, next: 0 });
  const waiting = ask(0);
  tails.over(run);
  expect(await waiting).toMatchObject({ over: true, next: 0 });
});

it("goes on with the container the run went to, and waits for one that has none yet", async () => {
  const { live, run, tails, ask } = world();
  const waiting = ask(0);
  live.discard();
  const other = collection();
  run.live = other;
  tails.watch(run);
  print(other, "elsewhere");
  await vi.advanceTimersByTimeAsync(50);
  expect(textsOf(await waiting)).toEqual(["elsewhere"]);
});

it("answers only so many who wait", async () => {
  const { ask, tails, run } = world();
  const waiting = Array.from({ length: 256 }, () => ask(0));
  // No time passes here.
  expect(await ask(0)).toMatchObject({ next: 0 });
  tails.over(run);
  await Promise.all(waiting);
});

it("reads the same lines in any pieces, from memory and from the file, whatever is in them", () => {
  const line = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom('",', '","2', '\\\\","', "x".repeat(3_000), '"'),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.integer({ min: 50, max: 5_000 }), (raw, max) => {
      const text = raw.map((each) => JSON.stringify(`2026 ${each}`)).join(",");
      const bytes = Buffer.from(text);
      const read: string[] = [];
      for (let from = 0; ; ) {
        const found = wholeLines((at, length) => bytes.subarray(at, at + length), { from, max });
        if (found === null) break;
        read.push(...(JSON.parse(`[${found.text}]`) as string[]));
        from = found.next;
      }
      expect(read).toEqual(raw.map((each) => `2026 ${each}`));
    }),
  );
  const live = collection();
  const wanted = Array.from({ length: 900 }, (_, n) => `${n} ${"é".repeat(n)}`);
  const read: string[] = [];
  let from = 0;
  for (const [n, text] of wanted.entries()) {
    print(live, text);
    if (n % 7 !== 0) continue;
    for (let found = live.read(from, 10_000); found !== null; found = live.read(from, 10_000)) {
      read.push(...(JSON.parse(`[${found.text}]`) as string[]));
      from = found.next;
    }
  }
  for (let found = live.read(from, 10_000); found !== null; found = live.read(from, 10_000)) {
    read.push(...(JSON.parse(`[${found.text}]`) as string[]));
    from = found.next;
  }
  expect(read.map((each) => each.slice(39))).toEqual(wanted);
  expect(read).toEqual(JSON.parse(live.take({ missing: false, now: 0 }).lines));
});

it("shows the beginning of a line that is too long for a frame", () => {
  const live = collection();
  print(live, "\u0001".repeat(60_000));
  print(live, "next");
  const long = live.read(0, 60_000);
  expect(long?.text.length).toBeLessThan(60_000);
  expect(live.read(long?.next ?? 0, 60_000)?.text).toContain("next");
});
