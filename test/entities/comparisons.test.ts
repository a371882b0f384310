// How secrets are compared: by a way that does the same work wherever two of them differ,
// and nowhere in the code by another.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { equalTexts } from "../../src/entities/credential.ts";
import { sameSecret } from "../../src/entities/sealing.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SECRET = "k".repeat(64);
const at = (place: number) => `${SECRET.slice(0, place)}x${SECRET.slice(place + 1)}`;

afterEach(() => vi.restoreAllMocks());

describe("two secrets", () => {
  it("are looked at to their ends, wherever they differ", () => {
    const looked = (given: string) => {
      const looks = vi.spyOn(String.prototype, "charCodeAt");
      const same = equalTexts(given, SECRET);
      const count = looks.mock.calls.length;
      looks.mockRestore();
      return { same, count };
    };
    const whole = looked(SECRET);
    expect(whole).toEqual({ same: true, count: 2 * SECRET.length });
    for (const place of [0, 1, 31, 63]) expect(looked(at(place))).toEqual({ same: false, count: whole.count });
  });

  it("of any length are compared by their digests, whose bytes nobody chooses", async () => {
    for (const given of ["", "k", SECRET.slice(1), at(0), at(63), `${SECRET}k`]) {
      const digests = vi.spyOn(crypto.subtle, "digest");
      expect(await sameSecret(given, SECRET)).toBe(false);
      expect(digests).toHaveBeenCalledTimes(2);
      digests.mockRestore();
    }
    expect(await sameSecret(SECRET, SECRET)).toBe(true);
  });
});

describe("the code", () => {
  /** A name that ends like a secret's, against another name. What is compared with a literal is no secret. */
  const NAMED = String.raw`[\w.]*(?:[tT]oken|[sS]ecret|[sS]ignature|\bmac|Mac|[lL]ookup|[pP]assword)`;
  const OTHER = "(?!undefined|null|true|false)[a-zA-Z]";
  const COMPARED = new RegExp(`${NAMED} [!=]== ${OTHER}|${OTHER}[\\w.]* [!=]== ${NAMED}\\b`);

  it("compares none of them by ===", () => {
    const files = ["src", "durable-objects", "runtime-host/metrics", "runtime-host/standalone"].flatMap((room) =>
      readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(room, name)),
    );
    expect(files.length).toBeGreaterThan(300);
    const found = files.flatMap((file) =>
      readFileSync(join(ROOT, file), "utf8")
        .split("\n")
        .flatMap((line, number) => (COMPARED.test(line) ? [`${file}:${number + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
    // It would see one.
    expect("if (given.token === wanted) return;").toMatch(COMPARED);
    expect("return shown !== this.secret;").toMatch(COMPARED);
  });
});
