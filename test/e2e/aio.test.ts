// Adobe's `aio runtime` against the whole platform, its whole output looked at: parity 12.75 to 12.89.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { aio, installAio, type Ran } from "../support/aio.ts";
import { basic, GUEST } from "../support/platform.ts";

const missing = await installAio();
if (missing !== null) console.warn(`not run: aio runtime: ${missing}`);

const DATE = String.raw`\d\d/\d\d \d\d:\d\d:\d\d`;
const ID = "[0-9a-f]{32}";

describe.skipIf(missing !== null)(`aio runtime${missing === null ? "" : ` (${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-aio-"));
  const properties = join(folder, "wskprops");
  const code = join(folder, "hello.js");
  let url = "";
  let activation = "";

  const run = (...args: string[]): Promise<Ran> => aio(["runtime", ...args], { home: folder, properties, cwd: folder });
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    expect([args.join(" "), code, stderr]).toEqual([args.join(" "), 0, ""]);
    return stdout;
  };
  /** Without padding, rules and empty lines. */
  const rows = (text: string) =>
    text
      .split("\n")
      .map((line) => line.trim().replaceAll(/\s+/g, " "))
      .filter((line) => line !== "" && !line.includes("─"));

  beforeAll(async () => {
    const door = await fetch(`${inject("platformDoor")}/process`);
    url = ((await door.json()) as { url: string }).url;
    writeFileSync(properties, `APIHOST=${url}\nAUTH=${GUEST}\n`);
    writeFileSync(code, "function main(args) { console.log('hello', args.name); return { hello: args.name }; }\n");
  });
  afterAll(async () => {
    for (const path of ["rules/aio-rule", "triggers/aio-trigger", "triggers/aio-fed", "actions/aio-hello"])
      await fetch(`${url}/api/v1/namespaces/_/${path}`, { method: "DELETE", headers: { authorization: basic(GUEST) } });
    for (const path of ["packages/aio-pack?force=true"])
      await fetch(`${url}/api/v1/namespaces/_/${path}`, { method: "DELETE", headers: { authorization: basic(GUEST) } });
    rmSync(folder, { recursive: true, force: true });
  });

  it("creates an action without a word", async () => {
    expect(await ok("action", "create", "aio-hello", code, "--param", "name", "nobody")).toBe("");
  });

  it("says that it exists already, three tries later", async () => {
    const { code: ended, stderr } = await run("action", "create", "aio-hello", code);
    expect(ended).not.toBe(0);
    expect(stderr.replaceAll(/[\s›]+/g, " ")).toContain(
      "failed to create the action: resource already exists (409 Conflict)",
    );
  });

  it("updates it", async () => {
    expect(await ok("action", "update", "aio-hello", code, "--annotation", "note", "mine", "--memory", "128")).toBe("");
  });

  it("shows it", async () => {
    const shown = await ok("action", "get", "aio-hello");
    const text = shown.slice(shown.indexOf("{"));
    expect(JSON.parse(text)).toEqual({
      namespace: "guest",
      name: "aio-hello",
      version: "0.0.2",
      publish: false,
      annotations: expect.arrayContaining([
        { key: "note", value: "mine" },
        { key: "exec", value: expect.stringMatching(/^nodejs:/) },
        { key: "provide-api-key", value: false },
      ]),
      parameters: expect.any(Array),
      limits: { timeout: 60_000, memory: 128, logs: 10, concurrency: 1 },
      exec: { kind: expect.stringMatching(/^nodejs:/), binary: false },
      updated: expect.any(Number),
    });
    expect(shown.slice(0, shown.indexOf("{")).trim()).toBe("aio-hello");
  });

  it("creates a package, an action in it, and lists both", async () => {
    expect(await ok("package", "create", "aio-pack", "--shared", "yes")).toBe("");
    expect(await ok("action", "create", "aio-pack/inner", code, "--web", "true")).toBe("");
    const [head, ...packages] = rows(await ok("package", "list"));
    expect(head).toBe("Datetime Access Kind Version Packages");
    expect(packages).toContainEqual(expect.stringMatching(new RegExp(`^${DATE} public package 0\\.0\\.1 aio-pack$`)));
    const [top, ...actions] = rows(await ok("action", "list"));
    expect(top).toBe("Datetime Access Kind Version Actions");
    expect(actions).toContainEqual(
      expect.stringMatching(new RegExp(`^${DATE} private nodejs:\\d+ 0\\.0\\.2 aio-hello$`)),
    );
    expect(actions).toContainEqual(
      expect.stringMatching(new RegExp(`^${DATE} web nodejs:\\d+ 0\\.0\\.1 aio-pack/inner$`)),
    );
    const inner = rows(await ok("action", "list", "aio-pack"));
    expect(inner.slice(1)).toEqual([expect.stringMatching(/ aio-pack\/inner$/)]);
    expect(await ok("action", "list", "--count")).toMatch(/^You have \d+ actions? in this namespace\.\n$/);
  });

  it("invokes, and prints the result", async () => {
    const result = await ok("action", "invoke", "aio-hello", "--param", "name", "aio", "--result", "--blocking");
    expect(JSON.parse(result)).toEqual({ hello: "aio" });
  });

  it("invokes, and prints the record", async () => {
    const record = JSON.parse(await ok("action", "invoke", "aio-hello", "--param", "name", "again", "--blocking"));
    expect(record).toMatchObject({ name: "aio-hello", response: { result: { hello: "again" }, status: "success" } });
    activation = record.activationId;
  });

  it("invokes without waiting, and prints the id", async () => {
    expect(JSON.parse(await ok("action", "invoke", "aio-pack/inner"))).toEqual({
      activationId: expect.stringMatching(new RegExp(`^${ID}$`)),
    });
  });

  it("lists activations", async () => {
    await expect
      .poll(async () => {
        const answer = await fetch(`${url}/api/v1/namespaces/_/activations/${activation}`, {
          headers: { authorization: basic(GUEST) },
        });
        return answer.status;
      })
      .toBe(200);
    const [head, ...items] = rows(await ok("activation", "list", "aio-hello"));
    expect(head).toBe("Datetime Status Kind Version Activation ID Start Wait Init Duration Entity");
    const line = String.raw`^${DATE} success nodejs:\d+ 0\.0\.2 ${activation} (cold|warm) \d+ \d+ \d+ms aio-hello$`;
    expect(items).toContainEqual(expect.stringMatching(new RegExp(line)));
    expect(items).toHaveLength(2);
    expect(await ok("activation", "list", "aio-hello", "--count")).toContain("2");
  });

  it("shows an activation, its logs and its result", async () => {
    expect(JSON.parse(await ok("activation", "get", activation))).toMatchObject({
      activationId: activation,
      namespace: "guest",
      response: { result: { hello: "again" }, success: true },
      logs: [expect.stringMatching(/Z +stdout: hello again$/)],
    });
    const logs = await ok("activation", "logs", activation);
    expect(logs).toMatch(new RegExp(`^=== activation logs ${activation}\n\\d{4}-\\S+Z +stdout: hello again\n$`));
    expect(await ok("activation", "logs", activation, "--strip")).toBe(
      `=== activation logs ${activation}\nhello again\n`,
    );
    expect(JSON.parse(await ok("activation", "result", activation))).toMatchObject({
      result: { hello: "again" },
      success: true,
      status: "success",
    });
  });

  it("shows the namespace and what is in it", async () => {
    expect(rows(await ok("namespace", "list"))).toEqual(["Namespaces", "guest"]);
    const shown = rows(await ok("namespace", "get"));
    expect(shown[0]).toBe("Entities in namespace:");
    for (const head of ["packages", "actions", "triggers", "rules"]) expect(shown).toContain(head);
    expect(shown).toContain("/guest/aio-pack public");
    expect(shown).toContainEqual(expect.stringMatching(/^\/guest\/aio-hello private nodejs:\d+$/));
  });

  it("makes a sequence, invokes it, and prints the ids of its steps", async () => {
    expect(await ok("action", "create", "aio-sequence", "--sequence", "aio-hello,aio-hello")).toBe("");
    const shown = await ok("action", "get", "aio-sequence");
    const components = ["/guest/aio-hello", "/guest/aio-hello"];
    expect(JSON.parse(shown.slice(shown.indexOf("{"))).exec).toEqual({ kind: "sequence", components });
    const flags = ["--param", "name", "first", "--blocking"];
    const record = JSON.parse(await ok("action", "invoke", "aio-sequence", ...flags));
    expect(record).toMatchObject({ name: "aio-sequence", response: { result: { hello: "nobody" } } });
    const [, ...items] = rows(await ok("activation", "list", "aio-sequence"));
    expect(items).toEqual([
      expect.stringMatching(new RegExp(`success sequence 0\\.0\\.1 \\S+ ${record.activationId} `)),
    ]);
    const logs = await ok("activation", "logs", record.activationId);
    expect(record.logs).toHaveLength(2);
    for (const id of record.logs) expect(logs).toContain(id);
    await ok("action", "delete", "aio-sequence");
  });

  it("makes a trigger and a rule, fires, and shows both", async () => {
    expect(await ok("trigger", "create", "aio-trigger", "--param", "name", "trigger")).toBe("");
    expect(await ok("rule", "create", "aio-rule", "aio-trigger", "aio-hello")).toBe("");
    const trigger = JSON.parse(await ok("trigger", "get", "/guest/aio-trigger"));
    const link = { action: { path: "guest", name: "aio-hello" }, status: "active" };
    expect(trigger).toMatchObject({ name: "aio-trigger", version: "0.0.1", rules: { "guest/aio-rule": link } });
    expect(await ok("trigger", "update", "aio-trigger", "--annotation", "note", "mine")).toBe("");
    expect(JSON.parse(await ok("rule", "get", "aio-rule"))).toMatchObject({ name: "aio-rule", status: "active" });
    const [top, ...triggers] = rows(await ok("trigger", "list"));
    expect(top).toBe("Datetime Status Version Trigger");
    expect(triggers).toContainEqual(expect.stringMatching(new RegExp(`^${DATE} 1 active 0\\.0\\.2 aio-trigger$`)));
    const fired = JSON.parse(await ok("trigger", "fire", "aio-trigger")).activationId;
    let record: { logs: string[] } | undefined;
    await expect
      .poll(async () => {
        const answer = await fetch(`${url}/api/v1/namespaces/_/activations/${fired}`, {
          headers: { authorization: basic(GUEST) },
        });
        if (answer.ok) record = (await answer.json()) as { logs: string[] };
        return answer.status;
      })
      .toBe(200);
    expect(record?.logs.map((each) => JSON.parse(each))).toEqual([
      expect.objectContaining({ rule: "guest/aio-rule", action: "guest/aio-hello", success: true }),
    ]);
    const listed = rows(await ok("activation", "list", "--limit", "2")).slice(1);
    expect(listed).toContainEqual(expect.stringMatching(new RegExp(` trigger 0\\.0\\.2 ${fired} .* aio-trigger$`)));
  });

  it("switches a rule off and on, and lists it", async () => {
    const list = async () => rows(await ok("rule", "list"));
    expect(await ok("rule", "disable", "aio-rule")).toContain("OK");
    expect((await list()).at(0)).toBe("Datetime Status Version Rules");
    expect(await list()).toContainEqual(expect.stringMatching(new RegExp(`^${DATE} inactive 0\\.0\\.1 aio-rule$`)));
    expect(await ok("rule", "enable", "aio-rule")).toContain("OK");
    expect(await list()).toContainEqual(expect.stringMatching(new RegExp(`^${DATE} active 0\\.0\\.1 aio-rule$`)));
    expect(await ok("rule", "list", "--count")).toMatch(/^You have \d+ rules? in this namespace\.\n$/);
    expect(await ok("rule", "update", "aio-rule", "aio-trigger", "aio-pack/inner")).toBe("");
    const { action } = JSON.parse(await ok("rule", "get", "aio-rule"));
    expect(action).toEqual({ path: "guest/aio-pack", name: "inner" });
    const shown = rows(await ok("namespace", "get"));
    expect(shown).toContain("/guest/aio-trigger private");
    expect(shown).toContain("/guest/aio-rule private active");
  });

  it("makes a trigger with a feed, and deletes both sides", async () => {
    const feed = join(folder, "feed.js");
    const source =
      "function main(args) { console.log(args.lifecycleEvent, args.triggerName); return args.bad ? { error: 'bad' } : {}; }";
    writeFileSync(feed, source);
    await ok("action", "create", "aio-pack/feed", feed, "--annotation", "feed", "true");
    expect(await ok("trigger", "create", "aio-fed", "--feed", "/guest/aio-pack/feed", "--param", "n", "1")).toBe("");
    const { annotations } = JSON.parse(await ok("trigger", "get", "aio-fed"));
    expect(annotations).toEqual([{ key: "feed", value: "/guest/aio-pack/feed" }]);
    expect(await ok("trigger", "delete", "aio-fed")).toBe("");
    const refused = await run("trigger", "create", "aio-fed", "--feed", "/guest/aio-pack/feed", "--param", "bad", "1");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("failed to create the trigger");
    const gone = await run("trigger", "get", "aio-fed");
    expect(gone.stderr.replaceAll(/[\s›]+/g, " ")).toContain("the requested resource does not exist. (404 Not Found)");
    await ok("action", "delete", "aio-pack/feed");
  });

  it("makes and deletes a trigger that an alarm fires", async () => {
    const feed = "/whisk.system/alarms/alarm";
    const cron = ["--param", "cron", "0 3 * * *", "--param", "timezone", "Europe/Berlin"];
    expect(await ok("trigger", "create", "aio-fed", "--feed", feed, ...cron)).toBe("");
    const read = { lifecycleEvent: "READ", triggerName: "/_/aio-fed" };
    const asked = Object.entries(read).flatMap(([key, value]) => ["--param", key, value]);
    const { config, status } = JSON.parse(await ok("action", "invoke", feed, "--result", ...asked));
    expect([config.cron, config.timezone, status.active]).toEqual(["0 3 * * *", "Europe/Berlin", true]);
    expect(await ok("trigger", "delete", "aio-fed")).toBe("");
    const refused = await run("trigger", "create", "aio-fed", "--feed", feed, "--param", "cron", "***");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("failed to create the trigger");
  });

  it("deletes a rule and its trigger", async () => {
    expect(await ok("rule", "delete", "aio-rule")).toBe("");
    expect(await ok("trigger", "delete", "aio-trigger")).toBe("");
  });

  it("tells what a failing action said", async () => {
    writeFileSync(code, "function main() { return { error: 'no luck' }; }\n");
    await ok("action", "update", "aio-hello", code);
    const invoke = async (flag: string) => JSON.parse(await ok("action", "invoke", "aio-hello", flag));
    expect(await invoke("--result")).toEqual({ error: "no luck" });
    expect(await invoke("--blocking")).toMatchObject({
      activationId: expect.stringMatching(new RegExp(`^${ID}$`)),
      response: { status: "application error", success: false, result: { error: "no luck" } },
    });
    expect(rows(await ok("activation", "list", "--limit", "1"))[1]).toMatch(/ app error /);
  });

  it("deletes", async () => {
    expect(await ok("action", "delete", "aio-pack/inner")).toBe("");
    expect(await ok("action", "delete", "aio-hello")).toBe("");
    expect(await ok("package", "delete", "aio-pack")).toBe("");
    const gone = await run("action", "get", "aio-hello");
    expect(gone.stderr.replaceAll(/[\s›]+/g, " ")).toContain(
      "failed to retrieve the action: the requested resource does not exist. (404 Not Found)",
    );
  });
});
