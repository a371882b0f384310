import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { placeOf, samePlace } from "../../../runtime-host/machine/place.ts";

it("a folder is the same by any path to it, and a copy or one that has moved is another", () => {
  const parent = mkdtempSync(join(tmpdir(), "edgewhisk-place-"));
  try {
    const folder = join(parent, "state");
    mkdirSync(folder);
    symlinkSync(folder, join(parent, "link"));
    cpSync(folder, join(parent, "copy"), { recursive: true });
    const place = placeOf(folder);
    expect(samePlace(place, placeOf(join(parent, "link")))).toBe(true);
    expect(samePlace(place, placeOf(join(parent, "copy")))).toBe(false);
    renameSync(folder, join(parent, "moved"));
    expect(samePlace(place, placeOf(join(parent, "moved")))).toBe(false);
    expect(samePlace(place, { ...place, machine: "another" })).toBe(false);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
