// The contract's own zip, read by a tool that knows nothing of us.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { zipOf } from "../../../runtime-host/contract/archive.ts";

it("holds its files, byte for byte", () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-zip-"));
  try {
    const files = { "index.js": "exports.main = () => 1;\n", "lib/❄.txt": "snow ❄", empty: "" };
    writeFileSync(join(folder, "a.zip"), zipOf(files));
    const script =
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])";
    execFileSync("python3", ["-c", script, join(folder, "a.zip"), folder]);
    expect(readFileSync(join(folder, "index.js"), "utf8")).toBe(files["index.js"]);
    expect(readFileSync(join(folder, "empty"), "utf8")).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
