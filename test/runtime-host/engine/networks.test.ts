// Networks as an operator writes them, and which are private.

import { describe, expect, it } from "vitest";
import { contains, isPrivate, parseNetwork, parseNetworks } from "../../../runtime-host/engine/networks.ts";

describe("a network", () => {
  it.each([
    ["10.1.2.3/16", "10.1.0.0/16"],
    ["192.168.7.9", "192.168.7.9/32"],
    ["255.255.255.255/1", "128.0.0.0/1"],
    ["1.2.3.4/0", null],
    ["10.0.0.256", null],
    ["10.0.0.0/33", null],
    ["10.0.0/8", null],
    ["fd00::/8", null],
    ["", null],
  ])("%s is %s", (text, network) => expect(parseNetwork(text)).toBe(network));

  it("stands in a list, once and in order", () => {
    expect(parseNetworks(" 192.168.7.9, 10.1.2.3/16,10.1.0.0/16 ")).toEqual(["10.1.0.0/16", "192.168.7.9/32"]);
    expect(parseNetworks("")).toEqual([]);
    expect(parseNetworks("10.0.0.0/8,x")).toBeNull();
  });

  it("holds addresses, and is private or not", () => {
    expect(contains("10.1.0.0/16", "10.1.255.1")).toBe(true);
    expect(contains("10.1.0.0/16", "10.2.0.1")).toBe(false);
    for (const each of ["10.9.9.9", "172.31.0.1", "192.168.1.1", "100.127.0.1", "169.254.1.1", "127.0.0.1"])
      expect(isPrivate(each), each).toBe(true);
    for (const each of ["8.8.8.8", "172.32.0.1", "100.128.0.1", "11.0.0.1"]) expect(isPrivate(each), each).toBe(false);
  });
});
