// The classes wrangler.toml binds are those its migrations leave:
// an object of an earlier version is lost to no deployment.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const TOML = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
const INDEX = readFileSync(new URL("../../src/index.ts", import.meta.url), "utf8");

function sectionsOf(name: string): string[] {
  return TOML.split(/^(?=\[\[)/m).filter((section) => section.startsWith(`[[${name}]]`));
}

function namesIn(text: string | undefined): string[] {
  return [...(text ?? "").matchAll(/"(\w+)"/g)].map((match) => match[1] ?? "");
}

/** What each migration makes, and what it renames, in order. */
function migrated(): Map<string, string> {
  const first = new Map<string, string>();
  for (const section of TOML.split(/^(?=\[\[)/m)) {
    for (const name of namesIn(/new_sqlite_classes = \[(.*)\]/.exec(section)?.[1])) first.set(name, name);
    if (!section.startsWith("[[migrations.renamed_classes]]")) continue;
    const [from = "", to = ""] = ["from", "to"].map((end) => new RegExp(`^${end} = "(\\w+)"`, "m").exec(section)?.[1]);
    const origin = first.get(from);
    if (origin === undefined) throw new Error(`${from} is renamed before it is made`);
    first.delete(from);
    first.set(to, origin);
  }
  return first;
}

test("each class is made by a migration, bound once, and exported; none is left over", () => {
  const bound = sectionsOf("durable_objects.bindings").map((each) => /class_name = "(\w+)"/.exec(each)?.[1] ?? "");
  const exported = [...INDEX.matchAll(/^export \{ (\w+) \} from "\.\.\/durable-objects\//gm)].map((match) => match[1]);
  expect(bound.length).toBeGreaterThan(5);
  expect([...migrated().keys()].toSorted()).toEqual(bound.toSorted());
  expect(exported.toSorted()).toEqual(bound.toSorted());
});

test("the epochs that a Gate kept are an EntityEpoch's", () => {
  expect(migrated().get("EntityEpoch")).toBe("Gate");
});
