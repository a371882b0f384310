// Makes the images of our runtimes through the engine's API, without its command line tool and, where it must be,
// without a registry. An image's default tag is the digest of what is in it,
// so nothing is built twice and nothing is `latest`.
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";
import { type Common, localCommon } from "./base-common.ts";
import { localBase } from "./base-local.ts";
import { findLocalRuntimes, type LocalRuntime, MEDIA_TYPES, openwhiskModules } from "./local.ts";
import { digestOf, type TarEntry, tarStream } from "./tar.ts";

export interface ImageOptions {
  /** Not given: registry, and local where no registry can be reached. */
  readonly base?: "local" | "registry";
  /** Not given: DOCKER_HOST, else the engine's usual socket. */
  readonly engineSocket?: string;
  /** The image's name is this, then `nodejs-20`. */
  readonly prefix?: string;
  readonly tag?: string;
  /** Not given: with a registry DEFAULT_KINDS, else what this machine has. */
  readonly kinds?: readonly string[];
}

export interface BuiltImage {
  readonly kind: string;
  readonly image: string;
  readonly id: string;
  readonly base: string;
  /** False: it was there already. */
  readonly built: boolean;
}

/** A wish that cannot be met, as one sentence for the person who asked. */
export class ImageProblem extends Error {}

export const IMAGE_PREFIX = "edgewhisk/action-";
const DEFAULT_KINDS = ["nodejs:20", "nodejs:24", "python:3.11", "native"];
const OFFICIAL: Record<string, (version: string) => string> = {
  nodejs: (version) => `node:${version}-bookworm-slim`,
  python: (version) => `python:${version}-slim`,
  native: () => "node:24-bookworm-slim",
};
/** What the native server shares with the nodejs one. */
const SHARED = ["folder.js", "journal.js", "unpack.js"];
const REGISTRY_SILENCE = 20_000;
const here = dirname(fileURLToPath(import.meta.url));

type Report = (line: string) => void;
type Base = { readonly reference: string; readonly digest: string };

export async function buildImages(options: ImageOptions, report: Report): Promise<BuiltImage[]> {
  const docker = new Docker(options.engineSocket === undefined ? undefined : { socketPath: options.engineSocket });
  await docker.ping().catch((error: Error) => {
    throw new ImageProblem(`No container engine answers (${error.message}).`, { cause: error });
  });
  const locals = await findLocalRuntimes();
  let registry = options.base !== "local";
  const built: BuiltImage[] = [];
  const prefix = options.prefix ?? IMAGE_PREFIX;
  let made: Promise<Common & { base: Base }> | undefined;
  const common = () => {
    made ??= commonImage(docker, { prefix, report });
    return made;
  };
  for (const kind of options.kinds ?? (registry ? DEFAULT_KINDS : locals.map((local) => local.kind))) {
    const context = await contextOf(kind);
    let base: Base | undefined;
    if (registry) {
      const found = await registryBase(docker, kind, report);
      if (typeof found === "string" && options.base === "registry") throw new ImageProblem(found);
      if (typeof found === "string") {
        report(`${found} Making the base here instead.`);
        registry = false;
        // The list was the registry's; what this machine has is another.
        if (options.kinds === undefined)
          return [...built, ...(await buildImages({ ...options, base: "local", kinds: rest(locals, built) }, report))];
      } else base = found;
    }
    base ??= await localBaseImage(docker, { kind, locals, prefix, common, report });
    built.push(await buildOne(docker, { kind, context, base, options, report }));
  }
  return built;
}

function rest(locals: readonly LocalRuntime[], built: readonly BuiltImage[]): string[] {
  return locals.map(({ kind }) => kind).filter((kind) => !built.some((image) => image.kind === kind));
}

interface Job {
  kind: string;
  context: TarEntry[];
  base: Base;
  options: ImageOptions;
  report: Report;
}

async function buildOne(docker: Docker, { kind, context, base, options, report }: Job): Promise<BuiltImage> {
  const digest = createHash("sha256")
    .update(`${await digestOf(context)} ${base.digest}`)
    .digest("hex");
  const build = digest.slice(0, 12);
  const image = `${options.prefix ?? IMAGE_PREFIX}${kind.replace(":", "-")}:${options.tag ?? build}`;
  const there = await inspect(docker, image);
  if (there !== undefined && there.build === build)
    return { kind, image, id: there.id, base: base.reference, built: false };
  report(`${kind}: building ${image} from ${base.reference}`);
  const stream = await docker.buildImage(tarStream(context), {
    t: image,
    buildargs: { BASE: base.reference },
    labels: { "io.edgewhisk.kind": kind, "io.edgewhisk.build": build },
    forcerm: true,
  });
  await finished(docker, stream);
  const made = await inspect(docker, image);
  if (made === undefined) throw new ImageProblem(`The engine built ${image} and does not have it.`);
  return { kind, image, id: made.id, base: base.reference, built: true };
}

interface LocalJob {
  kind: string;
  locals: readonly LocalRuntime[];
  prefix: string;
  common: () => Promise<Common & { base: Base }>;
  report: Report;
}

async function localBaseImage(docker: Docker, { kind, locals, prefix, common, report }: LocalJob): Promise<Base> {
  const local = locals.find((each) => each.kind === kind);
  if (local === undefined) {
    const there = locals.map((each) => each.kind).join(", ");
    throw new ImageProblem(`${kind}: no such interpreter on this machine to make a base image of (it has ${there}).`);
  }
  const { tree, base } = await common();
  const own = await localBase(local, tree);
  const entries = own.map((entry) => ({ ...entry, name: `root/${entry.name}` }));
  entries.unshift({ type: "folder", name: "root", mode: 0o755 });
  const text = `FROM ${base.reference}\nCOPY root /\n`;
  entries.push({ type: "text", name: "Dockerfile", mode: 0o644, text });
  const digest = await digestOf(entries);
  const reference = `${prefix}base-${kind.replace(":", "-")}:${digest.slice(0, 12)}`;
  if ((await inspect(docker, reference)) === undefined) {
    report(`${kind}: making ${reference} of ${local.interpreter} (${local.version})`);
    await finished(docker, await docker.buildImage(tarStream(entries), { t: reference, forcerm: true }));
  }
  return { reference, digest };
}

/** Made once for all kinds, which share its layer. */
async function commonImage(
  docker: Docker,
  { prefix, report }: { prefix: string; report: Report },
): Promise<Common & { base: Base }> {
  const common = await localCommon();
  for (const sentence of common.missing) report(sentence);
  const entries = common.tree.entries();
  const digest = await digestOf(entries);
  const repo = `${prefix}base-common`;
  const tag = digest.slice(0, 12);
  const reference = `${repo}:${tag}`;
  if ((await inspect(docker, reference)) === undefined) {
    report(`making ${reference} of this machine's tools, certificates and time zones`);
    await finished(docker, await docker.importImage(tarStream(entries), { repo, tag }));
  }
  return { ...common, base: { reference, digest } };
}

/** The base, or a sentence that says why it cannot be had. */
async function registryBase(docker: Docker, kind: string, report: Report): Promise<Base | string> {
  const [family = "", version = ""] = kind.split(":");
  const reference = OFFICIAL[family]?.(version) ?? "";
  const there = await inspect(docker, reference);
  if (there !== undefined) return { reference, digest: there.id };
  report(`${kind}: pulling ${reference}`);
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), REGISTRY_SILENCE);
  try {
    const stream = await docker.pull(reference, { abortSignal: silence.signal });
    await finished(docker, stream, () => timer.refresh());
    const pulled = await inspect(docker, reference);
    return pulled === undefined ? `${reference} is not there after pulling it.` : { reference, digest: pulled.id };
  } catch (error) {
    const why = silence.signal.aborted ? "the registry does not answer" : (error as Error).message.slice(0, 200);
    return `${reference} cannot be pulled: ${why}.`;
  } finally {
    clearTimeout(timer);
  }
}

async function contextOf(kind: string): Promise<TarEntry[]> {
  const family = kind === "native" ? kind : /^(nodejs|python):\d+(\.\d+)?$/.exec(kind)?.[1];
  if (family === undefined) throw new ImageProblem(`${kind}: we ship no runtime of that kind.`);
  const entries = await serverEntries(family, { to: family === "native" ? "server/native" : "server" });
  if (family === "native") {
    entries.push(...(await serverEntries("nodejs", { to: "server/nodejs", only: SHARED })));
    entries.push(await fileEntry(MEDIA_TYPES, "server/native/media-types.json"));
  }
  const text = await readFile(join(here, family, "Dockerfile"), "utf8");
  entries.push({ type: "text", name: "Dockerfile", mode: 0o644, text });
  return family === "nodejs" ? [...entries, ...(await moduleEntries("openwhisk"))] : entries;
}

async function serverEntries(
  family: string,
  { to, only }: { to: string; only?: readonly string[] },
): Promise<TarEntry[]> {
  const folder = join(here, family);
  const entries: TarEntry[] = [];
  for (const name of only ?? (await readdir(folder)).sort())
    if (/\.(js|py|json)$/.test(name)) entries.push(await fileEntry(join(folder, name), `${to}/${name}`));
  return entries;
}

/** A package of ours with all it depends on, as it stands in node_modules. */
async function moduleEntries(root: string): Promise<TarEntry[]> {
  const modules = openwhiskModules();
  const folders = new Set<string>();
  const visit = async (name: string, from: string): Promise<void> => {
    const manifest = createRequire(join(from, "package.json")).resolve(`${name}/package.json`);
    const folder = dirname(manifest);
    if (folders.has(folder)) return;
    folders.add(folder);
    const { dependencies = {} } = JSON.parse(await readFile(manifest, "utf8"));
    for (const each of Object.keys(dependencies).sort()) await visit(each, folder);
  };
  await visit(root, modules);
  const entries: TarEntry[] = [];
  for (const folder of [...folders].sort()) {
    for (const file of (await readdir(folder, { recursive: true })).sort()) {
      const path = join(folder, file);
      const nested = file.split("/").some((part) => part === "node_modules" || part === "test" || part === "examples");
      if (nested || !(await stat(path)).isFile() || /\.(map|md|ts)$/.test(file)) continue;
      entries.push(await fileEntry(path, `node_modules/${relative(modules, path)}`));
    }
  }
  return entries;
}

async function fileEntry(from: string, name: string): Promise<TarEntry> {
  const { size, mtimeMs } = await stat(from);
  return { type: "file", name, mode: 0o644, from, size, mtime: Math.floor(mtimeMs / 1000) };
}

async function inspect(docker: Docker, name: string): Promise<{ id: string; build: string | undefined } | undefined> {
  try {
    const { Id, Config } = await docker.getImage(name).inspect();
    return { id: Id, build: Config?.Labels?.["io.edgewhisk.build"] };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

function finished(docker: Docker, stream: NodeJS.ReadableStream, onEvent?: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, events: { error?: string }[] | null) => {
      const failed = error?.message ?? events?.find((event) => event.error !== undefined)?.error;
      if (failed === undefined) resolve();
      else reject(new ImageProblem(failed));
    };
    docker.modem.followProgress(stream, done, onEvent);
  });
}
