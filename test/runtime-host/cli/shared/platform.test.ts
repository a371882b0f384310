// What a command is to speak to, out of its flags, its environment and a real state folder.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { administration, openApi } from "../../../../runtime-host/cli/shared/platform.ts";
import { noteRunning } from "../../../../runtime-host/standalone/running.ts";
import { openState, type State } from "../../../../runtime-host/standalone/state.ts";

const HERE = "http://127.0.0.1:3233";
let folder: string;
let state: State;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-platform-"));
  state = openState(join(folder, "state"));
  noteRunning(state.folder, { url: HERE, owner: state.owner, wellKnown: true });
});
afterEach(() => {
  state.release();
  rmSync(folder, { recursive: true });
});

function call(options: { url?: string; state?: string; auth?: string } = {}, env: Record<string, string> = {}) {
  const { url, state: named, auth } = options;
  const asked: string[] = [];
  const io = {
    env: { HOME: folder, EDGEWHISK_STATE: "/nonexistent", ...env },
    stdout: () => undefined,
    stderr: () => undefined,
    async readSecret(name: string) {
      asked.push(name);
      return "typed";
    },
  };
  return { asked, options: { url, state: named, auth }, io };
}

it("is the platform of the state folder that a flag or a variable names", () => {
  for (const each of [call({ state: state.folder }), call({}, { EDGEWHISK_STATE: state.folder })]) {
    const opened = openApi(each);
    expect(opened.ok ? opened.client.url : opened.reason).toBe(HERE);
  }
  expect(openApi(call())).toMatchObject({ ok: false, exit: 2 });
});

it("is what `wsk` has stored before the state folder that a variable names", () => {
  writeFileSync(join(folder, ".wskprops"), "APIHOST=https://edge.example\nAUTH=a:b\n");
  const opened = openApi(call({}, { EDGEWHISK_STATE: state.folder }));
  expect(opened.ok ? opened.client.url : "").toBe("https://edge.example");
});

it("has an admin token from the state folder, for its own platform alone; else it is asked for", async () => {
  const here = call({ state: state.folder });
  expect(await administration(here)).toEqual({ ok: true, url: HERE, token: state.secrets.adminToken });
  expect(here.asked).toEqual([]);
  const away = call({ url: "https://edge.example", state: state.folder });
  expect(await administration(away)).toEqual({ ok: true, url: "https://edge.example", token: "typed" });
  expect(away.asked).toEqual(["ADMIN_TOKEN"]);
});
