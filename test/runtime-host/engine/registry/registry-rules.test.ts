// Names of images, pull rules, credentials: what an operator and a caller can write.

import { describe, expect, it } from "vitest";
import {
  faultOf,
  fromUserRegistry,
  type ImageName,
  localName,
  parseCredentials,
  parseImage,
  parsePull,
  wishFor,
} from "../../../../runtime-host/engine/registry/registry-rules.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const named = (text: string) => parseImage(text) as ImageName;

describe("the name of an image", () => {
  it.each([
    ["alpine", "docker.io", "library/alpine", "alpine:latest"],
    ["alpine:3", "docker.io", "library/alpine", "alpine:3"],
    ["me/mine:1", "docker.io", "me/mine", "me/mine:1"],
    ["docker.io/me/mine", "docker.io", "me/mine", "me/mine:latest"],
    ["index.docker.io/library/alpine:3", "docker.io", "library/alpine", "alpine:3"],
    ["localhost/x", "localhost", "x", "localhost/x:latest"],
    ["host:5000/a/b", "host:5000", "a/b", "host:5000/a/b:latest"],
    ["127.0.0.1:5000/a:2", "127.0.0.1:5000", "a", "127.0.0.1:5000/a:2"],
    [`alpine@${DIGEST}`, "docker.io", "library/alpine", `alpine@${DIGEST}`],
    [`host:5000/a:2@${DIGEST}`, "host:5000", "a", `host:5000/a@${DIGEST}`],
  ])("%s stands at %s", (text, registry, path, local) => {
    expect(parseImage(text)).toMatchObject({ registry, path });
    expect(localName(named(text))).toBe(local);
  });

  it.each([
    "",
    "UPPER",
    "a b",
    "a@sha256:1",
    "-a",
    "a//b",
    `sha256:${"a".repeat(64)}`,
    "docker.io/sha256:abc",
    "x".repeat(600),
  ])("%s is none", (text) => expect(parseImage(text)).toBeNull());

  it("without a registry is looked for at the one for users' images, if there is one", () => {
    const at = (text: string) => localName(fromUserRegistry(named(text), "registry.example"));
    expect(at("alpine:3")).toBe("registry.example/alpine:3");
    expect(at("docker.io/library/alpine:3")).toBe("alpine:3");
    expect(localName(fromUserRegistry(named("me/x"), ""))).toBe("me/x:latest");
  });
});

describe("when an image is pulled", () => {
  const wish = (text: string, rules = "auto") => wishFor(named(text), parsePull(rules) ?? new Map());

  it("goes by its tag unless something else is said: latest always, a tag if it can be had, a digest once", () => {
    expect([wish("a"), wish("a:latest"), wish("a:1"), wish(`a@${DIGEST}`)]).toEqual([
      "pull",
      "pull",
      "pull-first",
      "local-first",
    ]);
  });

  it("is said per registry, with * for the others", () => {
    const rules = "h:5000=never,docker.io=missing,*=always";
    expect([wish("h:5000/a", rules), wish("a", rules), wish("x.y/a:1", rules)]).toEqual([
      "local",
      "local-first",
      "pull",
    ]);
    expect(wish("a:1", "missing")).toBe("local-first");
  });

  it.each(["", "sometimes", "a=", "=always", "a=always,a=never", "a b=always", "always,never"])(
    "%s is no rule",
    (text) => expect(parsePull(text)).toBeNull(),
  );
});

describe("credentials", () => {
  it("are read in Docker's form, the registry with or without scheme and path", () => {
    const auth = Buffer.from("me:pass:word").toString("base64");
    const text = JSON.stringify({
      auths: {
        "https://index.docker.io/v1/": { auth },
        "registry.example:5000": { username: "u", password: "p" },
        "x.y": { identitytoken: "t" },
      },
      credsStore: "ignored",
    });
    expect([...(parseCredentials(text) ?? [])]).toEqual([
      ["docker.io", { username: "me", password: "pass:word" }],
      ["registry.example:5000", { username: "u", password: "p" }],
      ["x.y", { identitytoken: "t" }],
    ]);
  });

  it.each(["", "{}", "[]", '{"auths":{"a":{}}}', '{"auths":{"a":{"auth":"eA=="}}}'])("%s are none", (text) =>
    expect(parseCredentials(text)).toBeNull(),
  );
});

it.each([
  ["manifest for x:1 not found: manifest unknown", "image"],
  ["pull access denied for x, repository does not exist or may require 'docker login'", "image"],
  ["Head https://x: no basic auth credentials", "image"],
  ["dial tcp 127.0.0.1:1: connect: connection refused", "registry"],
  ["lookup x: no such host", "registry"],
  ["it took longer than 300 s", "registry"],
  ["received unexpected HTTP status: 503 Service Unavailable", "registry"],
])("%s is the %s's fault", (detail, fault) => expect(faultOf(detail)).toBe(fault));
