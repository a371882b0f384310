// The README's five minutes, typed as they stand there: each command's answer is the one that is shown below it.

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GUEST, type Platform, startPlatform } from "../support/platform.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const ORIGIN = "http://127.0.0.1:3233";
const run = promisify(execFile);

interface Typed {
  command: string;
  shown: string;
}

/** What is typed after "$ " in the README's blocks, with what is shown below. */
function typed(): Typed[] {
  const blocks = [...README.matchAll(/^```\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? "");
  return blocks
    .filter((block) => block.startsWith("$ "))
    .flatMap((block) => block.split(/^\$ /m).slice(1))
    .map((text) => {
      const [command = "", ...rest] = text.split("\n");
      return { command, shown: rest.join("\n").trim() };
    });
}

/** Ids and times differ each time; "…" stands for anything. What an id of the README became is remembered under it. */
function patternOf(shown: string): { pattern: RegExp; ids: string[] } {
  const ids: string[] = [];
  const source = shown
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("…", "[\\s\\S]*")
    .replace(/\d{4}-\d\d-\d\dT[\d:]+\\\.\d+Z/g, "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z")
    .replace(/local-[0-9a-f]{8}/g, "local-[0-9a-f]{8}")
    .replace(/\b[0-9a-f]{32}\b/g, (id) => {
      ids.push(id);
      return "([0-9a-f]{32})";
    });
  return { pattern: new RegExp(`^${source}$`), ids };
}

describe("the README's five minutes", () => {
  let platform: Platform;
  let folder: string;
  const variables = new Map<string, string>([["AUTH", GUEST]]);
  const became = new Map<string, string>();

  beforeAll(async () => {
    platform = await startPlatform({ engine: "process" });
    folder = mkdtempSync(join(tmpdir(), "edgewhisk-readme-"));
    // What a clone has beside the files of the tour: its command.
    for (const name of ["package.json", "package-lock.json", "runtime-host", "src"]) {
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  });
  afterAll(async () => {
    await platform?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const here = (text: string) => {
    let put = text.replaceAll(ORIGIN, platform.url);
    for (const [id, now] of became) put = put.replaceAll(id, now);
    return put;
  };

  async function type(command: string, env: Record<string, string> = {}): Promise<string> {
    const { stdout } = await run("sh", ["-c", command], {
      cwd: folder,
      env: { ...process.env, ...Object.fromEntries(variables), ...env },
    });
    return stdout.trim();
  }

  it("has commands", () => expect(typed().length).toBeGreaterThan(15));

  it.each(typed())("$command", async ({ command, shown }) => {
    const file = /^cat (\S+\.json)$/.exec(command)?.[1];
    if (file !== undefined) {
      JSON.parse(shown);
      writeFileSync(join(folder, file), shown);
      return;
    }
    const assignments = /^(export )?([A-Z_]+=\S+ ?)+$/.test(command);
    if (assignments) {
      for (const [, name = "", value = ""] of command.matchAll(/([A-Z_]+)=(\S+)/g)) {
        variables.set(
          name,
          here(value).replace(/\$([A-Z_]+)/g, (_, other) => variables.get(other) ?? ""),
        );
      }
      return;
    }
    if (shown === "") {
      const answer = await type(here(command));
      expect(answer).not.toMatch(/"error"/);
      return;
    }
    const { pattern, ids } = patternOf(shown);
    let answer = await type(here(command));
    // A record is there soon after its id.
    for (let tries = 0; command.includes("/activations/") && !pattern.test(answer) && tries < 40; tries++) {
      await sleep(250);
      answer = await type(here(command));
    }
    expect(answer).toMatch(pattern);
    const found = pattern.exec(answer) ?? [];
    for (const [index, id] of ids.entries()) became.set(id, found[index + 1] ?? "");
  });

  it("the SDK's sample runs as a file and prints what its comment says", async () => {
    const sample = /^```js\n([\s\S]*?)^```$/m.exec(README)?.[1] ?? "";
    const wanted = /\/\/ (\{.*\})$/m.exec(sample)?.[1];
    writeFileSync(join(folder, "count.mjs"), here(sample));
    expect(await type("node count.mjs")).toBe(wanted);
  });

  it("the command that follows a log says what it wants where nothing is set", async () => {
    const env = { EDGEWHISK_URL: "", EDGEWHISK_AUTH: "", WSK_CONFIG_FILE: "/nonexistent" };
    const failed = await type("npx edgewhisk logs 01a1fc0c949c00b8ddf916e770006550 2>&1; true", env);
    expect(failed).toMatch(/which platform\? Set EDGEWHISK_URL/);
  });
});
