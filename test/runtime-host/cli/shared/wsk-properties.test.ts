// The file that `wsk property set` writes.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { propertiesIn, readWskProperties } from "../../../../runtime-host/cli/shared/wsk-properties.ts";

it("is lines of NAME=value; the last one counts", () => {
  const text =
    "APIHOST=old\n# AUTH=commented:out\nAPIVERSION=v1\n APIHOST = https://edge.example \r\nAUTH='a:b=c'\nnonsense\n";
  expect(propertiesIn(text)).toEqual({ apihost: "https://edge.example", auth: "a:b=c" });
  expect(propertiesIn("")).toEqual({});
  expect(propertiesIn("AUTH=\nAPIHOST")).toEqual({});
});

it("is ~/.wskprops, or the file that WSK_CONFIG_FILE names; a missing one is an empty one", () => {
  const home = mkdtempSync(join(tmpdir(), "edgewhisk-wsk-"));
  try {
    writeFileSync(join(home, ".wskprops"), "AUTH=home:key\n");
    writeFileSync(join(home, "other"), "AUTH=other:key\n");
    expect(readWskProperties({ HOME: home })).toEqual({ file: "~/.wskprops", auth: "home:key" });
    const file = join(home, "other");
    expect(readWskProperties({ HOME: home, WSK_CONFIG_FILE: file })).toEqual({ file, auth: "other:key" });
    expect(readWskProperties({ HOME: join(home, "nobody") })).toEqual({ file: "~/.wskprops" });
  } finally {
    rmSync(home, { recursive: true });
  }
});
