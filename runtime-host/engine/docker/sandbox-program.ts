// The program in a sandbox: one that waits for ever and needs nothing, as an executable of some 150 bytes. Pure.
// A runtime's image and its `sleep` would do, start no faster, hold 1.5 MB instead of 12 KB, and put a whole system
// into a container that is to have nothing. It would also inherit the image's labels and
// count as a container that runs actions.

/** Machine code by the engine's word for its architecture. */
const CODE: Record<string, { machine: number; code: readonly number[] }> = {
  // mov eax, 34 (pause); syscall; jmp back to the mov
  x86_64: { machine: 62, code: [0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7] },
  aarch64: {
    machine: 183,
    code: [
      // mov x0..x4, 0: ppoll of nothing, without an end
      ...[0, 1, 2, 3, 4].flatMap((register) => [register, 0, 0x80, 0xd2]),
      // mov x8, 73 (ppoll); svc 0; b back to the first mov
      ...[0x28, 0x09, 0x80, 0xd2, 0x01, 0, 0, 0xd4, 0xf9, 0xff, 0xff, 0x17],
    ],
  },
};
const BASE = 0x400000n;
const HEADERS = 64 + 56;

/** Null for an architecture we have no program for. */
export function sandboxProgram(architecture: string): Buffer | null {
  const known = CODE[architecture];
  if (known === undefined) return null;
  const size = HEADERS + known.code.length;
  const file = Buffer.alloc(size);
  // ELF, 64 bits, little endian, version 1
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  // executable
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(known.machine, 18);
  file.writeUInt32LE(1, 20);
  // where it begins; where the only program header is
  file.writeBigUInt64LE(BASE + BigInt(HEADERS), 24);
  file.writeBigUInt64LE(64n, 32);
  // sizes of this header and of one program header, and how many there are
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  // to be loaded, readable and executable: the whole file
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeBigUInt64LE(BASE, 80);
  file.writeBigUInt64LE(BASE, 88);
  file.writeBigUInt64LE(BigInt(size), 96);
  file.writeBigUInt64LE(BigInt(size), 104);
  file.writeBigUInt64LE(0x1000n, 112);
  file.set(known.code, HEADERS);
  return file;
}
