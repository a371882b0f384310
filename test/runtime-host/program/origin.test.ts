// What people write for the address of a platform.

import { expect, it } from "vitest";
import { originOf, whyNoAnswer } from "../../../runtime-host/program/origin.ts";

it.each([
  ["edge.example", "https://edge.example"],
  ["localhost:3233", "http://localhost:3233"],
  ["127.0.0.1:3233/", "http://127.0.0.1:3233"],
  ["[::1]:3233", "http://[::1]:3233"],
  ["127.0.0.1.example", "https://127.0.0.1.example"],
  ["http://edge.example/", "http://edge.example"],
  ["https://user@edge.example", null],
  ["https://edge.example/path", null],
  ["ftp://edge.example", null],
  ["", null],
])("'%s' is the origin %s", (text, origin) => {
  expect(originOf(text)).toBe(origin);
});

it("tells what lies behind an error that says nothing", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  expect(whyNoAnswer("http://a", new TypeError("fetch failed", { cause }))).toBe("connect ECONNREFUSED");
  const tls = Object.assign(new Error("wrong version number"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" });
  expect(whyNoAnswer("https://a", new TypeError("fetch failed", { cause: tls }))).toMatch(/no TLS there.*http:\/\/a$/);
});
