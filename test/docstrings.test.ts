// What is exported of the rooms that others build on says what it is: shapes, units, errors.

import { describe, expect, it } from "vitest";
import { type Declaration, declarations } from "./support/syntax.ts";

/** Who reads these builds the other end, or a new store, engine or verb. */
const ROOMS: Record<string, RegExp> = {
  protocol: /^src\/protocol\//,
  catalog: /^src\/catalog\//,
  storage: /^src\/storage\//,
  invocation: /^src\/invocation\//,
  engine: /^runtime-host\/engine\/engine\.ts$/,
  pool: /^runtime-host\/pool\//,
};
/** Share of exported things that must have a docstring. */
const WANTED = 0.9;

const STOP_WORDS = new Set("a an the of for to in on as is it its this that and or with by which".split(" "));

/** A schema and its type share a name and a docstring. */
const things = [
  ...Map.groupBy(
    declarations().filter((each) => each.exported && each.top),
    (each) => `${each.file} ${each.name}`,
  ).values(),
].map((same) => same.find((each) => each.doc !== "") ?? same[0]!);

describe("docstrings", () => {
  it.each(Object.keys(ROOMS))("%s: at least nine of ten exported things have one", (room) => {
    const own = things.filter((each) => ROOMS[room]?.test(each.file));
    const bare = own.filter((each) => each.doc === "").map(placeOf);
    expect(own.length).toBeGreaterThan(5);
    expect(bare.length / own.length, bare.join("\n")).toBeLessThanOrEqual(1 - WANTED);
  });

  it("tell more than the name does", () => {
    const echoes = things.filter((each) => each.doc !== "" && repeats(each)).map(placeOf);
    expect(echoes).toEqual([]);
  });

  it("which is measured by words", () => {
    const thing = { ...things[0]!, name: "openRecordTable" };
    expect(repeats({ ...thing, doc: "Opens the record table." })).toBe(true);
    expect(repeats({ ...thing, doc: "The record table with this number; throws if there is none." })).toBe(false);
  });
});

function placeOf({ file, line, name }: Declaration): string {
  return `${file}:${line} ${name}`;
}

function repeats({ name, doc }: Declaration): boolean {
  const known = new Set(wordsOf(name.replace(/([a-z0-9])([A-Z])/g, "$1 $2")));
  return wordsOf(doc).every((word) => STOP_WORDS.has(word) || known.has(word));
}

/** In lower case, without the endings that grammar asks for. */
function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map((word) => word.replace(/(?<=..)(s|ed|ing)$/, ""));
}
