// A base image out of this machine's own interpreter, for where no registry can be reached: the binary, its shared
// libraries and its standard library, on top of what all such images have in common.
import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import { CERTIFICATE_FILE } from "./base-common.ts";
import { BaseTree } from "./base-tree.ts";
import type { LocalRuntime } from "./local.ts";
import type { TarEntry } from "./tar.ts";

const run = promisify(execFile);
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

/** What the interpreter needs beside `common`. */
export async function localBase(runtime: LocalRuntime, common: BaseTree): Promise<TarEntry[]> {
  const tree = new BaseTree();
  const { family, interpreter } = runtime;
  if (family === "python") await addPython(tree, { interpreter, common });
  else await tree.file({ from: interpreter, to: "/usr/local/bin/node" });
  await tree.libraries([interpreter]);
  return tree.entries(common);
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

async function addPython(
  tree: BaseTree,
  { interpreter, common }: { interpreter: string; common: BaseTree },
): Promise<void> {
  const { stdout } = await run(interpreter, ["-I", "-c", LAYOUT]);
  const layout: PythonLayout = JSON.parse(stdout);
  await tree.file({ from: interpreter, to: `/usr/local/bin/${layout.name}` });
  for (const name of ["python3", "python"]) tree.link(`/usr/local/bin/${name}`, layout.name);
  const home = `/usr/local/lib/${layout.name}`;
  await tree.all({ from: layout.stdlib, to: home, leaves: isLeftOut });
  if (layout.dynload !== "") await tree.all({ from: layout.dynload, to: `${home}/lib-dynload`, leaves: isLeftOut });
  tree.folder(`${home}/site-packages`);
  const { certificates } = layout;
  if (certificates !== null && certificates !== CERTIFICATE_FILE && common.has(CERTIFICATE_FILE))
    tree.link(certificates, CERTIFICATE_FILE);
}

function isLeftOut(path: string): boolean {
  const name = basename(path);
  if (LEFT_OUT.has(name) || name.startsWith("config-")) return true;
  return /^(_test|_tkinter|_ctypes_test|xx)/.test(name) || /\.(a|exe|opt-[12]\.pyc)$/.test(name);
}
