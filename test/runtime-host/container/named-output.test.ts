import { describe, expect, it } from "vitest";
import { NamedOutput } from "../../../runtime-host/container/named-output.ts";

const PREFIX = "0123456789abcdef";
const run = (n: number) => `${PREFIX}${n.toString(16).padStart(8, "0")}`;
const record = (n: number, text: string) =>
  `\0${run(n)}${Buffer.byteLength(text).toString(16).padStart(5, "0")}${text}`;

function heardOf(text: string, size: number): string[] {
  const heard: string[] = [];
  const add = (head: string, bytes: Buffer) => {
    const last = heard.at(-1) ?? "";
    if (last.startsWith(`${head}:`)) heard[heard.length - 1] = last + bytes.toString("latin1");
    else heard.push(`${head}:${bytes.toString("latin1")}`);
  };
  const output = new NamedOutput(PREFIX, {
    named: (name, bytes) => add(name.slice(-2), bytes),
    ended: (name) => heard.push(`end ${name.slice(-2)}`),
    loose: (bytes) => add("loose", bytes),
  });
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += size) output.push(bytes.subarray(at, at + size));
  output.end();
  return heard;
}

describe("output that names its run", () => {
  it("is told apart from the rest, however it is cut", () => {
    const text = `a${record(1, "one\n")}b${record(2, "two")}${record(1, "\0more")}${record(1, "")}c`;
    const expected = ["loose:a", "01:one\n", "loose:b", "02:two", "01:\0more", "end 01", "loose:c"];
    for (let size = 1; size <= text.length; size++) expect(heardOf(text, size)).toEqual(expected);
  });

  it("is nobody's where a head is none: another prefix, no length, or never whole", () => {
    const others = [`\0${"f".repeat(24)}00003abc`, `\0${run(1)}0000gabc`, `\0${run(1)}000`, "\0\0\0", `\0${PREFIX}`];
    for (const other of others) {
      for (let size = 1; size <= other.length; size++) expect(heardOf(other, size)).toEqual([`loose:${other}`]);
    }
  });

  it("begins anew at a NUL within what was no head", () => {
    const text = `\0${PREFIX.slice(0, 9)}${record(3, "x")}`;
    for (let size = 1; size <= text.length; size++) {
      expect(heardOf(text, size)).toEqual([`loose:\0${PREFIX.slice(0, 9)}`, "03:x"]);
    }
  });
});
