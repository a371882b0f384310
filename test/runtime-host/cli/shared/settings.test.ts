// Where platform, key and admin token come from: flags, variables, what `wsk` has stored, the platform of the state
// folder.

import { describe, expect, it } from "vitest";
import {
  adminTokenSetting,
  keySetting,
  type Sources,
  urlSetting,
} from "../../../../runtime-host/cli/shared/settings.ts";

const HERE = "http://127.0.0.1:3233";
const AWAY = "https://edge.example";
const running = { url: HERE, key: "guest:key", adminToken: "local-token" };
const nothing: Sources = { flags: {}, env: {}, wsk: { file: "~/.wskprops" }, running: null, stateNamed: false };
const everything: Sources = {
  flags: { url: "flag.example", auth: "flag:key" },
  env: {
    ...{
      EDGEWHISK_URL: "variable.example",
      APIHOST: "apihost.example",
      EDGEWHISK_AUTH: "variable:key",
      AUTH: "auth:key",
    },
    ...{ EDGEWHISK_ADMIN_TOKEN: "variable-token", ADMIN_TOKEN: "admin-token" },
  },
  wsk: { file: "~/.wskprops", apihost: "wsk.example", auth: "wsk:key" },
  running,
  stateNamed: false,
};
const without = (sources: Sources, ...names: string[]): Sources => ({
  ...sources,
  env: Object.fromEntries(Object.entries(sources.env).filter(([name]) => !names.includes(name))),
});
const noFlags = { ...everything, flags: {} };
const noEnv = { ...noFlags, env: {} };
const noWsk = { ...noEnv, wsk: { file: "~/.wskprops" } };

describe("the platform", () => {
  it.each<[string, Sources, { value: string; from: string }]>([
    ["a flag", everything, { value: "https://flag.example", from: "--url" }],
    ["EDGEWHISK_URL", noFlags, { value: "https://variable.example", from: "EDGEWHISK_URL" }],
    ["APIHOST", without(noFlags, "EDGEWHISK_URL"), { value: "https://apihost.example", from: "APIHOST" }],
    ["what wsk has stored", noEnv, { value: "https://wsk.example", from: "~/.wskprops" }],
    ["what runs here", noWsk, { value: HERE, from: "the state folder" }],
    [
      "what runs here, where --state names it",
      { ...noFlags, stateNamed: true },
      { value: HERE, from: "the state folder" },
    ],
  ])("comes from %s", (_, sources, setting) => expect(urlSetting(sources)).toEqual(setting));

  it("is wanted, and must be an origin; a password in it is not repeated", () => {
    expect(urlSetting(nothing)).toMatchObject({ exit: 2, reason: expect.stringMatching(/^which platform\?/) });
    const wrong = urlSetting({ ...nothing, env: { APIHOST: "https://me:secret@edge.example/x" } });
    expect(wrong).toMatchObject({
      exit: 2,
      reason: expect.stringMatching(/^APIHOST https:\/\/…@edge\.example\/x: expected/),
    });
    expect(urlSetting({ ...nothing, flags: { url: "me:secret@x" } })).toMatchObject({
      reason: expect.not.stringContaining("secret"),
    });
  });
});

describe("the key", () => {
  it.each<[string, Sources, string]>([
    ["--auth", everything, "flag:key"],
    ["EDGEWHISK_AUTH", noFlags, "variable:key"],
    ["AUTH", without(noFlags, "EDGEWHISK_AUTH"), "auth:key"],
    ["~/.wskprops", noEnv, "wsk:key"],
    ["the state folder", noWsk, "guest:key"],
    ["the state folder", { ...noFlags, stateNamed: true }, "guest:key"],
  ])("comes from %s", (from, sources, value) => expect(keySetting(sources, HERE)).toEqual({ value, from }));

  it("of the state folder is sent to its own platform alone", () => {
    for (const sources of [noWsk, { ...noWsk, stateNamed: true }]) {
      expect(keySetting(sources, AWAY)).toMatchObject({ exit: 2, reason: expect.stringMatching(/^with which key\?/) });
    }
  });

  it("is wanted where the platform here has given none", () => {
    expect(keySetting({ ...noWsk, running: { ...running, key: null } }, HERE)).toMatchObject({ exit: 2 });
  });
});

describe("the admin token", () => {
  it("comes from its variables, then from the state folder, for its own platform alone", () => {
    expect(adminTokenSetting(noFlags, AWAY)).toEqual({ value: "variable-token", from: "EDGEWHISK_ADMIN_TOKEN" });
    expect(adminTokenSetting(without(noFlags, "EDGEWHISK_ADMIN_TOKEN"), AWAY)?.from).toBe("ADMIN_TOKEN");
    expect(adminTokenSetting(noEnv, HERE)).toEqual({ value: "local-token", from: "the state folder" });
    expect(adminTokenSetting({ ...noFlags, stateNamed: true }, HERE)?.from).toBe("the state folder");
    expect(adminTokenSetting(noEnv, AWAY)).toBeNull();
    expect(adminTokenSetting(nothing, HERE)).toBeNull();
  });
});
