// Addresses as numbers: what is read as one, which stand for others, and where each range begins and ends.

import { describe, expect, it } from "vitest";
import { type IpRange, isReachable, readHost, readRange } from "../../src/outbound/address.ts";

const hostOf = (text: string) => readHost(text.includes(":") ? `[${text}]` : text);

function isOpen(text: string, allowed: readonly string[] = []): boolean {
  const address = hostOf(text);
  if (address === null) throw new Error(`${text} is no address`);
  return isReachable(
    address,
    allowed.map((each) => readRange(each) as IpRange),
  );
}

describe("a host", () => {
  it("is an address of either family", () => {
    expect(readHost("1.2.3.4")).toEqual({ family: 4, value: 0x01020304n });
    expect(readHost("[::1]")).toEqual({ family: 6, value: 1n });
    expect(readHost("[1:2:3:4:5:6:7:8]")).toEqual({ family: 6, value: 0x00010002000300040005000600070008n });
    expect(readHost("[1::8]")).toEqual(readHost("[1:0:0:0:0:0:0:8]"));
    expect(readHost("[::]")).toEqual({ family: 6, value: 0n });
    expect(readHost("[1:2:3:4:5:6:7::]")).toEqual(readHost("[1:2:3:4:5:6:7:0]"));
    expect(readHost("[ABCD::]")).toEqual(readHost("[abcd::]"));
    expect(readHost("[::ffff:1.2.3.4]")).toEqual(readHost("[::ffff:102:304]"));
    expect(readHost("[1:2:3:4:5:6:1.2.3.4]")).toEqual(readHost("[1:2:3:4:5:6:102:304]"));
  });

  it.each([
    ...["", "a", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", "1.2.3.-4", "::1", "[1.2.3.4", "1.2.3.4]"],
    ...["[]", "[1.2.3.4.5]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[1::2::3]", "[:::]"],
    ...["[g::]", "[12345::]", "[::1.2.3]", "[::1.2.3.256]", "[1.2.3.4::]", "[1:2:3:4:5:6:7:1.2.3.4]", "[:1]", "[1:]"],
  ])("%j is a name, or nothing", (text) => expect(readHost(text)).toBeNull());
});

describe("a range", () => {
  it("is one address where no bits are named", () => {
    expect(readRange("10.0.0.1")).toEqual({ family: 4, value: 0x0a000001n, prefix: 32 });
    expect(readRange("fd00::1")).toMatchObject({ family: 6, prefix: 128 });
    expect([readRange("0.0.0.0/0"), readRange("::/0")]).toMatchObject([{ prefix: 0 }, { prefix: 0 }]);
    expect([readRange("10.0.0.0/32"), readRange("fd00::/128")]).toMatchObject([{ prefix: 32 }, { prefix: 128 }]);
  });

  it.each([
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "::/129",
    "::/1000",
    "10.0.0.0/8/8",
    "10.0.0.0/x",
    "10.0.0.0/-1",
    "[::1]",
  ])("%j is none", (text) => expect(readRange(text)).toBeNull());
});

describe("what is public", () => {
  it.each([
    ["9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"],
    ["100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"],
    ["126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"],
    ["169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"],
    ["172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"],
    ["191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"],
    ["192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"],
    ["192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"],
    ["192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"],
    ["198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"],
    ["198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"],
    ["203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"],
    ["2001:200::", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"],
    ["3ffe:ffff::", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"],
  ])("ends at %s, and begins again behind %s to %s with %s", (before, first, last, after) => {
    expect([before, first, last, after].map((each) => isOpen(each))).toEqual([true, false, false, true]);
  });

  it("begins and ends with the family", () => {
    expect([isOpen("0.255.255.255"), isOpen("1.0.0.0")]).toEqual([false, true]);
    expect([isOpen("223.255.255.255"), isOpen("224.0.0.0"), isOpen("255.255.255.255")]).toEqual([true, false, false]);
    expect([isOpen("1fff::"), isOpen("2000::"), isOpen("4000::"), isOpen("fe80::1")]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect([isOpen("2001::"), isOpen("2001:1ff::"), isOpen("2001:200::")]).toEqual([false, false, true]);
  });
});

describe("an address that stands for another", () => {
  it.each(["::ffff:", "::", "64:ff9b::"])("behind %s counts as that one", (prefix) => {
    expect([isOpen(`${prefix}8.8.8.8`), isOpen(`${prefix}10.0.0.1`)]).toEqual([true, false]);
  });

  it("of 6to4 counts as the one in its middle, whatever is behind", () => {
    expect([isOpen("2002:808:808::"), isOpen("2002:808:808:ffff::1")]).toEqual([true, true]);
    expect([isOpen("2002:a00:1::"), isOpen("2002:7f00:1:ffff::808:808")]).toEqual([false, false]);
  });

  it("is none with one bit more before it", () => expect(isOpen("::1:ffff:808:808")).toBe(false));
});

describe("a range that is allowed", () => {
  it("is reached though it is not public, in either spelling, to its end", () => {
    expect(isOpen("10.1.2.3", ["10.1.2.0/24"])).toBe(true);
    expect(isOpen("10.1.3.0", ["10.1.2.0/24"])).toBe(false);
    expect(isOpen("::ffff:10.1.2.3", ["10.1.2.0/24"])).toBe(true);
    expect(isOpen("64:ff9b::10.1.2.3", ["64:ff9b::/96"])).toBe(true);
    expect(isOpen("10.1.2.3", ["192.168.0.0/16", "10.1.2.3"])).toBe(true);
  });

  it("of one family allows nothing of the other", () => {
    expect(isOpen("10.1.2.3", ["::/0"])).toBe(false);
    expect(isOpen("fd00::1", ["0.0.0.0/0"])).toBe(false);
    expect(isOpen("fd00::1", ["fd00::/8"])).toBe(true);
  });
});
