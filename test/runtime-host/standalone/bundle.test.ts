// The Worker's bundle in a project of a few lines: kept until a source or a package changes,
// and never a stale or broken one.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bundleWorker } from "../../../runtime-host/standalone/bundle.ts";
import { StartFailure } from "../../../runtime-host/standalone/failure.ts";

let root: string;
let kept: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "edgewhisk-bundle-"));
  kept = join(root, "node_modules/.cache/edgewhisk/worker.js");
  mkdirSync(join(root, "src"));
  write("src/index.ts", 'import { word } from "./word.ts";\nexport default { fetch: () => new Response(word) };\n');
  write("src/word.ts", 'export const word: string = "one";\n');
  write("package-lock.json", "{}");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(root, name), text);
}

it("is kept, for this user alone, until a source or a package changes", async () => {
  expect(await bundleWorker(root)).toContain('"one"');
  const { ino, mode } = statSync(kept);
  expect(mode & 0o777).toBe(0o600);
  expect(await bundleWorker(root)).toContain('"one"');
  expect(statSync(kept).ino).toBe(ino);
  write("src/word.ts", 'export const word: string = "two";\n');
  expect(await bundleWorker(root)).toContain('"two"');
  const changed = readFileSync(kept, "utf8");
  write("package-lock.json", '{"lockfileVersion":3}');
  await bundleWorker(root);
  expect(readFileSync(kept, "utf8")).not.toBe(changed);
  rmSync(join(root, "src/word.ts"));
  await expect(bundleWorker(root)).rejects.toThrow(StartFailure);
});

it("is made again when what was kept is cut short or of another making", async () => {
  const whole = await bundleWorker(root);
  const text = readFileSync(kept, "utf8");
  for (const broken of [
    "",
    text.slice(0, -20),
    text.slice(0, text.length / 2),
    whole,
    `${whole}\n// made from null\n`,
  ]) {
    writeFileSync(kept, broken);
    expect(await bundleWorker(root)).toContain('"one"');
    expect(readFileSync(kept, "utf8")).toBe(text);
  }
});

it("is made each time where nothing can be kept", async () => {
  write("node_modules", "a file where the folder would be");
  expect(await bundleWorker(root)).toContain('"one"');
  expect(await bundleWorker(root)).toContain('"one"');
});

it("has comments in ASCII, and its texts as they were", async () => {
  const comment = "  // a – comment, which stays since it stands inside\n";
  write(
    "src/word.ts",
    `export const word = [\n${comment}  "ünï – 語", \`// ü\n  // – \${"é"}\`, /^[ä]$/u.source,\n].join();\n`,
  );
  const script = await bundleWorker(root);
  expect(script).toContain("// a ? comment, which stays");
  const made = (await import(`data:text/javascript,${encodeURIComponent(script)}`)) as {
    default: { fetch(): Response };
  };
  expect(await made.default.fetch().text()).toBe("ünï – 語,// ü\n  // – é,^[ä]$");
});
