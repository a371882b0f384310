// `edgewhisk migrate`: every database of wrangler.toml is brought up to date, by wrangler.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { text, toggle } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, failed } from "../shared/exit-codes.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
/** Characters of wrangler's words that are kept: they name each migration twice. */
const MAX_SAID = 40_000;

export const migrate = defineCommand({
  name: "migrate",
  group: "Administer a deployment",
  summary: "bring all databases of a deployment up to date (npm start does it by itself)",
  options: {
    local: toggle("those of wrangler dev on this machine, in place of the deployed ones"),
    state: text("DIR", "with --local: what wrangler dev was given as --persist-to", { defaultText: "its own" }),
  },
  notes: `Applies to each D1 database of wrangler.toml, one after the other, the migrations that it lacks. It may be run at any time
and again. Migrations only add: a Worker of the release before goes on meanwhile and afterwards. Run it before
npx wrangler deploy; a Worker that finds a database too old answers 503 and says so.

Which account: as for npx wrangler (CLOUDFLARE_API_TOKEN, or npx wrangler login).`,
  async run({ options, io, print, progress }): Promise<CommandOutcome> {
    const { workerOptionsOf } = await import("../../standalone/wrangler.ts");
    const { d1Databases = {} } = (await workerOptionsOf(join(ROOT, "wrangler.toml"))) as { d1Databases?: object };
    const persist = options.state === undefined ? [] : ["--persist-to", resolve(options.state)];
    const where = options.local ? ["--local", ...persist] : ["--remote"];
    for (const binding of Object.keys(d1Databases)) {
      progress(`${binding} …`);
      const { code, said } = await wrangler(["d1", "migrations", "apply", binding, ...where], io.env);
      if (code !== 0) {
        const words = said.trim().split("\n").slice(-12).join("\n");
        return failed(`${binding} was not brought up to date; those before it were. Wrangler said:\n${words}`);
      }
      const applied = [...new Set(said.match(/\b\d{4}_\w+\.sql\b/g) ?? [])].sort();
      print(
        { database: binding, applied },
        `${binding}: ${applied.length === 0 ? "is up to date" : applied.join(", ")}`,
      );
    }
    return DONE;
  },
});

/** Resolves when it has ended. It asks nothing: there is nobody at its terminal. */
function wrangler(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ code: number | null; said: string }> {
  const program = join(
    dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
    "wrangler-dist/cli.js",
  );
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ["--no-warnings", program, ...args, "--cwd", ROOT], {
      env: { ...env, CI: "1", WRANGLER_SEND_METRICS: "false" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    const hear = (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(-MAX_SAID);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", fail);
    child.once("close", (code) => done({ code, said }));
  });
}
