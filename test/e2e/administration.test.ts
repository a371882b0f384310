// First administration of a deployment through the command line, and a second machine's host joining it.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditLine } from "../../src/entities/audit.ts";
import { expectAccessible, openAsOperator, useBrowser } from "../console/open.ts";
import { basic, freePort, type Platform, startPlatform } from "../support/platform.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

describe("first administration", () => {
  useBrowser();
  let platform: Platform;
  let consoleUrl = "";
  /** How many actions `spread-N` there are. */
  let spread = 0;
  let admin: string;
  let key = "";
  let token = "";
  const children: ChildProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-second-"));
  const state = join(folder, "state");

  beforeAll(async () => {
    const port = String(await freePort());
    consoleUrl = `http://127.0.0.1:${port}`;
    platform = await startPlatform({ engine: "process", env: { EDGEWHISK_CONSOLE_PORT: port } });
    admin = JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8")).adminToken;
  });
  afterAll(async () => {
    for (const child of children) {
      const gone = new Promise((done) => child.once("exit", done));
      if (child.exitCode === null && child.kill("SIGTERM")) await gone;
    }
    await platform?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("refuses the admin API without its token", async () => {
    for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: basic("a:b") }]) {
      const answer = await post("identities", { subject: "intruder" }, headers);
      expect(answer.status).toBeGreaterThanOrEqual(401);
      expect(answer.status).toBeLessThanOrEqual(403);
      expect(await answer.json()).toMatchObject({ error: expect.any(String), code: expect.any(String) });
    }
  });

  it("prints one namespace key and one host token", async () => {
    const made = await edgewhisk(
      ["bootstrap", "--url", platform.url, "--subject", "engineers", "--host-name", "second"],
      {
        ADMIN_TOKEN: admin,
      },
    );
    expect([made.code, made.stderr]).toEqual([0, ""]);
    key = /--auth (\S+)/.exec(made.stdout)?.[1] ?? "";
    token = /EDGEWHISK_TOKEN=(\S+)/.exec(made.stdout)?.[1] ?? "";
    expect(key).toMatch(/^[0-9a-f-]{36}:[A-Za-z0-9]{64}$/);
    expect(token).toMatch(/^ewh\.second\./);
  });

  it("says what is wrong with a wrong admin token, without showing it", async () => {
    const made = await edgewhisk(["bootstrap", "--url", platform.url], { ADMIN_TOKEN: "not-the-token" });
    expect(made.code).toBe(4);
    expect(made.stderr).toMatch(/admin token/i);
    expect(made.stdout + made.stderr).not.toContain("not-the-token");
  });

  it("lets a second host join and run actions of the new namespace", async () => {
    const child = spawn(
      process.execPath,
      [
        join(ROOT, "runtime-host/cli/edgewhisk.mjs"),
        "host",
        "--url",
        platform.url,
        "--engine",
        "process",
        "--state",
        state,
      ],
      {
        env: { ...process.env, EDGEWHISK_TOKEN: token },
        stdio: ["pipe", "ignore", "pipe"],
      },
    );
    children.push(child);
    await until(async () => Number(await (await fetch(`${platform.url}/invokers/healthy/count`)).text()) === 2);
    const listed = await fetch(`${platform.url}/admin/v1/schedulers`, {
      headers: { authorization: `Bearer ${admin}` },
    });
    const schedulers = (await listed.json()) as { scheduler: string; build: string; differs: string[] }[];
    const second = schedulers.find((each) => each.scheduler === "second/0");
    // Of the same checkout: neither says that it is another build.
    expect(second?.build).toMatch(/^\d+\.\d+\.\d+/);
    expect(schedulers.flatMap((each) => each.differs)).toEqual([]);
    const headers = { authorization: basic(key), "content-type": "application/json" };
    const hosts = new Set<string>();
    // Names decide where an action is at home: a few are enough, 64 on one host would be no chance any more.
    for (; spread < 64 && hosts.size < 2; spread++) {
      const path = `${platform.url}/api/v1/namespaces/_/actions/spread-${spread}`;
      const body = JSON.stringify({
        exec: { kind: "nodejs:default", code: "function main() { return { fine: true }; }" },
      });
      expect((await fetch(path, { method: "PUT", headers, body })).status).toBe(200);
      const answer = await fetch(`${path}?blocking=true`, { method: "POST", headers, body: "{}" });
      expect(answer.status).toBe(200);
      const record = (await answer.json()) as { annotations: { key: string; value: string }[] };
      hosts.add(record.annotations.find((each) => each.key === "host")?.value ?? "");
    }
    expect(hosts).toContain("second");
    expect(hosts.size).toBe(2);
  });

  it("tells an operator's whole story in the console: health, containers, drain and back, limits, usage, audit", async () => {
    // Functions that run until they are let go.
    const held: ServerResponse[] = [];
    const gate = createServer((_, response) => void held.push(response)).listen(0, "127.0.0.1");
    await new Promise((done) => gate.once("listening", done));
    const url = `http://127.0.0.1:${(gate.address() as AddressInfo).port}`;
    const headers = { authorization: basic(key), "content-type": "application/json" };
    const asAdmin = { authorization: `Bearer ${admin}` };
    const told = async (path: string) => (await fetch(`${platform.url}/admin/v1/${path}`, { headers: asAdmin })).json();
    // Where each goes is said by its name: until one has gone there.
    for (let n = 0; ((await told("hosts/second")) as { running: number }).running === 0; n++) {
      const path = `${platform.url}/api/v1/namespaces/_/actions/held-${n}`;
      const code = "async function main({ url }) { await fetch(url); return {}; }";
      const body = JSON.stringify({ exec: { kind: "nodejs:default", code }, limits: { timeout: 300_000 } });
      expect((await fetch(path, { method: "PUT", headers, body })).status).toBe(200);
      const started = await fetch(path, { method: "POST", headers, body: JSON.stringify({ url }) });
      expect(started.status).toBe(202);
      await expect.poll(() => held.length).toBe(n + 1);
    }
    const page = await openAsOperator({ origin: consoleUrl, path: "#/hosts" }, admin);
    const second = page.getByRole("row").filter({ hasText: "second" });
    await second.getByText("up", { exact: true }).waitFor();
    expect(await page.getByRole("row").filter({ hasText: " MB" }).count()).toBe(2);
    await expectAccessible(page);
    await second.getByRole("link").click();
    await page.getByRole("cell", { name: "second/0" }).waitFor();
    await page.getByRole("cell", { name: "nodejs:20", exact: true }).first().waitFor();
    const running = page
      .getByRole("region", { name: "Containers" })
      .getByRole("row")
      .filter({ hasText: "engineers/held-" });
    await running.first().waitFor();
    await expectAccessible(page);

    await page.getByRole("button", { name: "Drain the host second" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Drain", exact: true }).click();
    await page.getByText("draining", { exact: true }).waitFor();
    expect(await running.count()).toBeGreaterThan(0);
    for (const response of held.splice(0)) response.end();
    await page.getByText("None now.").waitFor();
    await page.getByRole("button", { name: "Take work again" }).click();
    await page.getByText("up", { exact: true }).waitFor();
    gate.close();

    await page.getByRole("link", { name: "Namespaces", exact: true }).click();
    await page.getByRole("link", { name: "engineers", exact: true }).click();
    await page.getByLabel("Running at once").fill("50");
    await page.getByRole("button", { name: "Set limits" }).click();
    await page.getByRole("row").filter({ hasText: "Together, each once" }).getByText(/^\d+$/).waitFor();
    await expect
      .poll(() => told("namespaces/engineers/limits"))
      .toMatchObject({ limits: { concurrentInvocations: 50 } });
    await expectAccessible(page);
    await page.getByRole("link", { name: "Audit log", exact: true }).click();
    for (const act of ["host.drain", "host.undrain", "limits.set"]) {
      await page.getByLabel("Act, or kind of act").fill(act);
      await page.keyboard.press("Enter");
      await page.getByRole("row").filter({ hasText: act }).first().waitFor();
    }
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await fetch(`${platform.url}/admin/v1/namespaces/engineers/limits`, { method: "DELETE", headers: asAdmin });
  });

  it("refuses a second process with the same token in a sentence, and the first goes on", async () => {
    const args = ["host", "--url", platform.url, "--engine", "process", "--state", join(folder, "twin")];
    const twin = await edgewhisk(args, { EDGEWHISK_TOKEN: token, EDGEWHISK_PREWARM: "none" });
    expect(twin.code).toBe(1);
    expect(twin.stderr).toMatch(/does not let this process in: another process of this host is connected.*--take-over/);
    expect(children[0]?.exitCode).toBeNull();
    expect(await (await fetch(`${platform.url}/invokers/healthy/count`)).text()).toBe("2");
  });

  it("lets a process take over where it says so: the one before ends with the reason", async () => {
    const [first] = children;
    let said = "";
    first?.stderr?.on("data", (chunk) => {
      said += chunk;
    });
    const gone = new Promise((done) => first?.once("exit", done));
    const args = ["host", "--url", platform.url, "--engine", "process", "--state", join(folder, "heir"), "--take-over"];
    const heir = spawn(process.execPath, [join(ROOT, "runtime-host/cli/edgewhisk.mjs"), ...args], {
      env: { ...process.env, EDGEWHISK_TOKEN: token },
      stdio: ["pipe", "ignore", "ignore"],
    });
    children.unshift(heir);
    expect(await gone).toBe(1);
    expect(said).toMatch(/has cut the line: another process of this host has taken over/);
    await until(async () => Number(await (await fetch(`${platform.url}/invokers/healthy/count`)).text()) === 2);
  });

  it("changes nothing where bootstrap is refused: the host's token stays good", async () => {
    for (const args of [[], ["--subject", "engineers", "--host-name", "third"], ["--host-name", "second"]]) {
      const made = await edgewhisk(["bootstrap", "--url", platform.url, "--subject", "others", ...args], {
        ADMIN_TOKEN: admin,
      });
      if (args.length === 0) expect(made.code).toBe(0);
      else expect([made.code, made.stdout]).toEqual([1, ""]);
    }
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${platform.url}/host/v1/connect`, { headers })).status).toBe(400);
  });

  it("ends a host whose token was replaced, with the reason", async () => {
    const [heir] = children;
    const gone = new Promise((done) => heir?.once("exit", done));
    const rotated = await post("hosts", { name: "second", rotate: true }, { authorization: `Bearer ${admin}` });
    expect(rotated.status).toBe(200);
    expect(await gone).toBe(1);
    token = ((await rotated.json()) as { token: string }).token;
  });

  it("goes on when that host is gone", async () => {
    const args = ["host", "--url", platform.url, "--engine", "process", "--state", state];
    const child = spawn(process.execPath, [join(ROOT, "runtime-host/cli/edgewhisk.mjs"), ...args], {
      env: { ...process.env, EDGEWHISK_TOKEN: token },
      stdio: ["pipe", "ignore", "ignore"],
    });
    children.push(child);
    await until(async () => Number(await (await fetch(`${platform.url}/invokers/healthy/count`)).text()) === 2);
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
    await until(async () => Number(await (await fetch(`${platform.url}/invokers/healthy/count`)).text()) === 1);
    const headers = { authorization: basic(key), "content-type": "application/json" };
    for (let n = 0; n < spread; n++) {
      const path = `${platform.url}/api/v1/namespaces/_/actions/spread-${n}?blocking=true`;
      expect((await fetch(path, { method: "POST", headers, body: "{}" })).status).toBe(200);
    }
  });

  it("lets an owner give others keys without an administrator: what they do, and that they are gone", async () => {
    const own = (args: string[], by = key) =>
      edgewhisk(["own", ...args, "--url", platform.url], { EDGEWHISK_AUTH: by });
    const issued = await own(["issue", "ci", "--role", "developer", "--scope", "spread-*", "--ends", "1h"]);
    expect([issued.code, issued.stderr]).toEqual([0, ""]);
    const ci = issued.stdout.trim();
    const call = async (by: string, name: string) => {
      const headers = { authorization: basic(by), "content-type": "application/json" };
      const path = `${platform.url}/api/v1/namespaces/_/actions/${name}?blocking=true`;
      return (await fetch(path, { method: "POST", headers, body: "{}" })).status;
    };
    expect([await call(ci, "spread-0"), await call(ci, "other")]).toEqual([200, 403]);
    expect(await own(["keys"], ci)).toMatchObject({ code: 4, stdout: "" });
    const listed = await own(["keys", "--json"]);
    const items = listed.stdout
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text) as { id: string; role: string });
    expect(items.map(({ role }) => role)).toEqual(["owner", "developer"]);
    expect(listed.stdout).not.toContain(ci.split(":")[1]);
    const last = await own(["revoke", key.split(":")[0] ?? ""]);
    expect([last.code, last.stderr]).toEqual([1, expect.stringContaining("Nobody would own the namespace")]);
    expect((await own(["revoke", items[1]?.id ?? ""])).code).toBe(0);
    expect([await call(ci, "spread-0"), await call(key, "spread-0")]).toEqual([401, 200]);
  });

  it("has one line of each change and none without one, also when workerd is killed -9 among many writes", async () => {
    const headers = { authorization: basic(key), "content-type": "application/json" };
    const url = `${platform.url}/api/v1/namespaces/_/triggers`;
    const answered = new Map<string, string>();
    const sent = new Set<string>();
    let stop = false;
    const writer = async (own: number) => {
      for (let n = 0; !stop; n++) {
        const id = `write-${own}-${n}`;
        sent.add(id);
        const path = `${url}/t${own}-${n % 3}`;
        const isDelete = n % 4 === 3;
        const request = { headers: { ...headers, "x-request-id": id }, ...(isDelete ? {} : { body: "{}" }) };
        const method = isDelete ? "DELETE" : "PUT";
        const answer = await fetch(isDelete ? path : `${path}?overwrite=true`, { ...request, method }).catch(
          () => null,
        );
        if (answer?.status === 200) answered.set(id, method);
        await answer?.text().catch(() => undefined);
        if (answer === null) await new Promise((done) => setTimeout(done, 100));
      }
    };
    const writers = Array.from({ length: 6 }, (_, own) => writer(own));
    for (const kill of [1, 2]) {
      const before = answered.size;
      await until(async () => answered.size >= before + 20);
      for (const pid of platform.pids().workerd) process.kill(pid, "SIGKILL");
      await until(async () => (await fetch(`${platform.url}/ping`)).ok);
      expect(answered.size).toBeGreaterThan(kill);
    }
    const last = answered.size;
    await until(async () => answered.size >= last + 10);
    stop = true;
    await Promise.all(writers);
    const told = await edgewhisk(
      ["audit", "--url", platform.url, "--namespace", "engineers", "--act", "trigger", "--json", "--limit", "100000"],
      { ADMIN_TOKEN: admin },
    );
    expect(told.code).toBe(0);
    const lines = told.stdout
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text) as AuditLine);
    const done = lines.filter(({ result }) => result === "done").reverse();
    const versions = new Map<string, number>();
    for (const { act, target } of done) {
      const version = versions.get(target);
      expect([target, act, version === undefined]).toEqual([target, act, act === "trigger.create"]);
      if (act === "trigger.delete") versions.delete(target);
      else versions.set(target, (version ?? 0) + 1);
    }
    const left = (await (await fetch(`${url}?limit=200`, { headers })).json()) as { name: string; version: string }[];
    const stored = left
      .filter(({ name }) => /^t\d-\d$/.test(name))
      .map((each) => [`engineers/${each.name}`, each.version]);
    expect(new Map(stored as [string, string][])).toEqual(
      new Map([...versions].map(([target, version]) => [target, `0.0.${version}`])),
    );
    const byRequest = Map.groupBy(done, ({ transactionId }) => transactionId);
    for (const [id, method] of answered) {
      const [line, ...more] = byRequest.get(id) ?? [];
      expect([id, more.length, line?.act === "trigger.delete"]).toEqual([id, 0, method === "DELETE"]);
      expect(line).toMatchObject({ via: "key", subject: "engineers", keyName: "default" });
    }
    for (const id of byRequest.keys()) expect(sent).toContain(id);
  });

  function post(path: string, body: object, headers: Record<string, string>): Promise<Response> {
    return fetch(`${platform.url}/admin/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (await condition().catch(() => false)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("not so after 100 s");
}

function edgewhisk(
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(ROOT, "runtime-host/cli/edgewhisk.mjs"), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((done) => child.once("exit", (code) => done({ code, stdout, stderr })));
}
