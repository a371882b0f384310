// A host's disk, in memory: what `node:fs` means to the outbox. Survives the host process; a write()
// that returned is kept.

interface File {
  bytes: Buffer;
  size: number;
}

let files = new Map<string, File>();
let open = new Map<number, File>();
let nextFd = 3;

/** Empty disks, for a new world. */
export function wipe(): void {
  files = new Map();
  open = new Map();
  nextFd = 3;
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

export function mkdirSync(): void {}

export function existsSync(path: string): boolean {
  return files.has(path);
}

export function openSync(path: string, flags: string): number {
  let file = files.get(path);
  if (flags.includes("x") && file !== undefined) throw failure("EEXIST", path);
  if (file === undefined) {
    if (flags.startsWith("r")) throw failure("ENOENT", path);
    file = { bytes: Buffer.alloc(1024), size: 0 };
    files.set(path, file);
  }
  open.set(nextFd, file);
  return nextFd++;
}

export function writeSync(fd: number, from: Buffer, offset: number, length: number, position: number): number {
  const file = open.get(fd);
  if (file === undefined) throw failure("EBADF", String(fd));
  const end = position + length;
  if (end > file.bytes.length) {
    const larger = Buffer.alloc(Math.max(end, file.bytes.length * 2));
    file.bytes.copy(larger, 0, 0, file.size);
    file.bytes = larger;
  }
  from.copy(file.bytes, position, offset, offset + length);
  file.size = Math.max(file.size, end);
  return length;
}

export function readSync(fd: number, into: Buffer, offset: number, length: number, position: number): number {
  const file = open.get(fd);
  if (file === undefined) throw failure("EBADF", String(fd));
  return file.bytes.copy(into, offset, position, Math.min(file.size, position + length));
}

export function closeSync(fd: number): void {
  if (!open.delete(fd)) throw failure("EBADF", String(fd));
}

export function rmSync(path: string): void {
  files.delete(path);
}

export function readdirSync(dir: string): string[] {
  const prefix = dir.endsWith("/") ? dir : `${dir}/`;
  return [...files.keys()].filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
}

export function readFileSync(path: string): Buffer {
  const file = files.get(path);
  if (file === undefined) throw failure("ENOENT", path);
  return Buffer.from(file.bytes.subarray(0, file.size));
}

export function fdatasyncSync(): void {}

export function fdatasync(_fd: number, done: (error: Error | null) => void): void {
  done(null);
}
