// The tar writer against the machine's own tar.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import { digestOf, type TarEntry, tarStream } from "../../../runtime-host/runtimes/tar.ts";

it("writes what tar unpacks: long names, links, modes, times, folders, sizes around a block", async () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-test-"));
  const from = join(folder, "source");
  writeFileSync(from, "x".repeat(1025));
  utimesSync(from, 1_600_000_000, 1_600_000_000);
  const long = `${"a".repeat(90)}/${"b".repeat(90)}.txt`;
  const entries: TarEntry[] = [
    { type: "folder", name: "out", mode: 0o1777 },
    { type: "file", name: "out/run", mode: 0o755, from, size: 1025, mtime: 1_600_000_000 },
    { type: "text", name: "out/full", mode: 0o644, text: "é".repeat(256) },
    { type: "text", name: `out/${long}`, mode: 0o644, text: "" },
    { type: "link", name: "out/link", mode: 0o777, target: "run" },
  ];
  const bytes = await buffer(tarStream(entries));
  execFileSync("tar", ["-xpf", "-", "-C", folder], { input: bytes });
  expect(readFileSync(join(folder, "out/link"), "utf8")).toBe("x".repeat(1025));
  expect(statSync(join(folder, "out/run"))).toMatchObject({ mode: 0o100755, mtimeMs: 1_600_000_000_000 });
  expect(statSync(join(folder, "out")).mode & 0o7777).toBe(0o1777);
  expect(readFileSync(join(folder, "out/full"), "utf8")).toBe("é".repeat(256));
  expect(statSync(join(folder, "out", long)).size).toBe(0);
  expect(await buffer(tarStream(entries))).toEqual(bytes);
  rmSync(folder, { recursive: true });
});

it("fails where a file is not as long as it is said to be, or cannot be read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-test-"));
  const from = join(folder, "source");
  writeFileSync(from, "x".repeat(3_000_000));
  const entry = { type: "file", name: "run", mode: 0o755, from, mtime: 0 } as const;
  for (const size of [2_999_999, 3_000_001]) {
    await expect(buffer(tarStream([{ ...entry, size }]))).rejects.toThrow("changed while it was read");
  }
  await expect(buffer(tarStream([{ ...entry, from: `${from}-not`, size: 1 }]))).rejects.toThrow("ENOENT");
  writeFileSync(from, "x".repeat(30_000_000));
  const warned: Error[] = [];
  const warn = (warning: Error) => warned.push(warning);
  process.on("warning", warn);
  expect((await buffer(tarStream([{ ...entry, size: 30_000_000 }]))).length).toBeGreaterThan(30_000_000);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", warn);
  expect(warned).toEqual([]);
  rmSync(folder, { recursive: true });
});

it("names content by a digest that ignores times and sees names, modes and text", async () => {
  const entry = { type: "text", name: "a", mode: 0o644, text: "x" } as const;
  const digest = await digestOf([entry]);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  for (const other of [{ name: "b" }, { mode: 0o755 }, { text: "y" }])
    expect(await digestOf([{ ...entry, ...other }])).not.toBe(digest);
});
