// The Worker as one ES module, made by the esbuild that wrangler brings,
// and kept until one of the files it was made from changes.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Esbuild from "esbuild";
import { consoleModule } from "../../src/console/build.mjs";
import { StartFailure } from "./failure.ts";
import { cacheOf, keepText, parseKept, readKept } from "./kept-text.ts";

/** The web console, which is built for the browser first. */
const consoleAssets: Esbuild.Plugin = {
  name: "console",
  setup(build) {
    build.onResolve({ filter: /^console:assets$/ }, ({ path }) => ({ path, namespace: "console" }));
    build.onLoad({ filter: /./, namespace: "console" }, async () => ({ contents: (await consoleModule()).text }));
  },
};

const KEPT = "worker.js";
/** The last line of a kept bundle: what it was made from. */
const MARK = "\n// made from ";
/** Decide together which version each package has. */
const PACKAGES = ["package-lock.json", "node_modules/.package-lock.json"];

/** Throws StartFailure with esbuild's own message if the sources do not build. */
export async function bundleWorker(root: string): Promise<string> {
  const folders = [cacheOf(root)];
  const assets = (await consoleModule()).text;
  const kept = readKept(folders, KEPT);
  if (kept !== null && isCurrent(kept, root, assets)) return kept;
  const { script, sources } = await built(root);
  keepText(folders, KEPT, `${script}${MARK}${JSON.stringify({ key: keyOf(sources, root, assets), sources })}\n`);
  return script;
}

/** Whether a bundle is what its sources would make today. One that is cut short names none. */
function isCurrent(text: string, root: string, assets: string): boolean {
  const at = text.lastIndexOf(MARK);
  if (at < 0) return false;
  const made = parseKept<{ key: string; sources: string[] }>(text.slice(at + MARK.length));
  return made !== null && made.key === keyOf(made.sources, root, assets);
}

function keyOf(sources: readonly string[], root: string, assets: string): string {
  const hash = createHash("sha256").update(assets);
  for (const name of [...PACKAGES, "runtime-host/standalone/bundle.ts", ...sources]) {
    hash.update(`\0${name}\0`);
    try {
      hash.update(readFileSync(join(root, name)));
    } catch {
      hash.update("none");
    }
  }
  return hash.digest("hex");
}

/** `sources`: the project's own files in it, from the top of the project. */
async function built(root: string): Promise<{ script: string; sources: string[] }> {
  const here = createRequire(import.meta.url);
  const esbuild: typeof Esbuild = createRequire(here.resolve("wrangler"))("esbuild");
  try {
    const made = await esbuild.build({
      entryPoints: [join(root, "src/index.ts")],
      absWorkingDir: root,
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      target: "es2024",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["workerd", "worker", "browser", "import"],
      external: ["cloudflare:*", "node:*"],
      loader: { ".sql": "text", ".txt": "text", ".html": "text" },
      define: { "process.env.NODE_ENV": '"production"' },
      legalComments: "none",
      plugins: [consoleAssets],
      logLevel: "silent",
    });
    const sources = Object.keys(made.metafile.inputs).filter((name) => !/(^|\/)node_modules\/|^console:/.test(name));
    return { script: withPlainComments(made.outputFiles[0]?.text ?? ""), sources };
  } catch (error) {
    throw new StartFailure(`The Worker does not build: ${(error as Error).message}`);
  } finally {
    // Its helper process is not needed again.
    await esbuild.stop();
  }
}

/** What esbuild leaves beyond ASCII stands in comments: without it V8 keeps a byte, and not two, for each character. */
function withPlainComments(script: string): string {
  return script.replaceAll(/^\s*\/\/.*$/gm, (comment) => comment.replaceAll(/\P{ASCII}/gu, "?"));
}
