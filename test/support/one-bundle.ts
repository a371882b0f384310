// A Vite plugin of the worker project: the Worker's modules come as one file. Each test file starts a runtime of its
// own, and five hundred modules that are asked for one by one cost it some seconds. A test that imports a module of the
// Worker gets the very objects that the Worker has.

import { createRequire } from "node:module";
import { join, relative } from "node:path";
import type * as Esbuild from "esbuild";

/** As far as Vite's own type is used here. */
interface Plugin {
  name: string;
  enforce: "pre";
  resolveId(id: string): string | undefined;
  load(id: string): Promise<string | undefined>;
}

interface Built {
  code: string;
  /** What each module exports by name, by its path. */
  modules: Map<string, { name: string; exports: string[] }>;
}

const ROOT = join(import.meta.dirname, "../..");
const MAIN = "src/index.ts";
/** What is bundled: what the Worker's main module reaches of its own code. All else comes as ever. */
const ROOMS = /^(src|durable-objects)\/.*\.ts$/;
const BUNDLE = "\0edgewhisk:worker";

/** `alias`: where modules are that are not found by their names. */
export function oneBundle(alias: Readonly<Record<string, string>> = {}): Plugin {
  let built: Promise<Built> | undefined;
  return {
    name: "edgewhisk:one-bundle",
    enforce: "pre",
    resolveId: (id) => (id === BUNDLE ? id : undefined),
    async load(id) {
      if (id !== BUNDLE && !ROOMS.test(relative(ROOT, id))) return undefined;
      built ??= build(alias);
      const { code, modules } = await built;
      if (id === BUNDLE) return code;
      const module = modules.get(id);
      return module === undefined ? undefined : reference(module);
    },
  };
}

/** The text of a module that exports what the bundle has under its name. */
function reference({ name, exports }: { name: string; exports: string[] }): string {
  const lines = exports.map((each) =>
    each === "default" ? `export default ${name}.default;` : `export const ${each} = ${name}.${each};`,
  );
  return [`import { ${name} } from ${JSON.stringify(BUNDLE)};`, ...lines].join("\n");
}

async function build(alias: Readonly<Record<string, string>>): Promise<Built> {
  const esbuild: typeof Esbuild = createRequire(createRequire(import.meta.url).resolve("wrangler"))("esbuild");
  const bundled = (from: Pick<Esbuild.BuildOptions, "entryPoints" | "stdin">) => ({
    ...from,
    bundle: true,
    format: "esm" as const,
    target: "esnext",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    alias: { ...alias },
    keepNames: true,
    absWorkingDir: ROOT,
    write: false as const,
    metafile: true as const,
  });
  const { metafile } = await esbuild.build(bundled({ entryPoints: [join(ROOT, MAIN)] }));
  const entryPoints = Object.keys(metafile.inputs).filter((path) => ROOMS.test(path));
  const each = await esbuild.build({
    entryPoints,
    format: "esm",
    metafile: true,
    write: false,
    outdir: "/",
    absWorkingDir: ROOT,
  });
  const modules = new Map(
    Object.values(each.metafile.outputs).map(({ entryPoint = "", exports }, at) => [
      join(ROOT, entryPoint),
      { name: `module${at}`, exports },
    ]),
  );
  const contents = [...modules]
    .map(([file, { name }]) => `export * as ${name} from ${JSON.stringify(file)};`)
    .join("\n");
  const whole = await esbuild.build(bundled({ stdin: { contents, resolveDir: ROOT, loader: "js" } }));
  return { code: whole.outputFiles[0]?.text ?? "", modules };
}
