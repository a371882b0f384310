// What the address of a web request means.

import { expect, test } from "vitest";
import { isWebPath, webPlaceOf } from "../../../src/http/web/path.ts";

const at = (path: string) => webPlaceOf(`http://host${path}`);

test.each([
  ["/api/v1/web/ns/default/act", { namespace: "ns", package: null, action: "act", extension: ".http" }, ""],
  ["/api/v1/web/ns/pack/act.json", { namespace: "ns", package: "pack", action: "act", extension: ".json" }, ""],
  [
    "/api/v1/web/ns/pack/act.html/a%2Fb/",
    { namespace: "ns", package: "pack", action: "act", extension: ".html" },
    "/a%2Fb/",
  ],
  [
    "/api/v1/web/a%20b/pack/act.tar.svg",
    { namespace: "a b", package: "pack", action: "act.tar", extension: ".svg" },
    "",
  ],
  ["/api/v1/web/ns/pack/act.exe", { namespace: "ns", package: "pack", action: "act.exe", extension: ".http" }, ""],
  [
    "/api/%76%31/web/ns/pack/act.text?x=/y",
    { namespace: "ns", package: "pack", action: "act", extension: ".text" },
    "",
  ],
])("%s", (path, target, rest) => {
  expect(at(path)).toEqual({ target, rest });
});

test.each(["/api/v1/web/ns/pack", "/api/v1/web/ns/pack/", "/api/v1/web/ns/pack/.json", "/api/v1/web/ns/%ff/act"])(
  "%s names no action",
  (path) => {
    expect(at(path)).toBeNull();
  },
);

test("what is below the prefix is a web request", () => {
  expect(["/api/v1/web/", "/api/v1/web/a/b/c", "/api/v1/web", "/api/v1/webs/a"].map(isWebPath)).toEqual([
    ...[true, true, false, false],
  ]);
});
