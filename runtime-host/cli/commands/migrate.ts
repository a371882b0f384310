// `edgewhisk migrate`: every database of wrangler.toml is brought up to date: a deployed one by wrangler, one of this
// machine as at a start of the platform.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { text, toggle } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, failed, misused } from "../shared/exit-codes.ts";

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
    const tell = ({ database, applied }: { database: string; applied: readonly string[] }): void =>
      print({ database, applied }, `${database}: ${applied.length === 0 ? "is up to date" : applied.join(", ")}`);
    if (options.local) return local(resolve(options.state ?? join(ROOT, ".wrangler/state")), tell);
    if (options.state !== undefined) return misused("--state is of --local: a deployed database has no folder here");
    const { workerOptionsOf } = await import("../../standalone/wrangler.ts");
    const { d1Databases = {} } = (await workerOptionsOf(join(ROOT, "wrangler.toml"))) as { d1Databases?: object };
    for (const binding of Object.keys(d1Databases)) {
      progress(`${binding} …`);
      const { code, said } = await wrangler(["d1", "migrations", "apply", binding, "--remote"], io.env);
      if (code !== 0) {
        const words = said.trim().split("\n").slice(-12).join("\n");
        return failed(`${binding} was not brought up to date; those before it were. Wrangler said:\n${words}`);
      }
      const applied = [...new Set(said.match(/\b\d{4}_\w+\.sql\b/g) ?? [])].sort();
      tell({ database: binding, applied });
    }
    return DONE;
  },
});

async function local(
  state: string,
  tell: (each: { database: string; applied: readonly string[] }) => void,
): Promise<CommandOutcome> {
  const [{ openDatabases }, { migrateAll }, { StartFailure }] = await Promise.all([
    import("../../standalone/platform.ts"),
    import("../../standalone/migrations.ts"),
    import("../../standalone/failure.ts"),
  ]);
  const opened = await openDatabases({ root: ROOT, state });
  try {
    for await (const each of migrateAll(ROOT, opened)) tell(each);
    return DONE;
  } catch (error) {
    if (error instanceof StartFailure) return failed(error.message);
    throw error;
  } finally {
    await opened.close();
  }
}

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
