import { expect, it } from "vitest";
import { namesFor, PLAIN } from "../../../../runtime-host/engine/docker/network.ts";

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
