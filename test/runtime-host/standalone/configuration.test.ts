// The Worker itself in a real workerd: without its secret, with another one, and with the one of before beside it.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleWorker } from "../../../runtime-host/standalone/bundle.ts";
import { migrate } from "../../../runtime-host/standalone/migrations.ts";
import { type Platform, startPlatform } from "../../../runtime-host/standalone/platform.ts";
import { mintCredential } from "../../../src/entities/credential.ts";

const ROOT = new URL("../../..", import.meta.url).pathname;
const ADMIN_TOKEN = "configuration-admin-token-0123456789";
const FIRST = "the-first-secret-of-this-deployment-0123";
const SECOND = "the-second-secret-of-this-deployment-456";
const DOORS = [
  "/",
  "/api/v1",
  "/api/v1/namespaces",
  "/api/v1/web/a/b/c",
  "/admin/v1/hosts",
  "/invokers",
  "/host/v1/connect",
];

let script: string;
const state = mkdtempSync(join(tmpdir(), "edgewhisk-configuration-"));

beforeAll(async () => {
  script = await bundleWorker(ROOT);
});
afterAll(() => rmSync(state, { recursive: true, force: true }));

async function withWorker<T>(
  vars: Record<string, string>,
  run: (url: string, log: () => string, platform: Platform) => Promise<T>,
): Promise<T> {
  let log = "";
  const platform = await startPlatform({
    ...{ root: ROOT, script, host: "127.0.0.1", port: 0, consolePort: null, state },
    vars: { ADMIN_TOKEN, ...vars },
    log: (line) => {
      log += `${line}\n`;
    },
    onRestart: () => {},
    onFailure: () => {},
  });
  try {
    await migrate(await platform.database("DB"), join(ROOT, "src/storage/d1/migrations"));
    await migrate(await platform.database("RECORDS_0"), join(ROOT, "src/storage/records/migrations"));
    return await run(`http://127.0.0.1:${platform.port}`, () => log, platform);
  } finally {
    await platform.close();
  }
}

const basic = (key: string) => ({ authorization: `Basic ${btoa(key)}` });
const opens = async (url: string, key: string) =>
  (await fetch(`${url}/api/v1/namespaces`, { headers: basic(key) })).status;

async function admin(url: string, path: string, body: unknown): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
  const answer = await fetch(`${url}/admin/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return answer.json() as Promise<Record<string, string>>;
}

async function refusedEverywhere(url: string, log: () => string, variable: string): Promise<void> {
  for (const door of DOORS) {
    const answer = await fetch(url + door);
    expect([door, answer.status]).toEqual([door, 503]);
    expect(((await answer.json()) as { error: string }).error).toContain(variable);
  }
  expect((await fetch(`${url}/ping`)).status).toBe(200);
  await expect.poll(() => log().split("The platform is not configured").length - 1).toBe(1);
}

describe("a deployment", () => {
  let key: string;
  let id: string;

  it("serves with its secret", async () => {
    await withWorker({ MASTER_SECRET: FIRST }, async (url) => {
      ({ key = "" } = await admin(url, "/identities", { subject: "alice" }));
      expect(await opens(url, key)).toBe(200);
      const shown = await fetch(`${url}/admin/v1/identities/alice`, {
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      id = ((await shown.json()) as { namespaces: { id: string }[] }).namespaces[0]?.id ?? "";
      expect(id).not.toBe("");
    });
  });

  it("refuses every request but /ping without its secret, says so once, and lets nobody in", async () => {
    await withWorker({}, async (url, log) => {
      const grant = { namespaceId: id, keyId: "", rights: "deploy", expiresAt: Date.now() + 60_000 } as const;
      const forged = await mintCredential({ current: "", previous: null }, grant);
      expect(await opens(url, forged)).toBe(503);
      expect(await opens(url, key)).toBe(503);
      await refusedEverywhere(url, log, "MASTER_SECRET is missing");
    });
  });

  it("refuses a credential that was minted with the empty secret", async () => {
    await withWorker({ MASTER_SECRET: FIRST }, async (url) => {
      const grant = { namespaceId: id, keyId: "", rights: "deploy", expiresAt: Date.now() + 60_000 } as const;
      expect(await opens(url, await mintCredential({ current: "", previous: null }, grant))).toBe(401);
      expect(await opens(url, await mintCredential({ current: FIRST, previous: null }, grant))).toBe(200);
    });
  });

  it("refuses every request but /ping with another secret", async () => {
    await withWorker({ MASTER_SECRET: SECOND }, async (url, log) => {
      await refusedEverywhere(url, log, "MASTER_SECRET is not the one the stored keys were sealed with");
    });
  });

  it("opens all keys with both, and after `edgewhisk reseal` with the new one alone", async () => {
    await withWorker({ MASTER_SECRET: SECOND, MASTER_SECRET_PREVIOUS: FIRST }, async (url) => {
      expect((await fetch(`${url}/api/v1`)).status).toBe(200);
      const said = await reseal(url);
      expect(said).toMatch(/^1 keys were sealed anew.*MASTER_SECRET_PREVIOUS may be removed after \d{4}-/s);
      expect(await opens(url, key)).toBe(200);
    });
    await withWorker({ MASTER_SECRET: SECOND }, async (url) => expect(await opens(url, key)).toBe(200));
    await withWorker({ MASTER_SECRET: FIRST }, async (url) => expect(await opens(url, key)).toBe(503));
  });
});

function reseal(url: string): Promise<string> {
  const options = { env: { ...process.env, ADMIN_TOKEN } };
  const program = [join(ROOT, "runtime-host/cli/edgewhisk.mjs"), "reseal", "--url", url];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, program, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${stdout}${stderr}`));
    });
  });
}
