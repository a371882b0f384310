import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import {
  isGoing,
  ownChildren,
  type ProcessRow,
  processTable,
  startOf,
  withDescendants,
} from "../../../runtime-host/machine/process-table.ts";

const row = (pid: number, parent: number): ProcessRow => ({ pid, parent, group: pid, started: `s${pid}` });

describe("the table of processes", () => {
  it("gives a tree with parents first, whatever the order of the rows", () => {
    const rows = [row(4, 3), row(2, 1), row(3, 2), row(9, 1), row(5, 2)];
    const tree = withDescendants(rows, (each) => each.pid === 2).map((each) => each.pid);
    expect(tree).toEqual([2, 3, 5, 4]);
  });

  it("has a child with its parent, and says when it is stopped and when it is gone", async () => {
    const child = spawn("sleep", ["60"]);
    const pid = child.pid as number;
    try {
      const found = processTable().find((each) => each.pid === pid);
      expect(found).toMatchObject({ parent: process.pid });
      expect(ownChildren()).toContainEqual(found);
      expect(startOf(pid)).toBe(found?.started);
      expect(isGoing(pid)).toBe(true);
      child.kill("SIGSTOP");
      await expect.poll(() => isGoing(pid)).toBe(false);
    } finally {
      child.kill("SIGKILL");
    }
    await expect.poll(() => startOf(pid)).toBeNull();
    expect(isGoing(pid)).toBe(false);
  });
});
