// Our SHA-256 and HMAC are WebCrypto's, whatever the length; and cost little.

import { expect, test } from "vitest";
import { hexOf, hmac, hmacKey, sha256 } from "../../src/entities/sha256.ts";
import { Random } from "../simulator/machine/random.ts";

const encoder = new TextEncoder();

function texts(): string[] {
  const random = new Random(7);
  const lengths = [...Array.from({ length: 140 }, (_, length) => length), 1_000, 4_096, 70_000];
  return lengths.map((length) => {
    let text = "";
    while (text.length < length) text += random.pick(["a", "0", "\0", "ä", "€", "😀", "\n"]);
    return text;
  });
}

async function digest(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", encoder.encode(text))).toString("hex");
}

async function sign(secret: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}

test("the digest of a text is WebCrypto's", async () => {
  for (const text of texts()) expect(hexOf(sha256(text), 8)).toBe(await digest(text));
});

test("the HMAC under a purpose is WebCrypto's, with short and long secrets", async () => {
  for (const secret of ["s", "k".repeat(64), "k".repeat(65), "ä".repeat(100)]) {
    const derived = await sign(encoder.encode(secret), "purpose");
    const key = hmacKey(secret, "purpose");
    for (const text of texts().slice(0, 130)) {
      expect(hexOf(hmac(key, text), 8)).toBe(Buffer.from(await sign(derived, text)).toString("hex"));
    }
  }
});

test("purposes and secrets have nothing in common", () => {
  const macs = ["one", "other"].flatMap((secret) =>
    ["a", "b"].map((purpose) => hexOf(hmac(hmacKey(secret, purpose), "text"), 8)),
  );
  expect(new Set(macs).size).toBe(4);
});
