// Runs that share a container: each has its own lines, as far as somebody can tell whose they are.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogReader } from "../../../runtime-host/container/log-reader.ts";
import { end, MB, reader, say, settled, texts, withLogFolder } from "./log-readers.ts";

withLogFolder();

describe("runs that overlap", () => {
  it("both get what nobody can be named for, and end with their own answer", async () => {
    const from = reader();
    const one = from.open(MB);
    const two = from.open(MB);
    say(from, 1, "shared\n");
    const first = settled(from, one);
    end(from);
    expect(texts(await first)).toEqual(["stdout: [shared] shared"]);
    say(from, 1, "two's\n");
    end(from);
    expect(texts(await settled(from, two))).toEqual(["stdout: [shared] shared", "stdout: two's"]);
  });

  it("count markers that come before the answer they belong to", async () => {
    const from = reader();
    const one = from.open(MB);
    from.open(MB);
    end(from);
    expect(texts(await settled(from, one))).toEqual([]);
  });
});

describe("runs that overlap and are named by their runtime", () => {
  const named = (run: string, text: string) => {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.from(`\0${run}${bytes.length.toString(16).padStart(5, "0")}`), bytes]);
  };
  const over = (to: LogReader, run: string) => {
    for (const stream of [1, 2] as const) to.chunk(stream, named(run, ""));
  };

  it("each have their own lines, though they come in pieces and all at once", async () => {
    const from = reader();
    const [one, two] = [from.open(MB), from.open(MB)];
    const [first, second] = [from.name(one), from.name(two)];
    from.chunk(1, named(first, "one begins, "));
    from.chunk(1, Buffer.concat([named(second, "two\ntwo again"), named(first, "one ends\n")]));
    from.chunk(2, named(second, "oops\n"));
    over(from, first);
    expect(texts(await settled(from, one))).toEqual(["stdout: one begins, one ends"]);
    over(from, second);
    expect(texts(await settled(from, two))).toEqual(["stdout: two", "stderr: oops", "stdout: two again"]);
  });

  it("share, marked, what comes in nobody's name; alone a run is given it as it is", async () => {
    const from = reader();
    const one = from.open(MB);
    const first = from.name(one);
    say(from, 1, "native\n");
    const two = from.open(MB);
    const second = from.name(two);
    say(from, 1, "whose? ");
    from.chunk(1, named(first, "mine\n"));
    say(from, 1, "nobody knows\n");
    over(from, first);
    expect(texts(await settled(from, one))).toEqual([
      "stdout: native",
      "stdout: mine",
      "stdout: [shared] whose? nobody knows",
    ]);
    say(from, 2, "unfinished");
    over(from, second);
    expect(texts(await settled(from, two))).toEqual(["stdout: [shared] whose? nobody knows", "stderr: unfinished"]);
  });

  it("never hold what another run prints after its end", async () => {
    const from = reader();
    const [one, two] = [from.open(MB), from.open(MB)];
    const [first, second] = [from.name(one), from.name(two)];
    over(from, first);
    await settled(from, one);
    from.chunk(1, named(first, "too late\n"));
    over(from, second);
    expect(texts(await settled(from, two))).toEqual([]);
    expect(from.stray).toBe(9);
  });

  it("end when the container does, with all that came", async () => {
    const from = reader();
    const [one, two] = [from.open(MB), from.open(MB)];
    from.chunk(1, named(from.name(one), "half a line"));
    from.chunk(1, named(from.name(two), "a line\n"));
    const both = [settled(from, one), settled(from, two)];
    from.end();
    expect((await Promise.all(both)).map(texts)).toEqual([["stdout: half a line"], ["stdout: a line"]]);
  });

  it("are told apart whatever way the bytes are cut, and whatever they are", () => {
    const part = fc.record({ who: fc.constantFrom(0, 1, 2), text: fc.string({ unit: "binary", maxLength: 30 }) });
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (raw, cuts) => {
        const parts = raw.map(({ who, text }) => ({ who, text: text.replace(/[\r\n]/g, "") }));
        const from = reader();
        const runs = [from.open(MB), from.open(MB)];
        const names = runs.map((each) => from.name(each));
        // Nobody's text is made to look like a record, with each cut of a true name.
        const loose = (text: string, at: number) => `${text}\0${names[0]?.slice(0, at % 25)}`;
        const bytes = Buffer.concat([
          ...parts.map(({ who, text }, at) =>
            who === 2 ? Buffer.from(`${loose(text, at)}\n`) : named(names[who] as string, `${text}\n`),
          ),
          ...names.map((each) => named(each, "")),
        ]);
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const next = at + (cuts[cut % cuts.length] ?? 1);
          from.chunk(1, bytes.subarray(at, next));
          at = next;
        }
        for (const [who, run] of runs.entries()) {
          const wanted = parts.flatMap((each, at) => {
            if (each.who === who) return [`stdout: ${each.text}`];
            return each.who === 2 ? [`stdout: [shared] ${loose(each.text, at)}`] : [];
          });
          expect(texts(run.take({ missing: false, now: 0 }))).toEqual(wanted);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("that said they printed nothing are believed, although others print meanwhile", () => {
    const from = reader();
    const [one, two] = [from.open(MB), from.open(MB)];
    const second = from.name(two);
    from.name(one);
    from.chunk(1, named(second, "busy\n"));
    one.quiet = true;
    let whole = false;
    from.settle(one, () => {
      whole = true;
    });
    expect(whole).toBe(true);
    expect(from.noisy).toBe(false);
  });
});
