// What an outbox holds that nobody has confirmed yet, read by another process while its host writes it.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseLines } from "./outbox-format.ts";

/** Names (`id/attempt`) of the records. Empty where there is no outbox. */
export function unconfirmedIn(dir: string): Set<string> {
  const names = new Set<string>();
  for (const file of filesIn(dir)) {
    for (const line of parseLines(readIfThere(join(dir, file))).lines) {
      if (line.kind === "record") names.add(line.name);
      else for (const name of line.names) names.delete(name);
    }
  }
  return names;
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((file) => /^\d{12}\.log$/.test(file))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** All of its records are confirmed, or stand in a later one, once a file has gone. */
function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
