// The processes a start is answerable for, written down so that whoever comes after it, its reaper or the next start,
// can end exactly those and nobody else.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ownChildren } from "../machine/process-table.ts";

const Member = z.object({ pid: z.number().int().positive(), started: z.string() });

const Family = z.object({
  owner: Member,
  reaper: Member.nullable(),
  /** Direct children of the owner. What hangs below them is found by looking. */
  members: z.array(Member),
  /** The runtime host's name: its containers carry it. Null until an engine with containers is chosen. */
  containersOf: z.string().nullable(),
});
export type Family = z.infer<typeof Family>;

export interface ProcessRegistry {
  /** Looks at the process table and writes down who is there. */
  note(): void;
  hasContainers(host: string): void;
}

export function openProcessRegistry(
  folder: string,
  options: Pick<Family, "owner"> & { reaperPid: () => number | undefined },
): ProcessRegistry {
  let containersOf: string | null = null;
  let written = "";
  function note(): void {
    const members = ownChildren().map(({ pid, started }) => ({ pid, started }));
    const reaperPid = options.reaperPid();
    const isReaper = (member: { pid: number }) => member.pid === reaperPid;
    const text = JSON.stringify({
      owner: options.owner,
      reaper: members.find(isReaper) ?? null,
      members: members.filter((member) => !isReaper(member)),
      containersOf,
    } satisfies Family);
    if (text === written) return;
    const path = join(folder, FILE);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    written = text;
  }
  note();
  return {
    note,
    hasContainers(host) {
      containersOf = host;
      note();
    },
  };
}

const FILE = "family.json";

/** Null if none was written, or not by this owner. */
export function readFamily(folder: string, owner: { pid: number; started: string }): Family | null {
  try {
    const family = Family.parse(JSON.parse(readFileSync(join(folder, FILE), "utf8")));
    return family.owner.pid === owner.pid && family.owner.started === owner.started ? family : null;
  } catch {
    return null;
  }
}
