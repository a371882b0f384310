// What the one-machine mode tells its Worker of the machine.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Machine, openMachine } from "../../../runtime-host/standalone/machine.ts";
import { noSmallDisk, smallDisk } from "../../support/small-disk.ts";
import { waitFor } from "../../support/wait-for.ts";

let state: string;
let machine: Machine;
let lines: string[];
beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), "machine-"));
  lines = [];
  machine = await openMachine(state, (line) => lines.push(line));
});
afterEach(() => {
  machine.close();
  rmSync(state, { recursive: true, force: true });
});

/** How often something was synced while `run` ran. */
async function synced(run: () => Promise<unknown>): Promise<number> {
  const some = await open(state, "r");
  const prototype = Object.getPrototypeOf(some) as FileHandle;
  await some.close();
  const spy = vi.spyOn(prototype, "sync");
  try {
    await run();
    return spy.mock.calls.length;
  } finally {
    spy.mockRestore();
  }
}

describe("the blobs", () => {
  const folder = () => join(state, "v3/r2/bucket/blobs");
  const sync = async () => expect(await machine.answer("/sync")).toEqual({ status: 200, body: "" });

  it("of a state without any are synced", async () => {
    expect(await synced(sync)).toBe(0);
  });

  it("that are new are synced once, with their folder, and not again", async () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), "a"), "x");
    expect(await synced(sync)).toBe(2);
    expect(await synced(sync)).toBe(0);
    writeFileSync(join(folder(), "b"), "x");
    writeFileSync(join(folder(), "c"), "x");
    expect(await synced(sync)).toBe(3);
    writeFileSync(join(folder(), "d"), "x");
    rmSync(join(folder(), "d"));
    expect(await synced(sync)).toBe(1);
  });

  it("are synced together for whoever asks at the same time, and each caller's are among them", async () => {
    mkdirSync(folder(), { recursive: true });
    const count = await synced(async () => {
      const asking: Promise<unknown>[] = [];
      for (let n = 0; n < 20; n++) {
        writeFileSync(join(folder(), String(n)), "x");
        asking.push(sync());
      }
      await Promise.all(asking);
    });
    // Twenty files and the folder of at most two passes.
    expect(count).toBeGreaterThanOrEqual(21);
    expect(count).toBeLessThanOrEqual(42);
  });

  it("that cannot be synced are told of, and are synced with the next ones", async () => {
    mkdirSync(folder(), { recursive: true });
    await sync();
    writeFileSync(join(folder(), "a"), "x");
    const some = await open(state, "r");
    const prototype = Object.getPrototypeOf(some) as FileHandle;
    await some.close();
    const spy = vi.spyOn(prototype, "sync").mockRejectedValue(Object.assign(new Error("i/o"), { code: "EIO" }));
    expect(await machine.answer("/sync")).toEqual({ status: 500, body: "EIO" });
    spy.mockRestore();
    expect(await synced(sync)).toBe(2);
  });
});

describe("the disk", () => {
  it("that is well is not worth a word", async () => {
    expect(await machine.answer("/disk")).toEqual({ status: 200, body: "" });
    expect((await machine.answer("/else")).status).toBe(404);
  });

  it.skipIf(noSmallDisk !== null)(
    `that is full or read-only is told without its path, and logged with it ${noSmallDisk ?? ""}`,
    async () => {
      const disk = smallDisk(32);
      const small = await openMachine(disk.folder, (line) => lines.push(line));
      try {
        disk.fill();
        const late = await openMachine(disk.folder, (line) => lines.push(line));
        expect(late.fault()).toMatch(/ is full: 0 MB are free/);
        late.close();
        const { body } = await small.answer("/disk");
        expect(body).toBe("the disk with its state is full: 0 MB are free, 16 must be");
        disk.empty();
        expect((await small.answer("/disk")).body).toBe("");
        disk.readOnly(true);
        expect((await small.answer("/disk")).body).toBe("the disk with its state is read-only");
        await waitFor(() => expect(lines.join("\n")).toContain(`the disk of ${disk.folder} is read-only`));
        disk.readOnly(false);
        await waitFor(() => expect(lines.at(-1)).toBe("the disk is well again"));
      } finally {
        small.close();
        disk.remove();
      }
    },
  );
});
