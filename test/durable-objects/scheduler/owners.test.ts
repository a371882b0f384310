// Each state of a scheduler has one owner: what a class holds is changed by its own methods,
// and a run by the run table alone.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const FOLDER = new URL("../../../durable-objects/scheduler/", import.meta.url);
const sources = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(new URL(name, FOLDER), "utf8") }));

/** Fields of classes in this text that others could assign to. */
function openFields(text: string): string[] {
  const classes = [...text.matchAll(/^export (?:abstract )?class \w+[\s\S]*?^\}/gm)].map(([body]) => body);
  return classes.flatMap((body) =>
    [
      ...body.matchAll(/^ {2}(?:(?:public|protected|static) )?(?!readonly\b)(\w+)(?:[?!]?: [^=(]+)?(?: =[^>].*)?;$/gm),
    ].map((match) => match[1] ?? ""),
  );
}

describe("a scheduler's state", () => {
  it("is private to the class that holds it", () => {
    const open = sources.flatMap(({ name, text }) => openFields(text).map((field) => `${name}: ${field}`));
    expect(open).toEqual([]);
    expect(openFields("export class Shared {\n  phase = 0;\n  readonly name: string;\n  #own = 1;\n}\n")).toEqual([
      "phase",
    ]);
    expect(openFields("export class Shared {\n  report: Report | undefined;\n}\n")).toEqual(["report"]);
  });

  it("of a run changes in the run table only: elsewhere each of its fields is readonly", () => {
    const run = sources.find(({ name }) => name === "run.ts")?.text ?? "";
    const body = /export interface TrackedRun \{([\s\S]*?)\n\}/.exec(run)?.[1] ?? "";
    const fields = [...body.matchAll(/^ {2}(readonly )?(\w+)\??:/gm)];
    expect(fields.length).toBeGreaterThan(10);
    expect(fields.filter(([, readonly]) => readonly === undefined).map(([, , name]) => name)).toEqual([]);
    const writers = sources.filter(({ text }) => /-readonly/.test(text)).map(({ name }) => name);
    expect(writers).toEqual(["run-table.ts"]);
  });

  it("has its owners told: each class says what it owns, or that it owns nothing", () => {
    const CLASSES = /^export class /m;
    const silent = sources
      .filter(({ text }) => CLASSES.test(text) && !/extends DurableObject/.test(text))
      .filter(({ text }) => !/\bowns\b|\bPure\b/.test(text.slice(0, text.indexOf("\n\n"))))
      .map(({ name }) => name);
    expect(silent).toEqual([]);
  });
});
