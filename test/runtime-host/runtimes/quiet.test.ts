// The nodejs and python runtimes leave out end markers only when they are asked to and a run has printed nothing.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findLocalRuntimes } from "../../../runtime-host/runtimes/local.ts";
import { RuntimeClient, SENTINEL } from "../../support/runtime-client.ts";
import { startProcess } from "../../support/runtime-process.ts";

const MARKER = `${SENTINEL}\n`;

const ACTIONS = {
  nodejs: `const fs = require("node:fs");
    function main({ way }) {
      if (way === "print") console.log("printed");
      if (way === "child") require("node:child_process").execFileSync("true");
      if (way === "number") fs.writeFileSync(1, "printed\\n");
      return {};
    }`,
  python: `import os, subprocess
def main(args):
    way = args.get("way")
    if way == "print":
        print("printed")
    elif way == "child":
        subprocess.run(["true"])
    elif way == "number":
        with open(1, "w", closefd=False) as file:
            file.write("printed\\n")
    elif way == "copy":
        os.write(os.dup(1), b"printed\\n")
    elif way == "fork":
        child = os.fork()
        if child == 0:
            print("printed")
            os._exit(0)
        os.waitpid(child, 0)
    elif way == "process":
        import multiprocessing
        process = multiprocessing.get_context("spawn").Process(target=print, args=("printed",))
        process.start()
        process.join()
    elif way == "library":
        import ctypes
        library = ctypes.CDLL(None)
        library.puts(b"printed")
        library.fflush(None)
    return {}
`,
} as const;
const AROUND = { nodejs: ["number"], python: ["number", "copy", "fork", "process", "library"] } as const;

for (const local of (await findLocalRuntimes()).filter((each) => each.family in ACTIONS)) {
  const family = local.family as keyof typeof ACTIONS;

  describe(`${local.kind} leaves out end markers`, () => {
    let client: RuntimeClient;

    beforeEach(async () => {
      client = new RuntimeClient(await startProcess(local));
      expect((await client.init({ name: "t", main: "main", code: ACTIONS[family] })).status).toBe(200);
    });
    afterEach(() => client.close());

    /** Whether it said that it was quiet, and what it printed. */
    async function run(value: object, mayBeQuiet: boolean): Promise<[boolean, string]> {
      const before = client.runtime.logs();
      const [out, err] = [before.stdout.length, before.stderr.length];
      const headers: Record<string, string> = mayBeQuiet ? { "x-edgewhisk-quiet": "1" } : {};
      const answer = await client.request("/run", { body: JSON.stringify({ value }), headers });
      expect(answer.status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { stdout, stderr } = client.runtime.logs();
      return [answer.headers["x-edgewhisk-quiet"] === "1", stdout.slice(out) + stderr.slice(err)];
    }

    it("only where it was told that they are not needed", async () => {
      expect(await run({}, false)).toEqual([false, MARKER + MARKER]);
      expect(await run({}, true)).toEqual([true, ""]);
    });

    it("not after a run that printed, and again after the next", async () => {
      expect(await run({ way: "print" }, true)).toEqual([false, `printed\n${MARKER}${MARKER}`]);
      expect(await run({}, true)).toEqual([true, ""]);
    });

    it("also of the thousandth run, when a runtime may change how it keeps its environment", async () => {
      const headers = { "x-edgewhisk-quiet": "1" };
      const once = () => client.request("/run", { body: '{"value":{},"transaction_id":"t"}', headers });
      for (let n = 0; n < 1001; n++) expect((await once()).headers["x-edgewhisk-quiet"], `run ${n}`).toBe("1");
    });

    it("never again once a child process was made, which may print at any time", async () => {
      expect((await run({ way: "child" }, true))[0]).toBe(false);
      expect(await run({}, true)).toEqual([false, MARKER + MARKER]);
    });

    it.each(AROUND[family])("never again once something may print that it does not hear of: %s", async (way) => {
      expect(await run({ way }, true)).toEqual([false, `printed\n${MARKER}${MARKER}`]);
      expect(await run({}, true)).toEqual([false, MARKER + MARKER]);
    });
  });
}
