// Which addresses connectors dial: the one that was checked, whatever name led to it.

import { describe, expect, it } from "vitest";
import {
  AddressRefused,
  type AllowList,
  addressOf,
  isReachable,
  parseAllowList,
} from "../../../runtime-host/connectors/addresses.ts";

function allowing(text: string): AllowList {
  const list = parseAllowList(text);
  if (list === null) throw new Error(`no list: ${text}`);
  return list;
}

const NONE = allowing("");

describe("an address", () => {
  it.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"])("%s is dialled", (address) => {
    expect(isReachable(address, NONE)).toBe(true);
  });

  it.each([
    ...[
      "127.0.0.1",
      "127.8.9.1",
      "0.0.0.0",
      "10.0.0.1",
      "100.64.0.1",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
    ],
    ...["192.168.1.1", "192.0.0.1", "198.18.0.1", "198.19.255.255", "224.0.0.1", "255.255.255.255"],
    ...["::", "::1", "fe80::1", "fc00::1", "fd00::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "64:ff9b::7f00:1"],
    ...["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "fe80::1%eth0", "localhost", "", "0x7f.1"],
  ])("'%s' is not", (address) => {
    expect(isReachable(address, NONE)).toBe(false);
  });

  it("is dialled where the operator allows it, and its neighbour is not", () => {
    const allowed = allowing("10.1.0.0/16,127.0.0.1,fd00::/8");
    for (const good of ["10.1.2.3", "127.0.0.1", "::ffff:10.1.2.3", "fd12::1", "8.8.8.8"])
      expect([good, isReachable(good, allowed)]).toEqual([good, true]);
    for (const bad of ["10.2.0.1", "127.0.0.2", "fc00::1", "::1"])
      expect([bad, isReachable(bad, allowed)]).toEqual([bad, false]);
  });
});

it.each(["10.0.0.0/33", "10.0.0/8", "fd00::/129", "a.example", "10.0.0.0/8/9", "10.0.0.0/-1", "10.0.0.0/x"])(
  "'%s' is no list of networks",
  (text) => {
    expect(parseAllowList(text)).toBeNull();
  },
);

describe("a name", () => {
  const look = (addresses: string[]) => async () => addresses;

  it("leads to the address that was checked", async () => {
    expect(await addressOf("broker.example", NONE, look(["127.0.0.1", "9.9.9.9"]))).toBe("9.9.9.9");
    expect(await addressOf("[2606:4700::1]", NONE, look([]))).toBe("2606:4700::1");
  });

  it("that leads to private addresses alone is refused, with the way out", async () => {
    const dialled = addressOf("broker.example", NONE, look(["127.0.0.1", "::1"]));
    await expect(dialled).rejects.toThrow(AddressRefused);
    await expect(dialled).rejects.toThrow(/broker\.example.*--broker-net/);
    await expect(addressOf("127.1", NONE, look(["127.0.0.1"]))).rejects.toThrow(AddressRefused);
  });
});
