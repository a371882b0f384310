// A base image out of this machine's own interpreter, for where no registry can be reached: the binary, its shared
// libraries, its standard library and the few files a C library expects. Nothing else is in it.
import { execFile } from "node:child_process";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { LocalRuntime } from "./local.ts";
import type { TarEntry } from "./tar.ts";

const run = promisify(execFile);
const CERTIFICATES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
const CERTIFICATE_FILE = "/etc/ssl/certs/ca-certificates.crt";
/** Of the standard library: tests, graphics, and what needs a compiler or a package index. */
const LEFT_OUT = new Set([
  "test",
  "tests",
  "idlelib",
  "tkinter",
  "turtledemo",
  "ensurepip",
  "site-packages",
  "dist-packages",
]);

const TOOLS = (
  "awk base64 basename bash cat chmod cp cut date dd dirname expr false find grep gunzip gzip head id jq ls md5sum mkdir " +
  "mktemp mv od paste printf pwd readlink realpath rm rmdir sed seq sha256sum sleep sort split stat tail tar tee test timeout " +
  "touch tr true uname uniq wc which xargs"
).split(" ");

export async function localBase(runtime: LocalRuntime): Promise<TarEntry[]> {
  if (process.platform !== "linux")
    throw new Error("A base image can be made here on Linux only: use --base registry.");
  const tree = new Map<string, TarEntry>();
  await addSystem(tree);
  if (runtime.family === "python") await addPython(tree, runtime.interpreter);
  else await addFile(tree, { from: runtime.interpreter, to: "/usr/local/bin/node" });
  const tools = runtime.family === "native" ? await addTools(tree) : [];
  const programs = [runtime.interpreter, "/bin/sh", "/usr/bin/env", ...tools, ...extensionsIn(tree)];
  await addLibraries(tree, programs);
  return withFolders(tree);
}

async function addSystem(tree: Map<string, TarEntry>): Promise<void> {
  const text = (name: string, content: string) =>
    tree.set(name, { type: "text", name: name.slice(1), mode: 0o644, text: content });
  text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\naction:x:1001:1001:action:/tmp:/bin/sh\n");
  text("/etc/group", "root:x:0:\naction:x:1001:\n");
  text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
  tree.set("/tmp", { type: "folder", name: "tmp", mode: 0o1777 });
  for (const program of ["/bin/sh", "/usr/bin/env"]) await addFile(tree, { from: program, to: program });
  for (const file of CERTIFICATES) {
    if (!(await exists(file))) continue;
    await addFile(tree, { from: file, to: CERTIFICATE_FILE });
    break;
  }
}

/** What scripts expect, as far as this machine has it. */
async function addTools(tree: Map<string, TarEntry>): Promise<string[]> {
  const added: string[] = [];
  for (const name of TOOLS)
    for (const folder of ["/usr/bin", "/bin"]) {
      const from = join(folder, name);
      if (added.includes(from) || tree.has(`/bin/${name}`) || !(await exists(from))) continue;
      await addFile(tree, { from, to: `/bin/${name}` });
      // Shebangs name either place.
      if (folder === "/usr/bin" && !tree.has(from)) addLink(tree, from, `/bin/${name}`);
      added.push(from);
    }
  return added;
}

interface PythonLayout {
  name: string;
  stdlib: string;
  dynload: string;
  certificates: string | null;
}

const LAYOUT = `
import json, os, sys, sysconfig
try:
    import ssl; certificates = ssl.get_default_verify_paths().openssl_cafile
except ImportError: certificates = None
dynload = [path for path in sys.path if os.path.basename(path) == "lib-dynload"]
print(json.dumps({"name": "python%d.%d" % sys.version_info[:2], "stdlib": sysconfig.get_path("stdlib"),
    "dynload": dynload[0] if dynload else "", "certificates": certificates}))`;

async function addPython(tree: Map<string, TarEntry>, interpreter: string): Promise<void> {
  const { stdout } = await run(interpreter, ["-I", "-c", LAYOUT]);
  const layout: PythonLayout = JSON.parse(stdout);
  await addFile(tree, { from: interpreter, to: `/usr/local/bin/${layout.name}` });
  for (const name of ["python3", "python"]) addLink(tree, `/usr/local/bin/${name}`, layout.name);
  const home = `/usr/local/lib/${layout.name}`;
  await addFolder(tree, { from: layout.stdlib, to: home });
  if (layout.dynload !== "") await addFolder(tree, { from: layout.dynload, to: `${home}/lib-dynload` });
  tree.set(`${home}/site-packages`, { type: "folder", name: `${home}/site-packages`.slice(1), mode: 0o755 });
  const { certificates } = layout;
  if (certificates !== null && certificates !== CERTIFICATE_FILE && tree.has(CERTIFICATE_FILE))
    addLink(tree, certificates, CERTIFICATE_FILE);
}

async function addFolder(tree: Map<string, TarEntry>, { from, to }: { from: string; to: string }): Promise<void> {
  for (const item of await readdir(from, { withFileTypes: true })) {
    const { name } = item;
    const left = LEFT_OUT.has(name) || name.startsWith("config-") || /^(_test|_tkinter|_ctypes_test|xx)/.test(name);
    if (left || /\.(a|exe|opt-[12]\.pyc)$/.test(name)) continue;
    const source = { from: join(from, name), to: `${to}/${name}` };
    if (item.isDirectory()) await addFolder(tree, source);
    else if (await exists(source.from)) await addFile(tree, source);
  }
}

function extensionsIn(tree: Map<string, TarEntry>): string[] {
  return [...tree.values()].flatMap((entry) =>
    entry.type === "file" && entry.from.endsWith(".so") ? [entry.from] : [],
  );
}

/** What `ldd` names for the programs. Libraries from a private folder go beside the C library, where the loader looks. */
async function addLibraries(tree: Map<string, TarEntry>, programs: readonly string[]): Promise<void> {
  const found = new Set<string>();
  const { stdout } = await run("ldd", [...programs], { maxBuffer: 1 << 26 }).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? "",
  }));
  for (const line of stdout.split("\n")) {
    const path = /(?:=>\s*|^\s+)(\/\S+)\s+\(0x/.exec(line)?.[1];
    if (path !== undefined) found.add(path);
  }
  const libc = [...found].find((path) => /\/libc\.(so|musl)/.test(path));
  const home = libc === undefined ? "/lib" : dirname(libc);
  for (const name of ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"])
    if (await exists(join(home, name))) found.add(join(home, name));
  for (const path of found) {
    const system = /^\/(usr\/)?lib(32|64)?\//.test(path);
    await addFile(tree, { from: path, to: system ? path : join(home, basename(path)) });
  }
}

async function addFile(tree: Map<string, TarEntry>, { from, to }: { from: string; to: string }): Promise<void> {
  const real = await realpath(from);
  const { size, mtimeMs, mode } = await stat(real);
  const shared = { name: to.slice(1), mode: (mode & 0o111) !== 0 ? 0o755 : 0o644 };
  tree.set(to, { type: "file", ...shared, from: real, size, mtime: Math.floor(mtimeMs / 1000) });
}

function addLink(tree: Map<string, TarEntry>, to: string, target: string): void {
  tree.set(to, { type: "link", name: to.slice(1), mode: 0o777, target });
}

/** Every folder before what it holds, in one order whatever the file system's. */
function withFolders(tree: Map<string, TarEntry>): TarEntry[] {
  for (const path of [...tree.keys()])
    for (let at = dirname(path); at !== "/"; at = dirname(at))
      if (!tree.has(at)) tree.set(at, { type: "folder", name: at.slice(1), mode: 0o755 });
  return [...tree.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
