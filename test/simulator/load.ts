// Loads the simulator together with the product's own modules, each cut loose from the real platform: types stripped,
// clock and chance bound to machine/ambient.ts, platform modules to platform/. A mutation is a named patch of a
// module's text on its way: the product carries no test hooks. The loaded copies lie under node_modules/.cache.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";

export interface Patch {
  /** Path of the module, from the top of the project. */
  file: string;
  find: RegExp;
  replace: string;
}

const ROOT = join(import.meta.dirname, "../..");
const CACHE = join(ROOT, "node_modules/.cache/simulator");
/** Copies older than this (ms) are removed; a run of tests takes minutes. */
const KEPT_FOR = 24 * 3_600_000;
const AMBIENT = "test/simulator/machine/ambient.ts";
const PLATFORM = [
  "Date",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
];
const GLOBALS = [...PLATFORM, "performance", "scheduler", "crypto", "console", "simulatedRandom"];
const WORKERD = ["WebSocketPair", "WebSocketRequestResponsePair", "Response"];
/** Modules of the platform and what stands for them here. */
const REPLACED: Record<string, { file: string; when: RegExp }> = {
  "cloudflare:workers": { file: "test/simulator/platform/workers.ts", when: /./ },
  "simulated:product": { file: "test/simulator/platform/product.worker.ts", when: /./ },
  "./segment.ts": { file: "test/simulator/platform/segment.ts", when: /^src\/storage\/records\/r2-/ },
  ws: { file: "test/simulator/platform/socket.ts", when: /^runtime-host\// },
  "node:timers/promises": { file: "test/simulator/platform/timers.ts", when: /^runtime-host\/connectors\// },
  "node:fs": { file: "test/simulator/platform/disk.ts", when: /^runtime-host\/delivery\/outbox/ },
};
/** Days and minutes of a record's life, in the time a world has. */
const HURRIED: Patch[] = [
  { file: "durable-objects/activations/handover-plan.ts", find: /D1_DELAY = 20_000/, replace: "D1_DELAY = 3_000" },
  { file: "durable-objects/activations/handover-plan.ts", find: /R2_DELAY = 600_000/, replace: "R2_DELAY = 5_000" },
  {
    file: "durable-objects/activations/handover-plan.ts",
    find: /R2_DELAY_OF_FEW = 86_400_000/,
    replace: "R2_DELAY_OF_FEW = 9_000",
  },
  {
    file: "durable-objects/activations/records.ts",
    find: /HANDED_FOR = TOMBSTONE_FOR \+ 600_000/,
    replace: "HANDED_FOR = 60_000",
  },
  { file: "durable-objects/activations/mover.ts", find: /READERS = 120_000/, replace: "READERS = 15_000" },
  { file: "durable-objects/activations/mover.ts", find: /AGAIN = 30_000/, replace: "AGAIN = 3_000" },
  { file: "durable-objects/activations/archive.ts", find: /OLD = HANDED_FOR - 1_200_000/, replace: "OLD = 30_000" },
];
const IMPORT = /((?:^|\n)\s*(?:import|export)\b[^;"']*?(?:from\s*)?|\bimport\(\s*)"([^"]+)"/g;

/** The module `entry` of a world in which `patches` are applied. Throws if a patch does not change its module. */
export async function loadWorld<T>(entry: string, patches: readonly Patch[] = []): Promise<T> {
  const modules = new Map<string, string>();
  collect(entry, patches, modules);
  for (const patch of patches) {
    if (!modules.has(patch.file)) throw new Error(`patch names ${patch.file}, which no simulated module imports`);
  }
  const hash = createHash("sha256");
  for (const [file, text] of modules) hash.update(file).update(text);
  const folder = join(CACHE, hash.digest("hex").slice(0, 16));
  for (const [file, text] of modules) {
    const target = join(folder, renamed(file));
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, renamed(entry))).href)) as T;
}

/** Removes the copies of earlier days. */
export function prune(now: number): void {
  if (!existsSync(CACHE)) return;
  for (const name of readdirSync(CACHE)) {
    const folder = join(CACHE, name);
    if (now - statSync(folder).mtimeMs > KEPT_FOR) rmSync(folder, { recursive: true, force: true });
  }
}

function collect(file: string, patches: readonly Patch[], into: Map<string, string>): void {
  if (into.has(file)) return;
  let source = readFileSync(join(ROOT, file), "utf8");
  for (const patch of [...HURRIED, ...patches]) {
    if (patch.file !== file) continue;
    const patched = source.replace(patch.find, patch.replace);
    if (patched === source) throw new Error(`patch does not apply to ${file}: ${patch.find}`);
    source = patched;
  }
  into.set(file, "");
  const needs: string[] = [];
  let text = stripTypeScriptTypes(source).replace(IMPORT, (whole, head: string, specifier: string) => {
    const target = resolve(file, specifier);
    if (target === null) return whole;
    needs.push(target);
    return `${head}"${renamed(link(file, target))}"`;
  });
  const product = !file.startsWith("test/");
  if (product) text = bind(file, text.replaceAll("Math.random", "simulatedRandom"), needs);
  into.set(file, text);
  for (const need of needs) collect(need, patches, into);
}

/** The project's file a specifier means, or null for a package or a Node module. */
function resolve(from: string, specifier: string): string | null {
  const stand = REPLACED[specifier];
  if (stand?.when.test(from)) return stand.file;
  if (!specifier.startsWith(".")) return null;
  return join(dirname(from), specifier);
}

function bind(file: string, text: string, needs: string[]): string {
  const used = (name: string): boolean => new RegExp(`(?<![.\\w"'#$])${name}(?![\\w"':])`).test(text);
  const declared = (name: string): boolean =>
    new RegExp(`(?:import[^;]*|const|let|function|class)\\s[^;=(]*\\b${name}\\b(?! as )`).test(text);
  let head = "";
  const clock = GLOBALS.filter((name) => used(name) && !declared(name));
  if (clock.length > 0) {
    needs.push(AMBIENT);
    head += `import { ${clock.join(", ")} } from "${renamed(link(file, AMBIENT))}"; `;
  }
  const workerd = file.startsWith("durable-objects/") ? WORKERD.filter((name) => used(name) && !declared(name)) : [];
  if (workerd.length > 0) {
    const target = "test/simulator/platform/workers.ts";
    needs.push(target);
    head += `import { ${workerd.join(", ")} } from "${renamed(link(file, target))}"; `;
  }
  return head + text;
}

function link(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** Node strips no types below node_modules: the copies are plain modules. */
function renamed(path: string): string {
  return path.replace(/\.ts$/, ".mjs");
}
