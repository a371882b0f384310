import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NamedPipes } from "../../../../runtime-host/engine/process/named-pipes.ts";

describe("NamedPipes", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "edgewhisk-pipes-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("makes pipes that a child can open by name, each of its own, and that end with it", async () => {
    const pipes = new NamedPipes(folder);
    const many = await Promise.all(Array.from({ length: 70 }, () => pipes.open()));
    const texts = await Promise.all(
      many.map(async ({ input, output }, at) => {
        const child = spawn("/bin/sh", ["-c", `echo ${at} > /dev/stdout; echo again`], {
          stdio: ["ignore", input, "ignore"],
        });
        closeSync(input);
        let text = "";
        output.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        await Promise.all([once(output, "close"), once(child, "exit")]);
        return text;
      }),
    );
    expect(texts).toEqual(many.map((_, at) => `${at}\nagain\n`));
    // Only what waits for its turn has a name.
    expect(readdirSync(folder).length).toBeLessThanOrEqual(64);
  });

  it("says why it makes none, each time", async () => {
    const pipes = new NamedPipes(join(folder, "not-there"));
    await expect(pipes.open()).rejects.toThrow(/mkfifo/);
    await expect(pipes.open()).rejects.toThrow(/mkfifo/);
  });
});
