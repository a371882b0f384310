// A zip writer for tests: small, and able to write archives that no honest tool would.
import { crc32, deflateRawSync } from "node:zlib";

export interface ZipEntry {
  /** Written as it is, `../` and all. */
  name: string;
  content: string | Buffer;
  /** Unix mode with file type; 0o120777 makes a symbolic link whose target is the content. */
  mode?: number;
  stored?: boolean;
  /** A lie about the unpacked size, in place of the truth. */
  claimedSize?: number;
}

export function zip(entries: ZipEntry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  const known = new Map<string | Buffer, { packed: Buffer; sum: number }>();
  let offset = 0;
  for (const entry of entries) {
    const content = typeof entry.content === "string" ? Buffer.from(entry.content) : entry.content;
    const once = known.get(entry.content) ?? { packed: deflateRawSync(content), sum: crc32(content) };
    known.set(entry.content, once);
    const packed = entry.stored === true ? content : once.packed;
    const name = Buffer.from(entry.name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(entry.stored === true ? 0 : 8, 4);
    shared.writeUInt32LE(once.sum, 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(entry.claimedSize ?? content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    bodies.push(Buffer.from("PK\x03\x04"), shared, name, packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((entry.mode ?? 0o100644) * 0x10000, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x03", "latin1"), shared, rest, name);
    offset += 30 + name.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  // As tools do that know of no more than 16 bits.
  end.writeUInt16LE(entries.length & 0xffff, 8);
  end.writeUInt16LE(entries.length & 0xffff, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, central, end]);
}

/** Names and contents, as the `code` of a binary action. */
export function zipCode(files: Record<string, string>): string {
  return zip(Object.entries(files).map(([name, content]) => ({ name, content }))).toString("base64");
}
