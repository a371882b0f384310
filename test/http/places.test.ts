// Places that are shared: bounds of one and of all, who gives way, and what is left behind without a word.

import { describe, expect, it } from "vitest";
import { Places, type TakenPlace } from "../../src/http/places.ts";

const LIMITS = { ofOne: 4, ofAll: 8, lease: 100 };

function world() {
  const places = new Places(LIMITS);
  const gone: string[] = [];
  let count = 0;
  const enter = (sender: string, now = 0): TakenPlace | null => {
    const name = `${sender}${count++}`;
    return places.enter(sender, { now, giveWay: () => gone.push(name) });
  };
  return { enter, gone };
}

describe("places", () => {
  it("are so many of one sender, until one is left; leaving twice frees one", () => {
    const { enter } = world();
    const held = Array.from({ length: 4 }, () => enter("a"));
    expect(enter("a")).toBeNull();
    held[0]?.leave();
    held[0]?.leave();
    expect(enter("a")).not.toBeNull();
    expect(enter("a")).toBeNull();
  });

  it("are not filled by few: who has the most gives way, its last one first, until all have the same", () => {
    const { enter, gone } = world();
    for (const sender of ["a", "a", "a", "a", "b", "b", "b", "b"]) expect(enter(sender)).not.toBeNull();
    for (const sender of ["c", "d", "e", "c"]) expect(enter(sender)).not.toBeNull();
    expect(gone).toEqual(["a3", "b7", "a2", "b6"]);
    // 2 a, 2 b, 2 c, 1 d, 1 e: another of d would only move the want.
    expect(enter("d")).toBeNull();
    expect(enter("f")).not.toBeNull();
    expect(gone).toHaveLength(5);
  });

  it("are free again when nobody has renewed them", () => {
    const { enter, gone } = world();
    const held = Array.from({ length: 4 }, () => enter("a"));
    held[0]?.renew(60);
    expect(enter("a", 99)).toBeNull();
    const again = Array.from({ length: 4 }, () => enter("a", 100));
    expect(again.map((each) => each !== null)).toEqual([true, true, true, false]);
    for (let n = 0; n < 4; n++) enter("b", 150);
    // All are taken; at 200 the places of `a` are free, and nobody gives way.
    for (let n = 0; n < 4; n++) expect(enter("c", 200)).not.toBeNull();
    expect(gone).toEqual([]);
  });
});
