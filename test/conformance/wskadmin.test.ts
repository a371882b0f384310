// `wskadmin` as OpenWhisk's own tests and scripts use it: parity 11.1. Needs edgewhisk's admin API.

import { execFile } from "node:child_process";
import { expect } from "vitest";
import { runWskadmin } from "../../runtime-host/cli/wskadmin/program.ts";
import { adminTokenOf, apiUrl, ask, fresh, line, useApi } from "./suite.ts";

await useApi();

const needs = "admin";
const UUID = "b0b5a1c2-1234-4abc-9def-0123456789ab";
const BIN = new URL("../../runtime-host/cli/wskadmin.mjs", import.meta.url).pathname;

interface Ran {
  exit: number;
  out: string;
  err: string;
}

function surroundings(): Record<string, string> {
  return {
    EDGEWHISK_URL: apiUrl(),
    ADMIN_TOKEN: adminTokenOf(),
    WSK_CONFIG_FILE: "/nonexistent",
    EDGEWHISK_STATE: "/nonexistent",
  };
}

async function wskadmin(...argv: string[]): Promise<Ran> {
  let out = "";
  let err = "";
  const exit = await runWskadmin(argv, {
    env: surroundings(),
    stdout: (text) => (out += text),
    stderr: (text) => (err += text),
    readSecret: async () => "",
  });
  return { exit, out, err };
}

/** What it prints where it succeeds. */
async function said(...argv: string[]): Promise<string> {
  const { exit, out, err } = await wskadmin(...argv);
  expect([argv.join(" "), exit, err]).toEqual([argv.join(" "), 0, ""]);
  return out.trim();
}

/** What it prints where it fails, and how it ends. */
async function failed(...argv: string[]): Promise<[number, string]> {
  const { exit, out, err } = await wskadmin(...argv);
  return [exit, (out + err).trim()];
}

const opens = async (key: string) => (await ask("GET", "limits", { key })).status;

line(
  "11.01 11.05 11.06 11.07 11.08",
  "a subject is created, got, recognized, listed and deleted",
  async () => {
    const subject = fresh("crd");
    const created = await wskadmin("user", "create", subject);
    expect(created).toEqual({ exit: 0, out: expect.stringMatching(/^[0-9a-f-]{36}:[A-Za-z0-9]{64}\n$/), err: "" });
    const auth = created.out.trim();
    expect((await wskadmin("user", "get", subject)).out).toBe(created.out);
    expect(await opens(auth)).toBe(200);
    expect(await said("user", "whois", auth)).toBe(`subject: ${subject}\nnamespace: ${subject}`);
    expect(await said("user", "whois", auth.split(":")[0] ?? "")).toBe(`subject: ${subject}\nnamespace: ${subject}`);
    expect(await said("user", "whois", `${auth.slice(0, 36)}:${"x".repeat(64)}`)).toBe("Subject id is not recognized");
    expect(await said("user", "list", "-k", subject)).toBe(auth);
    expect(await said("user", "list", subject)).toBe(`${auth}\t${subject}`);
    expect(await said("user", "delete", subject)).toBe("Subject deleted");
    expect(await opens(auth)).toBe(401);
    expect(await failed("user", "get", subject)).toEqual([
      1,
      'Failed to get subject ({"error":"not_found","reason":"missing"})',
    ]);
    // Once more with a key and a namespace of one's own.
    const given = `${UUID}:${fresh("key").padEnd(64, "k")}`;
    const place = `${subject}.myspace`;
    expect(await said("user", "create", subject, "-ns", place, "-u", given)).toBe(given);
    expect(await said("user", "list", "-k", place)).toBe(given);
    for (const named of [given, UUID])
      expect(await said("user", "whois", named)).toBe(`subject: ${subject}\nnamespace: ${place}`);
    expect(await said("user", "get", subject, "-ns", place)).toBe(given);
    expect(await failed("user", "get", subject)).toEqual([1, `namespace "${subject}" not found for "${subject}"`]);
    expect(await said("user", "delete", subject, "-ns", place)).toBe("Namespace deleted");
    expect(await failed("user", "delete", subject, "-ns", place)).toEqual([
      1,
      `Namespace "${place}" does not exist for "${subject}"`,
    ]);
    expect(await said("user", "delete", subject)).toBe("Subject deleted");
    const [exit, text] = await failed("user", "delete", subject);
    expect([exit, text]).toEqual([1, expect.stringMatching(/^Failed to delete subject \(.*missing/)]);
    expect(await said("user", "list", place)).toBe(`no identities found for namespace "${place}"`);
  },
  { needs },
);

line(
  "11.01 11.04 11.05 11.06 11.07",
  "all namespaces of a subject and their keys; silent; a key alone; another in its place",
  async () => {
    const subject = fresh("many");
    const first = await said("user", "create", subject, "-ns", `${subject}.space1`);
    const second = await said("user", "create", subject, "--namespace", `${subject}.space2`);
    const both = `${subject}.space1\t${first}\n${subject}.space2\t${second}`;
    expect(await said("user", "get", subject, "--all")).toBe(both);
    expect(await said("user", "get", subject, "-a")).toBe(both);
    expect(await said("user", "create", subject, "-s")).toBe("");
    const quiet = await said("user", "get", subject);
    const alone = await said("user", "create", subject, "-g");
    expect(alone).toMatch(/^[0-9a-f-]{36}:[A-Za-z0-9]{64}$/);
    expect(await opens(alone)).toBe(401);
    const renewed = await said("user", "create", "-r", subject);
    expect(renewed).not.toBe(quiet);
    expect([await opens(quiet), await opens(renewed)]).toEqual([401, 200]);
    expect(await said("user", "create", subject, "-rs")).toBe("");
    expect([await opens(first), await opens(renewed)]).toEqual([200, 401]);
    for (const [number, owned] of [first, second].entries())
      expect(await said("user", "whois", owned)).toBe(`subject: ${subject}\nnamespace: ${subject}.space${number + 1}`);
    // One namespace of several, then all of them that are left.
    expect(await said("user", "delete", subject, "--namespace", `${subject}.space1`)).toBe("Namespace deleted");
    expect([await opens(first), await opens(second)]).toEqual([401, 200]);
    const last = await said("user", "get", subject);
    expect(await said("user", "delete", subject)).toBe("Subject deleted");
    expect([await opens(second), await opens(last)]).toEqual([401, 401]);
  },
  { needs },
);

line(
  "11.02 11.03",
  "what cannot be is refused with upstream's words",
  async () => {
    const subject = fresh("bad");
    const key = "k".repeat(64);
    const create = (...more: string[]) => failed("user", "create", ...more);
    expect(await create("foo")).toEqual([2, "Subject name must be at least 5 characters"]);
    expect(await create(subject, "-u", `${UUID}:short`)).toEqual([
      2,
      "authorization key must be at least 64 characters long",
    ]);
    expect(await create(subject, "-u", `uid:${key}`)).toEqual([2, "authorization id is not a valid UUID"]);
    expect((await create(subject, "-u", UUID))[1]).toMatch(/^failed to determine authorization id and key/);
    expect(await create(subject, "-ns", " ")).toEqual([2, "Namespace must not be empty"]);
    expect((await create(subject, "-ns", "a/b"))[1]).toMatch(/^Failed to create subject \(/);
    await said("user", "create", subject);
    expect(await create(subject)).toEqual([1, "Namespace already exists"]);
    await said("user", "block", subject);
    expect(await create(subject, "-ns", `${subject}.more`)).toEqual([1, "The subject you want to edit is blocked"]);
    await said("user", "unblock", subject);
    await said("user", "create", subject, "-ns", `${subject}.more`);
    await said("user", "delete", subject);
    for (const argv of [
      ["user"],
      ["user", "create"],
      ["user", "make", "x"],
      ["users"],
      ["user", "get", "x", "--what"],
    ]) {
      const [exit, text] = await failed(...argv);
      expect([argv.join(" "), exit, text]).toEqual([
        argv.join(" "),
        2,
        expect.stringMatching(/^usage: wskadmin .*\nwskadmin.*: error: /s),
      ]);
    }
  },
  { needs },
);

line(
  "11.08 11.09 11.13",
  "several are blocked and unblocked at once, which the next call of a key sees and the list of a namespace",
  async () => {
    const place = fresh("shared");
    const [one, other] = [fresh("first"), fresh("other")];
    const key = await said("user", "create", one, "-ns", place);
    await said("user", "create", other, "-ns", place);
    const listed = async () => (await said("user", "list", "-p", "2", "-k", place)).split("\n");
    expect(await listed()).toHaveLength(2);
    expect(await listed()).toContain(key);
    expect((await said("user", "list", place)).split("\n")).toHaveLength(1);
    expect((await said("user", "list", "-a", place)).split("\n")).toHaveLength(2);
    expect(await failed("user", "list", "-p", "-1", place)).toEqual([2, "pick at least 1 identity to show"]);
    expect(await opens(key)).toBe(200);
    expect((await wskadmin("user", "block", one, other, "", " ")).out).toBe(
      `"${one}" blocked successfully\n"${other}" blocked successfully\n`,
    );
    expect(await opens(key)).toBe(401);
    expect(await listed()).toEqual([`no identities found for namespace "${place}"`]);
    expect((await wskadmin("user", "unblock", one, other, "", " ")).out).toBe(
      `"${one}" unblocked successfully\n"${other}" unblocked successfully\n`,
    );
    expect(await opens(key)).toBe(200);
    const [exit, text] = await failed("user", "block", "nobody-1", one, "nobody-2");
    expect(exit).toBe(2);
    expect(text.split("\n").map((each) => each.slice(0, 24))).toEqual([
      'Failed to block "nobody-1" '.slice(0, 24),
      `"${one}" blocked successfully`.slice(0, 24),
      'Failed to block "nobody-2" '.slice(0, 24),
    ]);
    for (const subject of [one, other]) await said("user", "unblock", subject);
    for (const subject of [one, other]) await said("user", "delete", subject);
  },
  { needs },
);

line(
  "11.10 11.11",
  "limits are set, one over the other, shown as upstream shows them, and deleted",
  async () => {
    const place = fresh("limits");
    expect(await said("limits", "get", place)).toBe("No limits found, default system limits apply");
    const rates = ["--invocationsPerMinute", "1", "--firesPerMinute", "2", "--concurrentInvocations", "3"];
    expect(await said("limits", "set", place, ...rates)).toBe(`Limits successfully set for "${place}"`);
    expect(await said("limits", "get", place)).toBe(
      "invocationsPerMinute = 1\nfiresPerMinute = 2\nconcurrentInvocations = 3",
    );
    await said("limits", "set", place, "--allowedKinds", "nodejs:20", "blackbox", "--storeActivations", "false");
    const sizes = ["--maxParameterSize", "1 MB", "--maxPayloadSize=2 MB", "--truncationSize", "3 MB"];
    await said("limits", "set", place, ...sizes, "--minActionMemory", "128", "--maxActionTimeout", "1000");
    expect(await said("limits", "get", place)).toBe(
      [
        ...["invocationsPerMinute = 1", "firesPerMinute = 2", "concurrentInvocations = 3"],
        ...["allowedKinds = ['nodejs:20', 'blackbox']", "storeActivations = False"],
        ...["minActionMemory = 128", "maxActionTimeout = 1000"],
        ...["maxParameterSize = 1 MB", "maxPayloadSize = 2 MB", "truncationSize = 3 MB"],
      ].join("\n"),
    );
    const key = await said("user", "create", `${place}.s`, "-ns", place);
    expect((await ask("GET", "limits", { key })).json).toMatchObject({ minActionMemory: 128, maxActionTimeout: 1000 });
    expect(await said("limits", "delete", place)).toBe("Limits deleted");
    expect(await said("limits", "get", place)).toBe("No limits found, default system limits apply");
    expect((await failed("limits", "delete", place))[1]).toMatch(/^Failed to delete limits \(.*missing/);
    expect((await failed("limits", "set", place, "--firesPerMinute", "many"))[1]).toMatch(
      /argument --firesPerMinute: invalid int value: 'many'$/,
    );
    expect((await failed("limits", "set", place, "--firesPerMinute", "-1"))[0]).toBe(1);
    await said("user", "delete", `${place}.s`);
  },
  { needs },
);

line(
  "11.01 11.07",
  "the program of that name does the same, and tells no secret it was given",
  async () => {
    const subject = fresh("program");
    const run = (argv: string[], env: Record<string, string> = surroundings()) =>
      new Promise<Ran>((done) => {
        const child = execFile(process.execPath, [BIN, ...argv], { env: { PATH: process.env.PATH ?? "", ...env } });
        let out = "";
        let err = "";
        child.stdin?.end();
        child.stdout?.on("data", (text) => (out += text));
        child.stderr?.on("data", (text) => (err += text));
        child.once("close", (code) => done({ exit: code ?? -1, out, err }));
      });
    const made = await run(["user", "create", subject]);
    expect([made.exit, made.err]).toEqual([0, ""]);
    expect(await said("user", "get", subject)).toBe(made.out.trim());
    expect(JSON.parse(await said("user", "get", subject, "--json"))).toEqual({ exit: 0, lines: [made.out.trim()] });
    const stranger = await run(["user", "get", subject], { ...surroundings(), ADMIN_TOKEN: "not-the-token" });
    expect([stranger.exit, stranger.out + stranger.err]).toEqual([1, expect.not.stringContaining("not-the-token")]);
    await said("user", "delete", subject);
  },
  { needs },
);
