// Actions for the contract's checks out of a folder of the caller's.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { actionsIn } from "../../../runtime-host/contract/own-actions.ts";

it("are files by the name of what they are for; archives are sent as base64", () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-actions-"));
  try {
    writeFileSync(join(folder, "echo.rb"), "def main(args) args end");
    writeFileSync(join(folder, "archive.zip"), Uint8Array.of(0x50, 0x4b, 0xff));
    writeFileSync(join(folder, "README.md"), "not an action");
    writeFileSync(join(folder, "constructor.rb"), "no need of ours");
    expect(actionsIn(folder)).toEqual({
      echo: { code: "def main(args) args end", binary: false },
      archive: { code: "UEv/", binary: true },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("are refused with what the file system says", () => {
  expect(() => actionsIn("/nonexistent/actions")).toThrow(/ENOENT/);
});
