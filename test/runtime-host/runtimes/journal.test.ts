// Our runtimes print into their journals, in order and at once, as long as nobody else can print in the container.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal } from "../../../runtime-host/container/journal.ts";
import { findLocalRuntimes } from "../../../runtime-host/runtimes/local.ts";
import { type Answer, type Runtime, RuntimeClient, SENTINEL } from "../../support/runtime-client.ts";
import { startProcess } from "../../support/runtime-process.ts";

const MB = 1024 * 1024;
const QUIET = { "x-edgewhisk-quiet": "1" };

/** The same actions in each language. What native programs print passes their runtime: nobody else can print, what has
 * not got there is lost with it, and what is long comes in pieces. */
const ACTIONS: Record<"nodejs" | "python" | "native", Actions> = {
  nodejs: {
    // Streams that are corked, and callbacks.
    ways: `const fs = require("node:fs");
      async function main() {
        console.log("one"); process.stdout.write("two\\n"); fs.writeSync(1, "three\\n");
        process.stdout.write(Buffer.from("four\\n")); process.stdout.write("ZsO8bmY=", "base64"); process.stdout.write("\\n");
        await new Promise((done) => fs.write(1, "six\\n", done));
        await new Promise((done) => process.stdout.write("seven ü€😀\\n", done));
        process.stdout.cork(); process.stdout.write("eight\\n"); process.stdout.write("nine\\n"); process.stdout.uncork();
        fs.writeSync(1, Buffer.from("xx ten\\nxx"), 3, 4);
        console.error("oops"); console.table([1]);
        return {};
      }`,
    child: `function main({ child }) { console.log("before");
      if (child) require("node:child_process").execFileSync("sh", ["-c", "echo child"], { stdio: "inherit" });
      console.log("after"); return {}; }`,
    lines: `function main({ lines }) { for (let i = 0; i < lines; i++) console.log(String(i).padEnd(1023)); return {}; }`,
    long: `function main({ length }) { console.log("é".repeat(length)); return {}; }`,
    killed: `function main() { for (let i = 0; i < 100; i++) console.log(i); process.kill(process.pid, "SIGKILL"); for (;;); }`,
    environment: `function main() { return { env: Object.keys(process.env).filter((key) => key.startsWith("EDGEWHISK")) }; }`,
    here: "function main() { console.log('here'); return {}; }",
  },
  python: {
    ways: `import logging, os, sys, threading
def main(args):
    print("one"); sys.stdout.write("two\\n"); os.write(1, b"three\\n")
    sys.stdout.buffer.write(b"four\\nf\\xc3\\xbcnf\\n"); sys.stdout.flush()
    thread = threading.Thread(target=print, args=("six",)); thread.start(); thread.join()
    print("seven ü€😀", "eight", sep="\\n"); print("nine", file=sys.__stdout__); sys.stdout.writelines(["ten", "\\n"])
    logging.warning("oops")
    print("┌", "┘", sep="\\n")
    return {}
`,
    child: `import subprocess
def main(args):
    print("before")
    if args["child"]:
        subprocess.run(["sh", "-c", "echo child"])
    print("after")
    return {}
`,
    lines: `def main(args):
    for i in range(args["lines"]):
        print(str(i).ljust(1023))
    return {}
`,
    long: `def main(args):
    print("é" * args["length"])
    return {}
`,
    killed: `import os
def main(args):
    for i in range(100):
        print(i)
    os.kill(os.getpid(), 9)
`,
    environment: `import os
def main(args):
    return {"env": [key for key in os.environ if key.startswith("EDGEWHISK")]}
`,
    here: `def main(args):
    print("here")
    return {}
`,
  },
  native: {
    ways: `#!/bin/sh
printf 'one\\ntwo\\nthree\\nfour\\nfünf\\nsix\\nseven ü€😀\\neight\\nnine\\nten\\n┌\\n┘\\n'
echo oops >&2
echo '{}'
`,
    lines: `#!/bin/sh
read -r argument
lines=\${argument#*:}; lines=\${lines%\\}}; i=0
while [ $i -lt $lines ]; do printf '%-1023s\\n' $i; i=$((i + 1)); done
echo '{}'
`,
    environment: `#!/bin/sh
env | grep EDGEWHISK
echo '{"env":[]}'
`,
    here: "#!/bin/sh\necho here; echo '{}'\n",
  },
};

interface Actions {
  ways: string;
  lines: string;
  environment: string;
  here: string;
  child?: string;
  long?: string;
  killed?: string;
}

for (const local of (await findLocalRuntimes()).filter((each) => each.family in ACTIONS)) {
  const actions = ACTIONS[local.family as keyof typeof ACTIONS];
  describe(`${local.kind} with journals`, () => {
    let folder: string;
    let journal: Journal;
    let runtime: Runtime;
    let client: RuntimeClient;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), "edgewhisk-journal-"));
      journal = Journal.make(folder);
      runtime = await startProcess(local, {
        EDGEWHISK_JOURNALS: journal.paths.join(":"),
        __OW_ALLOW_CONCURRENT: "true",
      });
      client = new RuntimeClient(runtime);
    });
    afterEach(async () => {
      await client.close();
      await runtime.stop();
      journal.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const init = async (code: string) => {
      const answer = await client.init({ name: "t", main: "main", code });
      expect(answer.status).toBe(200);
    };
    const run = (value: object, headers: Record<string, string> = {}): Promise<Answer> =>
      client.request("/run", { body: JSON.stringify({ value }), headers: { ...QUIET, ...headers } });
    const isQuiet = (answer: Answer) => answer.headers["x-edgewhisk-quiet"] === "1";
    const name = (n: number) => `${"a".repeat(16)}${n.toString(16).padStart(8, "0")}`;

    /** What has been written since the last look, by run and stream. */
    function written(): Record<string, string> {
      const said: Record<string, string> = {};
      const printed = (of: number, stream: number, bytes: Buffer) => {
        said[`${of}/${stream}`] = (said[`${of}/${stream}`] ?? "") + bytes.toString("utf8");
      };
      journal.read({ printed, lost: (bytes) => expect.fail(`${bytes} bytes cannot be read`) }, 100 * MB);
      return said;
    }

    it("has all ways to print there, in order, and says that nothing is on the streams", async () => {
      await init(actions.ways);
      const answer = await run({});
      expect(isQuiet(answer)).toBe(true);
      const said = written();
      expect(said["0/1"]).toMatch(/^one\ntwo\nthree\nfour\nfünf\nsix\nseven ü€😀\neight\nnine\nten\n┌[\s\S]*┘\n$/);
      expect(said["0/2"]).toMatch(/^(WARNING:root:)?oops\n$/);
      expect(runtime.logs()).toEqual({ stdout: "", stderr: "" });
    });

    if (local.family === "nodejs") {
      it("keeps runs apart that overlap, and what runs in no run of nobody's", async () => {
        await init(`setTimeout(() => console.log("nobody"), 150);
        async function main({ n }) { for (let i = 0; i < 3; i++) { console.log(n, i); await new Promise((d) => setTimeout(d, 60)); } return {}; }`);
        const answers = await Promise.all([1, 2, 3].map((n) => run({ n }, { "x-edgewhisk-run": name(n) })));
        expect(answers.every(isQuiet)).toBe(true);
        expect(written()).toEqual({
          "0/1": "nobody\n",
          ...Object.fromEntries([1, 2, 3].map((n) => [`${n}/1`, `${n} 0\n${n} 1\n${n} 2\n`])),
        });
      });

      it("has its end markers on the streams where it cannot be quiet, and only there", async () => {
        await init(`function main({ raw }) { console.log("a"); if (raw) process._rawDebug("b"); return {}; }`);
        const markers = `${SENTINEL}\n`;
        expect(isQuiet(await run({ raw: true }))).toBe(false);
        await expect.poll(() => runtime.logs()).toEqual({ stdout: markers, stderr: `b\n${markers}` });
        expect(isQuiet(await run({}, { "x-edgewhisk-quiet": "" }))).toBe(true);
        await client.request("/run", { body: '{"value":{}}' });
        await expect
          .poll(() => runtime.logs())
          .toEqual({ stdout: markers + markers, stderr: `b\n${markers}${markers}` });
        expect(written()).toEqual({ "0/1": "a\na\na\n" });
      });
    }

    const { child } = actions;
    if (typeof child === "string") {
      it("leaves them to the streams for good once others can print, and nothing is lost or twice", async () => {
        await init(child);
        expect(isQuiet(await run({ child: false }))).toBe(true);
        expect(isQuiet(await run({ child: true }))).toBe(false);
        expect(written()).toEqual({ "0/1": "before\nafter\nbefore\n" });
        await expect.poll(() => runtime.logs().stdout).toBe(`child\nafter\n${SENTINEL}\n`);
        expect(isQuiet(await run({ child: false }))).toBe(false);
        expect(written()).toEqual({});
        await expect.poll(() => runtime.logs().stdout).toBe(`child\nafter\n${SENTINEL}\nbefore\nafter\n${SENTINEL}\n`);
      });
    }

    it("that are full leave the rest to the streams, until it is told to go on in the other", async () => {
      await init(actions.lines);
      const lines = 3000;
      expect(isQuiet(await run({ lines }))).toBe(false);
      const there = written()["0/1"] ?? "";
      expect(there.length).toBeGreaterThan(1.8 * MB);
      expect(there.length).toBeLessThan(2 * MB);
      const whole = Array.from({ length: lines }, (_, n) => `${String(n).padEnd(1023)}\n`).join("");
      await expect.poll(() => runtime.logs().stdout.length).toBe(whole.length - there.length + SENTINEL.length + 1);
      expect(there + runtime.logs().stdout.slice(0, -SENTINEL.length - 1)).toBe(whole);
      expect(isQuiet(await run({ lines: 1 }))).toBe(false);
      const turn = journal.turn() ?? "";
      expect(turn).toBe("b");
      expect(isQuiet(await run({ lines: 2 }, { "x-edgewhisk-journal": turn }))).toBe(true);
      expect(written()["0/1"]).toHaveLength(2048);
    });

    const { long } = actions;
    if (typeof long === "string") {
      it("takes a text of any length as one, here or on the streams", async () => {
        await init(long);
        for (const length of [1, 21_845, 21_846, 70_000, 500_000]) {
          expect(isQuiet(await run({ length }))).toBe(true);
          expect(written()).toEqual({ "0/1": `${"é".repeat(length)}\n` });
        }
        expect(isQuiet(await run({ length: 2_000_000 }))).toBe(false);
        expect(written()).toEqual({});
        await expect.poll(() => runtime.logs().stdout.length).toBe(2_000_001 + SENTINEL.length + 1);
      });
    }

    const { killed } = actions;
    if (typeof killed === "string") {
      it("has written what was printed before it is killed", async () => {
        await init(killed);
        await expect(run({})).rejects.toThrow();
        expect(written()["0/1"]).toBe(Array.from({ length: 100 }, (_, n) => `${n}\n`).join(""));
      });
    }

    it("does not tell the action's environment of them", async () => {
      await init(actions.environment);
      expect((await run({})).body).toEqual({ env: [] });
    });
  });

  it(`${local.kind} prints to the streams where its journals cannot be opened`, async () => {
    const runtime = await startProcess(local, { EDGEWHISK_JOURNALS: "/nowhere/a:/nowhere/b" });
    const client = new RuntimeClient(runtime);
    await client.init({ name: "t", main: "main", code: actions.here });
    await client.run({});
    await expect.poll(() => runtime.logs().stdout).toBe(`here\n${SENTINEL}\n`);
    await client.close();
    await runtime.stop();
  });
}
