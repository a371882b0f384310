// The `edgewhisk` command as its user types it, beside a platform that runs on the same machine.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { edgewhisk as administer } from "../runtime-host/cli/run.ts";
import { basic, freePort, GUEST, type Platform, startPlatform } from "../support/platform.ts";
import { talkative, tellsNoSecret } from "./log-secrets.ts";

const COMMAND = new URL("../../runtime-host/cli/edgewhisk.mjs", import.meta.url).pathname;
const UNKNOWN = "0".repeat(32);

const { secrets, ...settings } = await talkative();
let platform: Platform;
/** Characters that were printed before it served: the key it greets with is among them. */
let greeted = 0;
let folder: string;
let id: string;

beforeAll(async () => {
  platform = await startPlatform({ engine: "process", ...settings });
  greeted = platform.output().length;
  folder = mkdtempSync(join(tmpdir(), "edgewhisk-cli-"));
  const headers = { authorization: basic(GUEST), "content-type": "application/json" };
  const action = `${platform.url}/api/v1/namespaces/_/actions/said`;
  const exec = { kind: "nodejs:default", code: "function main() { console.log('said'); return { fine: true }; }" };
  expect((await fetch(action, { method: "PUT", headers, body: JSON.stringify({ exec }) })).status).toBe(200);
  const called = await fetch(`${action}?blocking=true`, { method: "POST", headers, body: "{}" });
  expect(called.status).toBe(200);
  id = ((await called.json()) as { activationId: string }).activationId;
});
afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** In a folder without a platform, by a user who has stored nothing. */
function edgewhisk(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const bare = { PATH: process.env.PATH ?? "", HOME: folder };
  return new Promise((done) => {
    const child = execFile(process.execPath, [COMMAND, ...args], { cwd: folder, env: { ...bare, ...env } });
    let out = "";
    let err = "";
    child.stdin?.end();
    child.stdout?.on("data", (chunk) => (out += chunk));
    child.stderr?.on("data", (chunk) => (err += chunk));
    child.once("close", (code) => done({ code, out, err }));
  });
}

it("finds the platform and its key through the state folder", async () => {
  for (const [args, env] of [
    [[], { EDGEWHISK_STATE: platform.state }],
    [["--state", platform.state], { EDGEWHISK_URL: "http://127.0.0.1:2", AUTH: "nobody:nothing" }],
    [[], { APIHOST: platform.url.replace("http://", ""), AUTH: GUEST }],
  ] as const) {
    const { code, out, err } = await edgewhisk(["logs", id, ...args], env);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^\d{4}-\d\d-\d\dT\S+ stdout: said\n$/);
  }
});

it("lists activations with conditions, and shows their figures", async () => {
  const env = { EDGEWHISK_STATE: platform.state };
  const list = (...args: string[]) => edgewhisk(["activation", "list", "--json", ...args], env);
  // Its record follows its answer.
  await expect.poll(async () => (await list("--text", "said")).out).toContain(id);
  for (const given of [
    ["--status", "success"],
    ["--kind", "nodejs"],
    ["--name", "said"],
  ]) {
    const { code, out, err } = await list(...given);
    expect([code, err, JSON.parse(out).activationId]).toEqual([0, "", id]);
  }
  // Its container was made for it, or ahead of need.
  const firsts = await Promise.all(["cold", "prewarmed"].map((start) => list("--start", start)));
  expect(firsts.map(({ out }) => out).join("")).toContain(id);
  expect((await list("--start", "warm")).out).toBe("");
  expect(await list("--status", "error")).toEqual({ code: 0, out: "", err: "" });
  const { code, out } = await edgewhisk(["activation", "stats", "--step", "minute"], env);
  expect(code).toBe(0);
  expect(out).toMatch(/^said +1 +1 +0 +0 +0 +0 +100% /m);
  expect(out).toMatch(/^activations by the minute\n1 │/m);
});

it("finds the admin token there, and tells what it makes as JSON", async () => {
  const args = ["bootstrap", "--subject", "engineers", "--host-name", "second", "--json"];
  const { code, out, err } = await edgewhisk(args, { EDGEWHISK_STATE: platform.state });
  expect([code, err]).toEqual([0, ""]);
  const [identity, host] = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(host).toMatchObject({ host: "second", url: platform.url });
  const [uuid = "", key = ""] = identity?.key?.split(":") ?? [];
  const made = await edgewhisk(["logs", id, "--url", platform.url], { EDGEWHISK_AUTH: `${uuid}:${key}` });
  expect([made.code, made.out]).toEqual([3, ""]);
});

it.each<[string, () => [string[], Record<string, string>], number, RegExp]>([
  ["a wrong key", () => [["logs", id], { EDGEWHISK_AUTH: `${GUEST}x` }], 4, /does not accept this key\n$/],
  [
    "an admin token that is none",
    () => [["reseal"], { ADMIN_TOKEN: "none" }],
    4,
    /does not accept this admin token\n$/,
  ],
  ["an activation that is not there", () => [["logs", UNKNOWN], {}], 3, /answered 404: /],
  ["the same, followed", () => [["logs", UNKNOWN, "--follow"], {}], 3, /answered 404: /],
  ["an unknown flag", () => [["logs", id, "--folow"], {}], 2, /Unknown option '--folow' \(did you mean --follow\?\)/],
  ["an unknown command", () => [["lgos"], {}], 2, /^edgewhisk: Unknown command 'lgos' \(did you mean logs\?\)/],
  ["no platform at all", () => [["logs", id], { EDGEWHISK_STATE: folder }], 2, /which platform\?/],
])("%s", async (_, given, code, sentence) => {
  const [args, env] = given();
  const ended = await edgewhisk(args, { EDGEWHISK_STATE: platform.state, ...env });
  expect([ended.code, ended.out]).toEqual([code, ""]);
  expect(ended.err).toMatch(sentence);
  expect(ended.err.trim()).not.toContain("\n");
});

it("says which platform does not answer, and the way out; the key of another one is not sent there", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const keyless = await edgewhisk(["logs", id, "--url", url], { EDGEWHISK_STATE: platform.state });
  expect([keyless.code, keyless.err]).toEqual([2, expect.stringMatching(/with which key\?/)]);
  const { code, out, err } = await edgewhisk(["logs", id, "--url", url, "--auth", GUEST]);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain(`edgewhisk logs: ${url} does not answer`);
  expect(err).toMatch(/edgewhisk start.*--url or EDGEWHISK_URL/);
});

it("administers subjects, namespaces, keys and limits, each with words for people and JSON for scripts", async () => {
  const admin = (...argv: string[]) => administer(argv, { env: { EDGEWHISK_STATE: platform.state } });
  const said = async (...argv: string[]) => {
    const { code, out, err } = await admin(...argv);
    expect([argv.join(" "), code, err]).toEqual([argv.join(" "), 0, ""]);
    return out.trim();
  };
  const opens = async (key: string) =>
    (await fetch(`${platform.url}/api/v1/namespaces/_/limits`, { headers: { authorization: basic(key) } })).status;
  expect(await said("namespace", "create", "team")).toMatch(/^team: nobody has a key\n {2}id {8}[0-9a-f-]{36}\n/);
  const first = await said("subject", "create", "painters", "--namespace", "team");
  const ci = JSON.parse(await said("key", "issue", "painters", "ci", "--namespace", "team", "--ends", "1h", "--json"));
  expect(ci).toEqual({ subject: "painters", namespace: "team", key: expect.stringMatching(/^[0-9a-f-]{36}:.{64}$/) });
  expect([await opens(first), await opens(ci.key)]).toEqual([200, 200]);
  const [ciId = ""] = ci.key.split(":");
  const listed = await said("key", "list", "--namespace", "team");
  expect(listed.split("\n")).toEqual([
    expect.stringMatching(/^ID +NAME +SUBJECT +NAMESPACE +ROLE +STATE$/),
    expect.stringMatching(/ default +painters +team +owner +good$/),
    expect.stringMatching(new RegExp(`^${ciId} +ci +painters +team +owner +until \\d{4}-.*Z$`)),
  ]);
  expect(await said("key", "list", "--subject", "painters", "--secrets")).toContain(ci.key);
  const next = await said("key", "rotate", ciId, "--overlap", "1h");
  expect([await opens(ci.key), await opens(next)]).toEqual([200, 200]);
  expect(await said("key", "revoke", ciId)).toBe(`${ciId} is revoked`);
  expect([await opens(ci.key), await opens(next)]).toEqual([401, 200]);
  const whose = await administer(["key", "whois"], { env: { EDGEWHISK_STATE: platform.state }, secret: next });
  expect(whose.out).toMatch(/ "ci" of painters to team, owner: until /);
  await said("limits", "set", "team", "--limit", "firesPerMinute=7", "--limit", "allowedKinds=nodejs:default,blackbox");
  expect(await said("limits", "set", "team", "--limit", "allowedKinds=")).toBe("firesPerMinute=7");
  expect(JSON.parse(await said("limits", "get", "team", "--json"))).toEqual({
    namespace: "team",
    limits: { firesPerMinute: 7 },
  });
  expect(await said("namespace", "block", "team")).toMatch(/^team: blocked\n/);
  expect(await opens(first)).toBe(401);
  await said("namespace", "unblock", "team");
  expect(await said("subject", "get", "painters")).toBe("painters: team");
  expect(await said("subject", "delete", "painters")).toBe("painters has no key any more to team (nobody can open it)");
  expect(await opens(first)).toBe(401);
  expect(await said("namespace", "list")).toMatch(/^team +nobody has a key +0 +0 /m);
  const asked = await admin("namespace", "delete", "team");
  expect([asked.code, asked.out]).toEqual([2, "team: 0 keys, 0 records of activations\n"]);
  expect(asked.err).toMatch(/nothing was deleted: to delete it, say --confirm team$/m);
  expect(await said("namespace", "delete", "team", "--confirm", "team", "--wait")).toMatch(
    /^team is being deleted: 0 keys, 0 entities and 0 records are gone; .* Its name is free after \d{4}-/,
  );
  expect(await said("namespace", "deletion", "team")).toMatch(/^team is being deleted: /);
  for (const [argv, exit, reason] of [
    [["subject", "get", "painters"], 3, /answered 404/],
    [["key", "rotate", "unknown", "--overlap", "forever"], 2, /--overlap forever: expected a time such as 24h/],
    [["limits", "set", "team", "--limit", "fires=1"], 2, /expected NAME=VALUE, NAME being one of invocationsPerMinute/],
    [["key", "list"], 2, /whose keys/],
  ] as const) {
    const { code, out, err } = await admin(...argv);
    expect([argv, code, out]).toEqual([argv, exit, ""]);
    expect(err).toMatch(reason);
  }
});

it("shows hosts, what waits and the stores, once or again and again, and drains a host", async () => {
  const said = async (...argv: string[]) => {
    const { code, out, err } = await administer(argv, { env: { EDGEWHISK_STATE: platform.state } });
    expect([argv.join(" "), code, err]).toEqual([argv.join(" "), 0, ""]);
    return out.trim();
  };
  const listed = (await said("hosts", "list", "--json")).split("\n").map((line) => JSON.parse(line));
  const here = listed.find(({ state }) => state === "up");
  expect(here).toMatchObject({ running: 0, level: "none", build: expect.any(String) });
  const { name } = here;
  expect(await said("hosts", "show", name)).toMatch(new RegExp(`^${name}/0 +yes +[1-9]\\d* +0 +0 +`, "m"));
  expect(await said("status")).toMatch(/: 1 of \d hosts up\n[\s\S]*nothing waits\n[\s\S]*^DB +[\d.]+ KB$/m);
  expect((await said("top", "--times", "2", "--every", "1")).match(/1 of \d hosts up/g)).toHaveLength(2);
  expect(await said("hosts", "drain", name)).toBe(`${name} takes nothing new; what runs there goes on`);
  const down = await administer(["status"], { env: { EDGEWHISK_STATE: platform.state } });
  expect([down.code, down.err]).toEqual([1, "edgewhisk status: no host is up: nothing can run\n"]);
  expect(down.out).toMatch(new RegExp(`^${name} +draining `, "m"));
  expect(await said("hosts", "undrain", name)).toBe(`${name} takes work`);
  expect(await said("hosts", "create", "another", "--shards", "2")).toMatch(/^ewh\.another\./);
  expect(await said("hosts", "list")).toMatch(/^another +new /m);
  expect(await said("hosts", "revoke", "another")).toBe("another is not let in any more");
  expect(await said("waiting")).toBe("nothing waits");
  const findings = async () => {
    const seen = await administer(["doctor", "--json"], { env: { EDGEWHISK_STATE: platform.state } });
    const all = JSON.parse(seen.out) as { what: string; state: string }[];
    return Object.fromEntries(all.map(({ what, state }) => [what, state]));
  };
  // What hosts say is up to a second old.
  await expect.poll(findings).toMatchObject({
    ...{ state: "good", platform: "good", clock: "good", version: "good", hosts: "good" },
    "host second": "doubtful",
  });
  const unknown = { EDGEWHISK_STATE: platform.state, EDGEWHISK_TOKEN: `ewh.another.${"a".repeat(43)}` };
  const wrong = await administer(["doctor"], { env: unknown });
  expect([wrong.code, wrong.out]).toEqual([1, expect.stringMatching(/^!! {2}host token .*does not let in/m)]);
  const settings = await said("config");
  expect(settings).toMatch(/^NAME +VALUE +FROM +DEFAULT$/m);
  expect(settings).toMatch(/^MASTER_SECRET +\(hidden\) +set$/m);
  expect(settings).toMatch(/^MAX_QUEUE_TIME +\d+ +(default|set) +3600$/m);
  expect(await said("config", "--set")).not.toMatch(/ default +/);
});

tellsNoSecret(() => platform, { printed: () => platform.output().slice(greeted), secrets });

it("takes nothing from the folder of a platform that has ended", async () => {
  const state = platform.state;
  const gone = await startPlatform({ engine: "process", state: mkdtempSync(join(folder, "state-")) });
  expect((await edgewhisk(["logs", UNKNOWN], { EDGEWHISK_STATE: gone.state })).code).toBe(3);
  await gone.stop();
  const { code, err } = await edgewhisk(["logs", UNKNOWN], { EDGEWHISK_STATE: gone.state });
  expect([code, err]).toEqual([2, expect.stringMatching(/which platform\?/)]);
  expect((await edgewhisk(["logs", UNKNOWN], { EDGEWHISK_STATE: state })).code).toBe(3);
});
