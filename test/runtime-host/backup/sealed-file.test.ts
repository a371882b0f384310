import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BackupFault, sealing, unsealing } from "../../../runtime-host/backup/sealed-file.ts";

const MADE = new Date(0);
const never = () => Promise.reject(new Error("nobody was to be asked"));

async function* of(...parts: Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}

async function all(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const seal = (bytes: Buffer[], passphrase: string | null = null) => all(sealing(passphrase, MADE)(of(...bytes)));
const unseal = (file: Buffer, passphrase: () => Promise<string> = never) => all(unsealing(passphrase)(of(file)));

describe("a sealed file", () => {
  it.each([0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024])(
    "gives back the %i bytes it was made of",
    async (length) => {
      const bytes = randomBytes(length);
      const file = await seal([bytes.subarray(0, length / 3), bytes.subarray(length / 3)]);
      expect((await unseal(file)).equals(bytes)).toBe(true);
    },
  );

  it("tells every single bit that was flipped, wherever it is", async () => {
    const file = await seal([Buffer.from("some bytes")]);
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = Buffer.from(file);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      await expect(unseal(flipped), `bit ${bit}`).rejects.toBeInstanceOf(BackupFault);
    }
  });

  it("is never taken for whole when its end is missing, or when something was put behind it", async () => {
    const file = await seal([randomBytes(1024 * 1024 + 10)]);
    for (const end of [0, 5, 40, file.length - 1024, file.length - 43, file.length - 42, file.length - 1])
      await expect(unseal(file.subarray(0, end)), `${end}`).rejects.toBeInstanceOf(BackupFault);
    await expect(unseal(Buffer.concat([file, Buffer.alloc(1)]))).rejects.toThrow("behind its end");
  });

  it("takes no piece from another file or from another place", async () => {
    const [one, other] = await Promise.all([1, 2].map((n) => all(sealing(null, new Date(n))(of(Buffer.alloc(8, n))))));
    const at = (file: Buffer) => file.indexOf("\n", 20) + 1;
    const mixed = Buffer.concat([
      (one as Buffer).subarray(0, at(one as Buffer)),
      (other as Buffer).subarray(at(other as Buffer)),
    ]);
    await expect(unseal(mixed)).rejects.toThrow("altered");
  });

  it("with a passphrase is read with that one alone, and shows nothing", async () => {
    const file = await seal([Buffer.from("the master secret")], "correct horse");
    expect(file.includes("master")).toBe(false);
    expect((await unseal(file, () => Promise.resolve("correct horse"))).toString()).toBe("the master secret");
    await expect(unseal(file, () => Promise.resolve("wrong horse"))).rejects.toThrow("passphrase is wrong");
    file.writeUInt8(file.readUInt8(file.length - 1) ^ 1, file.length - 1);
    await expect(unseal(file, () => Promise.resolve("correct horse"))).rejects.toBeInstanceOf(BackupFault);
  });

  it("does not let a file ask for more memory than any backup needs, nor pass for one of a newer version", async () => {
    const head = (cipher: unknown, v = 1) =>
      Buffer.from(`EDGEWHISK-BACKUP\n${JSON.stringify({ v, made: "", cipher })}\n`);
    const dear = { name: "aes-256-gcm", salt: "0".repeat(64), N: 2 ** 24, r: 32, p: 4 };
    await expect(unseal(head(dear), () => Promise.resolve("x"))).rejects.toThrow("memory");
    await expect(unseal(head({ name: "none" }, 2))).rejects.toThrow("newer version");
    await expect(unseal(Buffer.from("PK\x03\x04"))).rejects.toThrow("no backup of edgewhisk");
  });
});
