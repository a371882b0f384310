// A root file system out of files of this machine: what stands where, and the shared libraries that programs need.
import { execFile } from "node:child_process";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { TarEntry } from "./tar.ts";

const run = promisify(execFile);

export class BaseTree {
  readonly #entries = new Map<string, TarEntry>();

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  text(path: string, text: string): void {
    this.#entries.set(path, { type: "text", name: path.slice(1), mode: 0o644, text });
  }

  folder(path: string, mode = 0o755): void {
    this.#entries.set(path, { type: "folder", name: path.slice(1), mode });
  }

  link(path: string, target: string): void {
    this.#entries.set(path, { type: "link", name: path.slice(1), mode: 0o777, target });
  }

  /** `from` may be a link: what it leads to is taken. */
  async file({ from, to }: { from: string; to: string }): Promise<void> {
    const real = await realpath(from);
    const { size, mtimeMs, mode } = await stat(real);
    const shared = { name: to.slice(1), mode: (mode & 0o111) !== 0 ? 0o755 : 0o644 };
    this.#entries.set(to, { type: "file", ...shared, from: real, size, mtime: Math.floor(mtimeMs / 1000) });
  }

  /** With all that is in it but what `leaves` out, by its path below `from`. */
  async all(place: { from: string; to: string; leaves: (path: string) => boolean }, below = ""): Promise<void> {
    for (const item of await readdir(join(place.from, below), { withFileTypes: true })) {
      const path = below === "" ? item.name : `${below}/${item.name}`;
      if (place.leaves(path)) continue;
      const from = join(place.from, path);
      if (item.isDirectory()) await this.all(place, path);
      else if (await isThere(from)) await this.file({ from, to: `${place.to}/${path}` });
    }
  }

  /** What `ldd` names for the programs, and for the extensions in the tree. Libraries from a private folder go beside
   * the C library, where the loader looks. */
  async libraries(programs: readonly string[]): Promise<void> {
    const files = [...this.#entries.values()].flatMap((each) => (each.type === "file" ? [each.from] : []));
    const extensions = files.filter((file) => file.endsWith(".so"));
    const found = new Set<string>();
    const { stdout } = await run("ldd", [...programs, ...extensions], { maxBuffer: 1 << 26 }).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? "" }),
    );
    for (const line of stdout.split("\n")) {
      const path = /(?:=>\s*|^\s+)(\/\S+)\s+\(0x/.exec(line)?.[1];
      if (path !== undefined) found.add(path);
    }
    const libc = [...found].find((path) => /\/libc\.(so|musl)/.test(path));
    const home = libc === undefined ? "/lib" : dirname(libc);
    for (const name of ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"])
      if (await isThere(join(home, name))) found.add(join(home, name));
    for (const path of found) {
      const system = /^\/(usr\/)?lib(32|64)?\//.test(path);
      // One place for what is one folder here under two names.
      const short = path.replace(/^\/usr/, "");
      const to = !system ? join(home, basename(path)) : (await isOne(path, short)) ? short : path;
      await this.file({ from: path, to });
    }
  }

  /** Every folder before what it holds, in one order whatever the file system's. `without`: what another tree has in
   * the same place is left out. */
  entries(without?: BaseTree): TarEntry[] {
    const others = without === undefined ? new Map<string, TarEntry>() : without.#entries;
    const own = new Map([...this.#entries].filter(([path, entry]) => !isSame(entry, others.get(path))));
    for (const path of [...own.keys()])
      for (let at = dirname(path); at !== "/"; at = dirname(at))
        if (!own.has(at)) own.set(at, { type: "folder", name: at.slice(1), mode: 0o755 });
    return [...own.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  }
}

export async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function isOne(one: string, other: string): Promise<boolean> {
  return (await isThere(other)) && (await realpath(one)) === (await realpath(other));
}

function isSame(one: TarEntry, other: TarEntry | undefined): boolean {
  return one.type === "file" && other?.type === "file" && one.from === other.from;
}
