// The documents' commands, typed as they stand there, in one folder and against one platform: each answer is the one that is
// shown below its command. What stands in lists is looked at by test/documents.test.ts.

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandsOf, DOCUMENTS } from "../support/documents.ts";
import { GUEST, type Platform, startPlatform } from "../support/platform.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const ORIGIN = "http://127.0.0.1:3233";
/** Names that differ each time: ids of activations, and of hosts that state folders have given themselves. */
const NAMES = /\b[0-9a-f]{32}\b|\blocal-[0-9a-f]{8}\b/g;
const run = promisify(execFile);

const typed = DOCUMENTS.flatMap((document) => commandsOf(document)).filter((each) => each.shown !== null);

/** "…" stands for anything. What a name of the document became is remembered under it. */
function patternOf(shown: string): { pattern: RegExp; names: string[] } {
  const names: string[] = [];
  const source = shown
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("…", "[\\s\\S]*")
    .replace(/\d{4}-\d\d-\d\dT[\d:]+\\\.\d+Z/g, "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z")
    .replace(NAMES, (name) => {
      names.push(name);
      return name.startsWith("local-") ? "(local-[0-9a-f]{8})" : "([0-9a-f]{32})";
    });
  return { pattern: new RegExp(`^${source}$`), names };
}

describe("what the documents type", () => {
  let platform: Platform;
  let folder: string;
  let variables: Record<string, string> = { AUTH: GUEST };
  const became = new Map<string, string>();

  beforeAll(async () => {
    // Calls may wait for hosts that nobody has seen, as OPERATIONS says where it shows one that waits.
    platform = await startPlatform({ engine: "process", flags: ["--var", "HOSTS_MAY_COME=1"] });
    folder = mkdtempSync(join(tmpdir(), "edgewhisk-readme-"));
    // What a clone has beside the files of the tour: its command, and the state of the platform that was started there.
    for (const name of ["package.json", "package-lock.json", "runtime-host", "src"]) {
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    symlinkSync(platform.state, join(folder, ".edgewhisk"));
  });
  afterAll(async () => {
    await platform?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const here = (text: string) => {
    let put = text.replaceAll(ORIGIN, platform.url);
    for (const [name, now] of became) put = put.replaceAll(name, now);
    return put;
  };

  async function type(command: string, env: Record<string, string> = {}): Promise<string> {
    const { stdout } = await run("sh", ["-c", command], { cwd: folder, env: { ...process.env, ...variables, ...env } });
    return stdout.trim();
  }

  /** Variables as the shell makes them of a line that only sets some. */
  async function assign(command: string): Promise<void> {
    const names = [...command.matchAll(/(?:^|\s)([A-Z_]+)=/g)].map((match) => match[1] ?? "");
    const script = `set -a; ${command}; for name in ${names.join(" ")}; do eval "printf '%s\\0' \\"\\$$name\\""; done`;
    const values = (await type(script)).split("\0");
    variables = { ...variables, ...Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""])) };
  }

  it("has commands", () => {
    const documents = typed.map((each) => each.document);
    expect(documents.filter((each) => each === "README.md").length).toBeGreaterThan(15);
    expect(documents.filter((each) => each === "OPERATIONS.md").length).toBeGreaterThan(15);
  });

  it.each(typed)("$document: $text", async ({ text, shown }) => {
    const answered = shown ?? "";
    const file = /^cat (\S+\.json)$/.exec(text)?.[1];
    if (file !== undefined) {
      JSON.parse(answered);
      writeFileSync(join(folder, file), answered);
      return;
    }
    if (/^(export )?[A-Z_]+=/.test(text)) {
      await assign(here(text));
      return;
    }
    if (answered === "") {
      expect(await type(here(text))).not.toMatch(/"error"/);
      return;
    }
    const { pattern, names } = patternOf(answered);
    let answer = await type(here(text));
    // A record is there soon after its id.
    const mayCome = /\/activations\/|\blogs\b/.test(text);
    for (let tries = 0; mayCome && !pattern.test(answer) && tries < 40; tries++) {
      await sleep(250);
      answer = await type(here(text));
    }
    expect(answer).toMatch(pattern);
    const found = pattern.exec(answer) ?? [];
    for (const [index, name] of names.entries()) became.set(name, found[index + 1] ?? "");
  });

  it("the SDK's sample runs as a file and prints what its comment says", async () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    const sample = /^```js\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? "";
    const wanted = /\/\/ (\{.*\})$/m.exec(sample)?.[1];
    writeFileSync(join(folder, "count.mjs"), here(sample));
    expect(await type("node count.mjs")).toBe(wanted);
  });

  it("the command that follows a log says what it wants where nothing is set", async () => {
    const env = { EDGEWHISK_URL: "", EDGEWHISK_AUTH: "", WSK_CONFIG_FILE: "/nonexistent" };
    const failed = await type("npx edgewhisk logs 01a1fc0c949c00b8ddf916e770006550 2>&1; true", env);
    expect(failed).toMatch(/which platform\? Set EDGEWHISK_URL/);
  });

  it("the Worker is built and its bindings are found, as a deployment would, without an account", async () => {
    const out = mkdtempSync(join(tmpdir(), "edgewhisk-dry-"));
    try {
      const args = ["wrangler", "deploy", "--dry-run", "--outdir", out];
      const { stdout } = await run("npx", args, { cwd: ROOT, env: { ...process.env, CI: "true" } });
      expect(stdout).toMatch(/--dry-run: exiting now/);
      for (const binding of ["DB", "BLOBS", "SCHEDULER", "ACTIVATIONS"]) expect(stdout).toContain(`env.${binding}`);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
