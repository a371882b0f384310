import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NameFile, nameServiceOf } from "../../../../runtime-host/engine/docker/name-service.ts";

describe("name servers", () => {
  it("are those that a container reaches, with what belongs to them", () => {
    const text =
      "# made by hand\nnameserver 10.0.0.53\nnameserver fd00::1\nnameserver 127.0.0.1\nsearch corp.example\noptions ndots:2\n";
    expect(nameServiceOf([text])).toEqual({
      servers: ["10.0.0.53"],
      text: "nameserver 10.0.0.53\nsearch corp.example\noptions ndots:2\n",
    });
  });

  it("are those behind a resolver of the machine's own, or none", () => {
    const stub = "nameserver 127.0.0.53\noptions edns0\n";
    expect(nameServiceOf([stub, "nameserver 192.168.1.1\n"])?.servers).toEqual(["192.168.1.1"]);
    expect(nameServiceOf([stub, ""])).toBeNull();
  });

  it("are at most three, and a file that is far too long is not read to its end", () => {
    const many = Array.from({ length: 5 }, (_, n) => `nameserver 10.0.0.${n + 1}\n`).join("");
    expect(nameServiceOf([many])?.servers).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    expect(nameServiceOf([`${"#".repeat(5_000)}\nnameserver 10.0.0.1\n`])).toBeNull();
  });
});

it("a file of name servers stays the same file when others are written, so that running containers see them", () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-names-"));
  const file = new NameFile(join(folder, "resolv.conf"));
  file.write({ servers: ["10.0.0.1"], text: "nameserver 10.0.0.1\n" });
  const { ino } = statSync(file.path);
  file.write({ servers: ["10.0.0.2"], text: "nameserver 10.0.0.2\n" });
  expect(statSync(file.path).ino).toBe(ino);
  expect(readFileSync(file.path, "utf8")).toBe("nameserver 10.0.0.2\n");
  rmSync(folder, { recursive: true });
});
