// The console as one module of the Worker: what the browser loads, bundled by the esbuild that wrangler brings,
// compressed, as text. Plain JavaScript, because wrangler runs it with any Node. What was built is kept until a source
// or a package changes.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
/** What git ignores. wrangler.toml names it. */
const KEPT = "dist/console.js";
/** By extension: its media type, as it is sent. */
const TYPES = { ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8" };

/** The path of the module, built anew if it is not the one of these sources. Where nothing can be written: null.
 * @returns {Promise<{ path: string | null, text: string }>} */
export async function consoleModule() {
  const key = `// ${keyOf()}\n`;
  const path = join(ROOT, KEPT);
  try {
    const text = readFileSync(path, "utf8");
    if (text.startsWith(key)) return { path, text };
  } catch {
    // None yet.
  }
  const text = `${key}export const assets = ${JSON.stringify(await built())};\n`;
  return { path: keep(path, text) ? path : null, text };
}

/** Several may build at once: each puts down a whole file. False where the folder cannot be written. */
function keep(path, text) {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const own = `${path}.${process.pid}`;
    writeFileSync(own, text);
    renameSync(own, path);
    return true;
  } catch (error) {
    if (["EACCES", "EROFS", "EPERM"].includes(error.code)) return false;
    throw error;
  }
}

/** Of all that decides what is built: the sources, and the packages. */
function keyOf() {
  const hash = createHash("sha256").update(readFileSync(join(ROOT, "package-lock.json")));
  for (const each of readdirSync(HERE, { recursive: true, withFileTypes: true }).toSorted(byPath)) {
    if (!each.isFile() || [".md", ".png"].includes(extname(each.name))) continue;
    hash.update(`\0${join(each.parentPath, each.name).slice(HERE.length)}\0`);
    hash.update(readFileSync(join(each.parentPath, each.name)));
  }
  return hash.digest("hex");
}

function byPath(one, other) {
  return join(one.parentPath, one.name) < join(other.parentPath, other.name) ? -1 : 1;
}

/** Each file by its name: media type, and its bytes (gzip, base64). `start`: what the page names. */
async function built() {
  const esbuild = createRequire(createRequire(import.meta.url).resolve("wrangler"))("esbuild");
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: { console: join(HERE, "main.tsx") },
    absWorkingDir: ROOT,
    outdir: "/",
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    minify: true,
    format: "esm",
    target: "es2022",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
    logLevel: "silent",
  });
  const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint?.endsWith("main.tsx"));
  const files = outputFiles.map(({ path, contents }) => [
    path.slice(path.lastIndexOf("/") + 1),
    { type: TYPES[extname(path)], bytes: gzipSync(contents, { level: 9 }).toString("base64") },
  ]);
  const names = files.map(([name]) => name);
  return {
    script: names.find((name) => entry?.[0].endsWith(name)),
    style: names.find((name) => name.endsWith(".css")),
    files: Object.fromEntries(files),
  };
}

// As wrangler's build command.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { path } = await consoleModule();
  if (path === null) throw new Error(`${KEPT} cannot be written`);
}
