// Paths that a router and a parser of addresses might read differently: either both read the same,
// or the door refuses them.

import { getPath } from "hono/utils/url";
import { expect, it } from "vitest";
import { pathFault } from "../../src/http/one-path.ts";

const PIECES = [
  "a",
  ".",
  "..",
  "%2e",
  "%2E%2e",
  ".%2e",
  "...",
  ".a",
  "a..",
  "",
  "\\",
  "%5C",
  "%2f",
  "%252e",
  "%77eb",
  "ä",
  "?..",
  "#..",
];

const segmentsOf = (path: string) => path.split("/").map((each) => decodeURIComponent(each));

it("no path that is let in has two meanings", () => {
  let [refused, taken] = [0, 0];
  for (const one of PIECES) {
    for (const two of PIECES) {
      for (const three of PIECES) {
        const url = `http://h:1/${one}/${two}/${three}`;
        if (pathFault(url) !== null) {
          refused++;
          continue;
        }
        taken++;
        const [routed = ""] = url.slice("http://h:1".length).split(/[?#]/, 1);
        expect(segmentsOf(new URL(url).pathname)).toEqual(segmentsOf(routed));
        // The router decodes what is no separator, and finds no other segments by it.
        expect(getPath(new Request(url)).split("/")).toHaveLength(segmentsOf(routed).length);
      }
    }
  }
  expect(refused).toBeGreaterThan(1_000);
  expect(taken).toBeGreaterThan(1_000);
});

it.each([
  ["/api/v1/web/../namespaces", /"\.\."/],
  ["/api/v1/./namespaces", /"\.\."/],
  ["/api/v1/web/%2E%2e/x", /"\.\."/],
  ["/api/v1/web/a/default/b/.%2e", /"\.\."/],
  ["/api\\v1", /%5C/],
])("%s is told what is wrong", (path, reason) => {
  expect(pathFault(`http://[::1]:3233${path}`)).toMatch(reason);
});

it.each(["", "/", "/ping", "/a?x=../..", "/a#/../b", "/a/..b/.c/...", "//a//", "/a/%252e%252e"])(
  "%j is taken",
  (path) => {
    expect(pathFault(`http://h${path}`)).toBeNull();
  },
);
