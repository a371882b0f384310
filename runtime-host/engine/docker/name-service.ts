// Which name servers containers ask: the ones this machine asks itself. The engine's own would tell any container the
// names of all others by their addresses.

import { readFileSync, writeFileSync } from "node:fs";
import { isIPv4 } from "node:net";

export interface NameService {
  /** IPv4 addresses that can be reached from a container, in order. */
  readonly servers: readonly string[];
  /** A resolv.conf that names them. */
  readonly text: string;
}

/** Where a resolver on the machine itself is asked, the second tells whom that one asks. */
const PLACES = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
/** More are not asked by any resolver. */
const MAX_SERVERS = 3;
const MAX_FILE_CHARACTERS = 4096;

/** Of the first text that names a server which is not on the machine itself; null where none does. Pure. */
export function nameServiceOf(texts: readonly string[]): NameService | null {
  for (const text of texts) {
    const lines = text
      .slice(0, MAX_FILE_CHARACTERS)
      .split("\n")
      .map((line) => line.trim());
    const named = lines.flatMap((line) => /^nameserver\s+(\S+)$/.exec(line)?.[1] ?? []);
    const servers = named.filter((each) => isIPv4(each) && !/^(127|0)\./.test(each)).slice(0, MAX_SERVERS);
    if (servers.length === 0) continue;
    const rest = lines.filter((line) => /^(search|options)\s/.test(line));
    return { servers, text: [...servers.map((each) => `nameserver ${each}`), ...rest, ""].join("\n") };
  }
  return null;
}

export function readNameService(places: readonly string[] = PLACES): NameService | null {
  return nameServiceOf(places.map(textOf));
}

/** A file that containers are shown as their resolv.conf. */
export class NameFile {
  readonly path: string;
  #written = "";

  constructor(path: string) {
    this.path = path;
  }

  /** Running containers see it as well, since the file stays the same one. */
  write({ text }: NameService): void {
    if (text === this.#written) return;
    writeFileSync(this.path, text, { mode: 0o644 });
    this.#written = text;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
