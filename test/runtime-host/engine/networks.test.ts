// Networks as text, name servers as machines write them, and which address of the API actions are told.

import { describe, expect, it } from "vitest";
import { apiHostOf, placeOf } from "../../../runtime-host/engine/api-host.ts";
import { nameServiceOf } from "../../../runtime-host/engine/docker/name-service.ts";
import { namesFor, PLAIN } from "../../../runtime-host/engine/docker/network.ts";
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
});

describe("the API's address for actions", () => {
  it.each([
    ["http://127.0.0.1:3233", "", "gateway"],
    ["http://localhost:3233", "", "gateway"],
    ["http://[::1]:3233", "", "gateway"],
    ["https://edge.example.workers.dev", "", "https://edge.example.workers.dev"],
    ["http://10.0.0.7:3233", "", "http://10.0.0.7:3233"],
    ["http://10.0.0.7:3233", "gateway", "gateway"],
    ["http://127.0.0.1:3233", "https://functions.example", "https://functions.example"],
  ])("of a platform at %s, with --api-host %s: %s", (apiUrl, apiHost, told) =>
    expect(apiHostOf({ apiUrl, apiHost })).toBe(told),
  );

  it("has a place that containers may have to be let to", async () => {
    expect(await placeOf("http://10.0.0.7")).toEqual({ hostname: "10.0.0.7", port: 80, closed: ["10.0.0.7"] });
    expect(await placeOf("https://8.8.8.8:8443")).toEqual({ hostname: "8.8.8.8", port: 8443, closed: [] });
    expect((await placeOf("https://localhost")).closed).toEqual(["127.0.0.1"]);
  });
});

it("hosts share a bridge only where they want the same rules and may set them", () => {
  const root = { ...PLAIN, uid: 0 };
  expect(namesFor(root)).toEqual({ network: "edgewhisk", bridge: "br-edgewhisk" });
  const others = [
    { ...root, uid: 1000 },
    { ...root, allow: ["10.0.0.0/8"] },
    { ...root, apiHost: "https://a.example" },
  ].map(namesFor);
  expect(new Set(others.map((each) => each.network)).size).toBe(3);
  for (const { bridge } of others) expect(bridge).toMatch(/^br-ew-[0-9a-f]{8}$/);
  expect(namesFor({ ...root, uid: 1000 })).toEqual(others[0]);
});
