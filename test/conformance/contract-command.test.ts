// `edgewhisk contract` as anyone would call it: our own images keep every promise, and what does not is told apart.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CHECKS } from "../../runtime-host/contract/checks.ts";
import { dockerLacks } from "../support/docker-lacks.ts";
import { docker } from "../support/runtime-container.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const FAMILIES = ["nodejs", "python", "native"];
const missing = await dockerLacks("edgewhisk contract", { images: FAMILIES });

function contract(...args: string[]) {
  const command = [join(ROOT, "runtime-host/cli/edgewhisk.mjs"), "contract", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8", timeout: 600_000 });
  return { status, stdout, stderr };
}

describe.skipIf(missing !== null)("edgewhisk contract", () => {
  const imageOf = async (family: string): Promise<string> => {
    const list = await docker.listImages({ filters: { label: ["io.edgewhisk.kind"] } });
    const ours = list.toSorted((a, b) => b.Created - a.Created).flatMap((each) => each.RepoTags ?? []);
    return ours.find((tag) => tag.startsWith(`edgewhisk/action-${family}`)) ?? "";
  };

  it.each(FAMILIES)("finds every promise kept by our own %s image", async (family) => {
    const image = await imageOf(family);
    const { status, stdout, stderr } = contract(image);
    expect(stderr).toBe("");
    expect(stdout).toContain(`${image}: ${CHECKS.length} kept, 0 broken, 0 skipped\n`);
    expect(status).toBe(0);
  });

  it("takes actions in any language from a folder, and skips what is not there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "edgewhisk-contract-"));
    try {
      writeFileSync(join(folder, "echo.sh"), "cat");
      writeFileSync(join(folder, "text.sh"), "echo '{}'");
      const { status, stdout } = contract(await imageOf("native"), "--actions", folder, "--json");
      const verdicts = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(verdicts.find((each) => each.name.startsWith("size"))).toMatchObject({ is: "kept" });
      expect(verdicts.find((each) => each.name.startsWith("logs"))).toMatchObject({ is: "skipped" });
      const broken = verdicts.filter((each) => each.is === "broken");
      expect(broken).toEqual([
        {
          name: "errors: a result that is no dictionary is refused",
          is: "broken",
          why: expect.stringContaining("200 {}"),
        },
      ]);
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says in one sentence what it cannot do, and leaves no container", async () => {
    expect(contract("edgewhisk/no-such-image")).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/There is no image/),
    });
    expect(contract()).toMatchObject({ status: 2, stderr: expect.stringMatching(/name one image/) });
    const list = await docker.listContainers({ all: true });
    expect(list.filter((each) => each.Labels["io.edgewhisk.host"]?.startsWith("contract-"))).toEqual([]);
  });
});
