// Who may use keys that everybody knows: no web page but one that this server has sent itself.

import { expect, test } from "vitest";
import { FROM_CONTAINER } from "../../src/entities/development.ts";
import { fitsDevelopment, isFromContainer } from "../../src/http/origin.ts";

const request = (headers: Record<string, string>) => new Request("http://127.0.0.1:3233/", { headers });

test.each<[Record<string, string>, boolean]>([
  [{ Host: "127.0.0.1:3233" }, true],
  [{ Host: "[::1]:3233" }, true],
  [{ Host: "app.localhost" }, true],
  [{ Host: "host.docker.internal:3233" }, true],
  [{ Host: "rebound.example" }, false],
  [{ Host: "localhost.example" }, false],
  [{ Host: "127.0.0.1:3233", Origin: "http://127.0.0.1:3233" }, true],
  [{ Host: "127.0.0.1:3233", Origin: "http://127.0.0.1:8080" }, false],
  [{ Host: "127.0.0.1:3233", Origin: "null" }, false],
])("%j: %s", (headers, fits) => {
  expect(fitsDevelopment(request(headers))).toBe(fits);
});

test.each([
  ["same-origin", true],
  ["none", true],
  ["same-site", false],
  ["cross-site", false],
])("a browser that says %s: %s", (site, fits) => {
  // A browser's own header, which no other program may set on a Request.
  const headers = new Map([
    ["host", "localhost"],
    ["sec-fetch-site", site],
  ]);
  const seen = { headers: { get: (name: string) => headers.get(name.toLowerCase()) ?? null } } as unknown as Request;
  expect(fitsDevelopment(seen)).toBe(fits);
});

test("what a host's forwarder passes on says so", () => {
  expect(isFromContainer(request({ [FROM_CONTAINER]: "1" }))).toBe(true);
  expect(isFromContainer(request({}))).toBe(false);
});
