// The documents' commands, typed as they stand there, in one folder and against one platform: each answer is the one
// that is shown below its command. What stands in lists is looked at by test/documents.test.ts. The platform notes
// which functions run, so that the same one tells whether a warm call goes through the files that ARCHITECTURE names.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandsOf, DOCUMENTS, textOf } from "../support/documents.ts";
import { startWatchedPlatform, type WatchedPlatform } from "../support/executed.ts";
import { basic, GUEST } from "../support/platform.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const ORIGIN = "http://127.0.0.1:3233";
/** Names that differ each time: ids of activations, and of hosts that state folders have given themselves. */
const NAMES = /\b[0-9a-f]{32}\b|\blocal-[0-9a-f]{8}\b/g;
/** Warm calls that are looked at, and ms after which the record of one is stored. */
const ROUNDS = 6;
const RECORD_MS = 50;
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
  let platform: WatchedPlatform;
  let variables: Record<string, string> = { AUTH: GUEST };
  const became = new Map<string, string>();

  beforeAll(async () => {
    // Calls may wait for hosts that nobody has seen, as OPERATIONS says where it shows one that waits.
    platform = await startWatchedPlatform(["--var", "HOSTS_MAY_COME=1", "--feed-d1", "SHOP=shop.sqlite"]);
    const shop = new DatabaseSync(join(platform.folder, "shop.sqlite"));
    shop.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT); INSERT INTO orders VALUES (1, 'tea')");
    shop.close();
  });
  afterAll(() => platform?.stop());

  const here = (text: string) => {
    let put = text.replaceAll(ORIGIN, platform.url);
    for (const [name, now] of became) put = put.replaceAll(name, now);
    return put;
  };

  async function type(command: string, env: Record<string, string> = {}): Promise<string> {
    const options = { cwd: platform.folder, env: { ...process.env, ...variables, ...env } };
    return (await run("sh", ["-c", command], options)).stdout.trim();
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
      writeFileSync(join(platform.folder, file), answered);
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
    const sample = /^```js\n([\s\S]*?)^```$/m.exec(textOf("README.md"))?.[1] ?? "";
    const wanted = /\/\/ (\{.*\})$/m.exec(sample)?.[1];
    writeFileSync(join(platform.folder, "count.mjs"), here(sample));
    expect(await type("node count.mjs")).toBe(wanted);
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

  describe("a warm call", () => {
    let executed: string[] = [];

    beforeAll(async () => {
      const headers = { authorization: basic(GUEST), "content-type": "application/json" };
      const url = `${platform.url}/api/v1/namespaces/_/actions/count?blocking=true`;
      const call = async () => {
        const answer = await fetch(url, { method: "POST", headers, body: '{"words":"one two"}' });
        expect(answer.status).toBe(200);
      };
      const all: string[][] = [];
      for (let round = 0; round < ROUNDS; round++) {
        await call();
        await platform.executed();
        await call();
        // Its record is on its way to the store.
        await sleep(RECORD_MS);
        all.push(await platform.executed());
      }
      // What runs by the clock is not in each of them.
      executed = (all[0] ?? []).filter((file) => all.every((each) => each.includes(file)));
    });

    const section = textOf("ARCHITECTURE.md").split("## A warm call in files")[1]?.split("\n## ")[0] ?? "";
    const story = [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map((match) => match[1] ?? "");

    it("is told by thirty files at most, and goes through each of them", () => {
      expect(story.length).toBeGreaterThan(20);
      expect(story.length).toBeLessThanOrEqual(30);
      expect(story.filter((file) => !executed.includes(file))).toEqual([]);
    });

    it("enters no more modules than ARCHITECTURE says", () => {
      const bound = Number(/at most (\d+) modules/.exec(section)?.[1]);
      expect(executed.length, executed.join("\n")).toBeLessThanOrEqual(bound);
      // A bound that is far away holds nothing.
      expect(executed.length).toBeGreaterThan(bound - 30);
    });
  });
});
