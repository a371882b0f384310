// The Worker as one ES module, made by the esbuild that wrangler brings; a few tens of milliseconds, so nothing is
// cached.

import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Esbuild from "esbuild";
import { StartFailure } from "./failure.ts";

/** Throws StartFailure with esbuild's own message if the sources do not build. */
export async function bundleWorker(root: string): Promise<string> {
  const here = createRequire(import.meta.url);
  const esbuild: typeof Esbuild = createRequire(here.resolve("wrangler"))("esbuild");
  try {
    const built = await esbuild.build({
      entryPoints: [join(root, "src/index.ts")],
      absWorkingDir: root,
      bundle: true,
      write: false,
      format: "esm",
      target: "es2024",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["workerd", "worker", "browser", "import"],
      external: ["cloudflare:*", "node:*"],
      loader: { ".sql": "text", ".txt": "text", ".html": "text" },
      define: { "process.env.NODE_ENV": '"production"' },
      legalComments: "none",
      logLevel: "silent",
    });
    return built.outputFiles[0]?.text ?? "";
  } catch (error) {
    throw new StartFailure(`The Worker does not build: ${(error as Error).message}`);
  } finally {
    // Its helper process is not needed again.
    await esbuild.stop();
  }
}
