// CONFIGURATION.md is what the code reads, and says all that it reads.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as limits from "../src/entities/limits.ts";
import { bindings, CHECKED, configuration } from "./support/configuration.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const text = configuration();

/** Names of the environment that code of the runtime host reads.
 * What its runtimes read is between it and their containers. */
function variablesRead(): string[] {
  const files = globSync("runtime-host/**/*.{ts,mjs}", { cwd: ROOT }).filter((file) => !file.includes("/runtimes/"));
  const found = files.flatMap((file) => [
    // A text that esbuild replaces in the Worker's bundle is no reading.
    ...readFileSync(join(ROOT, file), "utf8")
      .replaceAll('"process.env.NODE_ENV"', "")
      .matchAll(/\benv\.([A-Z][A-Z0-9_]*|npm_\w+)\b/g),
  ]);
  return [...new Set(found.map(([, name = ""]) => name))].sort();
}

describe("CONFIGURATION.md", () => {
  it("is what the code says today: `npm run docs:configuration` writes it", () => {
    expect(readFileSync(join(ROOT, "CONFIGURATION.md"), "utf8")).toBe(text);
  });

  it("names every variable that the runtime host's code reads", () => {
    const names = variablesRead();
    expect(names).toContain("EDGEWHISK_DIE_WITH_PARENT");
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it("names every binding, secret and variable that the Worker checks, and no other", () => {
    const checked = CHECKED.filter((name) => !/^RECORDS_[1-9]/.test(name));
    const described = bindings().map((each) => each.name);
    expect(described.filter((name) => name !== "MACHINE").toSorted()).toEqual(checked.toSorted());
    for (const name of described) expect(text).toContain(`\n- \`${name}\`: `);
  });

  it("names every limit with its value", () => {
    const named = Object.entries(limits).filter(([name, value]) => typeof value === "number" && name !== "MB");
    expect(named.length).toBeGreaterThan(12);
    for (const [name, value] of named) expect(text).toMatch(new RegExp(`\\n- \`${name}\`: [^]*?Value:\\s+${value}\\b`));
  });

  it("has lines that a terminal shows whole", () => {
    expect(text.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });
});
