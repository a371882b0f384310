// `edgewhisk doctor` as its user types it, on a machine on which two platforms run.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Finding } from "../../runtime-host/cli/shared/diagnosis.ts";
import { type Platform, startPlatform } from "../support/platform.ts";

const COMMAND = new URL("../../runtime-host/cli/edgewhisk.mjs", import.meta.url).pathname;

let one: Platform;
let other: Platform;
let folder: string;

beforeAll(async () => {
  one = await startPlatform({ engine: "process" });
  other = await startPlatform({ engine: "process" });
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-doctor-"));
});
afterAll(async () => {
  await one?.stop();
  await other?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function doctor(
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number | null; found: (what: string) => Finding | undefined }> {
  const bare = { PATH: process.env.PATH ?? "", HOME: folder, DOCKER_HOST: `unix://${folder}/no-engine` };
  const options = { cwd: folder, env: { ...bare, ...env } };
  return new Promise((done) => {
    const child = execFile(process.execPath, [COMMAND, "doctor", "--json", ...args], options, (_error, out) => {
      const found = JSON.parse(out) as Finding[];
      done({ code: child.exitCode, found: (what) => found.find((each) => each.what === what) });
    });
  });
}

const tokenOf = ({ state }: Platform): string =>
  JSON.parse(readFileSync(join(state, "secrets.json"), "utf8")).adminToken;

it("of two platforms on one machine looks at the one it was pointed to, each with its own token", async () => {
  for (const { state, url } of [one, other]) {
    const seen = async () => {
      const { code, found } = await doctor([], { EDGEWHISK_STATE: state });
      const states = ["state", "hosts", "clock"].map((what) => found(what)?.state);
      return [code, found("platform")?.text, ...states];
    };
    // What hosts say is up to a second old.
    await expect.poll(seen).toEqual([0, `${url} answers`, "good", "good", "good"]);
  }
  const env = { EDGEWHISK_STATE: join(folder, "none"), EDGEWHISK_ADMIN_TOKEN: tokenOf(one) };
  const mixed = await doctor(["--url", other.url], env);
  expect(mixed.found("admin token")).toMatchObject({
    state: "wrong",
    text: expect.stringContaining("another platform has this address"),
  });
  expect(mixed.code).toBe(1);
});

it("finds that another platform has the port that a start here would take", async () => {
  const env = { EDGEWHISK_STATE: join(folder, "none"), EDGEWHISK_PORT: new URL(one.url).port };
  const { found } = await doctor([], env);
  expect(found("port")).toMatchObject({ state: "doubtful", text: expect.stringMatching(/^a platform that is not of/) });
  expect(found("port")?.way).toContain("--port");
});
