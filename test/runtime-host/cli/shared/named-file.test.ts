// What is said of a file that the file system refuses.

import { closeSync, constants, existsSync, openSync, writeSync } from "node:fs";
import { expect, it } from "vitest";
import { causeOf, lookAt, refusedFile } from "../../../../runtime-host/cli/shared/named-file.ts";

function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

it("looks at regular files, and at names that are free", () => {
  expect(lookAt(import.meta.filename)).toMatchObject({ ok: true, stats: { mode: expect.any(Number) } });
  expect(lookAt("/nonexistent/file")).toEqual({ ok: true, stats: null });
  expect(lookAt("/dev")).toMatchObject({ ok: false, exit: 1, reason: "/dev: it is a folder" });
  const long = `/dev/${"x".repeat(5_000)}`;
  expect(lookAt(long)).toMatchObject({ ok: false, reason: `${long}: name too long` });
});

it("tells the cause in the system's words, and a bug as what it is", () => {
  const error = errorOf(() => openSync("/nonexistent/file", constants.O_RDONLY));
  expect(refusedFile("f", error)).toEqual({ ok: false, exit: 1, reason: "f: no such file or directory" });
  const bug = new TypeError("terminated");
  expect(errorOf(() => refusedFile("f", bug))).toBe(bug);
});

it.runIf(existsSync("/dev/full"))("knows a full disk from an answer that was cut off", () => {
  const fd = openSync("/dev/full", "w");
  try {
    expect(causeOf(errorOf(() => writeSync(fd, "x")))).toBe("no space left on device");
  } finally {
    closeSync(fd);
  }
});
