// Subjects, and what the limits of a namespace do: parity 1.2, 1.3, 3.3, 3.4. Needs edgewhisk's admin API.

import { expect } from "vitest";
import { invoke, put, secondKey } from "./owners.ts";
import { admin, ask, code, ECHO, fresh, type Loose, line, pair, tenant, useApi } from "./suite.ts";

await useApi();

const needs = "admin";
const MB = 1024 * 1024;

line(
  "1.14",
  "a subject has at least five characters",
  async () => {
    for (const subject of ["four", "    x", "", "     ", "four ", "  four  ", "\tfour\n"]) {
      const { status, json } = await admin("POST", "identities", { subject, namespace: fresh("short") });
      expect([subject, status, json.error]).toEqual([subject, 400, expect.stringContaining("at least 5 characters")]);
    }
    const five = Math.random().toString(36).slice(2, 7).padEnd(5, "0");
    expect((await admin("POST", "identities", { subject: five, namespace: fresh("five") })).status).toBe(200);
  },
  { needs },
);

line(
  "1.15 1.02",
  "one subject may own several namespaces, each with its own key",
  async () => {
    const subject = fresh("subject");
    const [one, two] = [
      await tenant({}, { subject, namespace: fresh("one") }),
      await tenant({}, { subject, namespace: fresh("two") }),
    ];
    expect(one.key).not.toBe(two.key);
    for (const each of [one, two])
      expect((await ask("GET", "/api/v1/namespaces", { key: each.key })).json).toEqual([each.namespace]);
    await put(one, "mine", code(ECHO));
    expect((await ask("GET", "actions/mine", { key: two.key })).status).toBe(404);
    const { json } = await admin("GET", `identities/${subject}`);
    expect(json).toMatchObject({ subject, blocked: false });
    const told = json.namespaces.map((each: Loose) => each.name);
    expect(told.sort()).toEqual([one.namespace, two.namespace].sort());
    await admin("POST", `identities/${subject}/block`, {});
    expect((await admin("GET", `identities/${subject}`)).json).toMatchObject({ subject, blocked: true });
  },
  { needs },
);

line(
  "1.16",
  "several subjects may hold keys of one namespace, and each is named in what it starts",
  async () => {
    const namespace = fresh("shared");
    const [one, two] = [await tenant({}, { namespace }), await tenant({}, { namespace })];
    await put(one, "ours", code(ECHO));
    expect((await ask("GET", "actions/ours", { key: two.key })).json.name).toBe("ours");
    expect((await invoke(two, "ours")).json).toMatchObject({ subject: two.subject, namespace });
  },
  { needs },
);

line(
  "1.17",
  "a blocked subject is found neither by its key nor by its namespace, until it is unblocked",
  async () => {
    const owner = await tenant();
    await put(owner, "seen", code(ECHO, { annotations: [pair("web-export", true)] }));
    const seen = async () => [
      (await ask("GET", "/api/v1/namespaces", { key: owner.key })).status,
      (await invoke(owner, "seen")).status,
      (await ask("GET", `/api/v1/web/${owner.namespace}/default/seen.json`, { key: null })).status,
    ];
    expect(await seen()).toEqual([200, 200, 200]);
    expect((await admin("POST", `identities/${owner.subject}/block`, {})).status).toBe(200);
    expect(await seen()).toEqual([401, 401, 404]);
    expect((await admin("POST", `identities/${owner.subject}/unblock`, {})).status).toBe(200);
    expect(await seen()).toEqual([200, 200, 200]);
  },
  { needs },
);

line(
  "1.18 1.24 1.25 1.27 1.29",
  "a namespace's own limits are shown, the others with their defaults; sizes are texts with a unit",
  async () => {
    const own = {
      invocationsPerMinute: 7,
      concurrentInvocations: 3,
      firesPerMinute: 5,
      allowedKinds: ["nodejs:20"],
      storeActivations: true,
      maxActionMemory: 256,
      maxParameterSize: "2 KB",
      maxPayloadSize: "10 KB",
      truncationSize: "1 KB",
    };
    const owner = await tenant(own);
    const { json } = await ask("GET", "limits", { key: owner.key });
    const { maxPayloadSize, truncationSize, ...shown } = own;
    expect(json).toMatchObject({ ...shown, minActionMemory: 128, maxActionTimeout: 300_000, maxActionInstances: 3 });
    // They are the namespace's, whose key ever asks. What is used of them changes with the clock.
    const other = await secondKey(owner);
    for (const key of [other, owner.key])
      expect((await ask("GET", "limits", { key })).json).toEqual({ ...json, used: expect.anything() });
    const plain = (await ask("GET", "limits", { key: (await tenant()).key })).json;
    for (const name of ["allowedKinds", "storeActivations"]) expect(plain).not.toHaveProperty(name);
    expect(plain.maxParameterSize).toBe("1 MB");
    const refused = async (limits: object) =>
      (await admin("POST", "identities", { subject: fresh("wrong"), limits })).status === 400;
    for (const name of ["maxParameterSize", "maxPayloadSize", "truncationSize"])
      for (const wrong of ["1", "1 TB", "x MB", -1, 5])
        expect([name, wrong, await refused({ [name]: wrong })]).toEqual([name, wrong, true]);
    // Containers are kept as memory allows, whatever a namespace wishes: nobody is let believe that his wish counts.
    for (const wish of [{ warmedContainerKeepingCount: 8 }, { warmedContainerKeepingTimeout: "24 hours" }])
      expect([wish, await refused(wish)]).toEqual([wish, true]);
  },
  { needs },
);

line(
  "1.28",
  "a namespace's limits never widen the system's",
  async () => {
    const wide = await tenant({
      minActionMemory: 1,
      maxActionMemory: 100_000,
      minActionTimeout: 1,
      maxActionTimeout: 10_000_000,
      maxActionLogs: 1_000,
      maxActionConcurrency: 100_000,
      maxParameterSize: "9 MB",
    });
    const { json } = await ask("GET", "limits", { key: wide.key });
    const system = (await ask("GET", "limits")).json;
    expect(json).toEqual(system);
    for (const limits of [
      { memory: system.maxActionMemory + 1 },
      { memory: system.minActionMemory - 1 },
      { timeout: system.maxActionTimeout + 1 },
      { timeout: system.minActionTimeout - 1 },
      { logs: system.maxActionLogs + 1 },
      { concurrency: system.maxActionConcurrency + 1 },
    ]) {
      const { status, json } = await put(wide, "wide", code(ECHO, { limits }));
      expect([limits, status, json.error]).toEqual([limits, 400, expect.stringContaining("allowed threshold of")]);
    }
    const long = code(ECHO, { parameters: [pair("a", "x".repeat(MB))] });
    expect((await put(wide, "wide", long)).status).toBe(413);
    const own = {
      ...{ minActionMemory: 256, maxActionMemory: 300, minActionTimeout: 200, maxActionTimeout: 1_000 },
      ...{ minActionLogs: 1, maxActionLogs: 2, maxActionConcurrency: 1, maxParameterSize: "1 KB" },
    };
    const narrow = await tenant(own);
    expect((await ask("GET", "limits", { key: narrow.key })).json).toEqual({ ...system, ...own });
    const within = { memory: 256, timeout: 200, logs: 1 };
    for (const limits of [{}, { memory: 300 }, { timeout: 1_000 }, { logs: 2 }])
      expect((await put(narrow, "narrow", code(ECHO, { limits: { ...within, ...limits } }))).status).toBe(200);
    for (const limits of [
      { memory: 255 },
      { memory: 301 },
      { timeout: 199 },
      { timeout: 1_001 },
      { logs: 0 },
      { logs: 3 },
    ])
      expect([limits, (await put(narrow, "narrow", code(ECHO, { limits }))).status]).toEqual([limits, 400]);
  },
  { needs },
);

line(
  "3.40",
  "where a namespace's limits are narrower, the text quotes them",
  async () => {
    const narrow = await tenant({
      minActionMemory: 256,
      maxActionMemory: 300,
      maxActionTimeout: 1_000,
      maxActionLogs: 2,
    });
    const error = async (limits: object) =>
      (await put(narrow, fresh("n"), code(ECHO, { limits: { memory: 256, timeout: 500, logs: 1, ...limits } }))).json
        .error;
    expect(await error({ memory: 301 })).toContain("memory size 301 MB exceeds allowed threshold of 300 MB");
    expect(await error({ memory: 100_000 })).toContain("exceeds allowed threshold of 300 MB");
    expect(await error({ memory: 255 })).toContain("memory size 255 MB below allowed threshold of 256 MB");
    expect(await error({ timeout: 999_999 })).toContain("exceeds allowed threshold of 1000 milliseconds");
    expect(await error({ logs: 3 })).toContain("log size 3 MB exceeds allowed threshold of 2 MB");
  },
  { needs },
);

line(
  "1.48",
  "only kinds a namespace may use can be written, what is there can be called",
  async () => {
    const kinds = (await ask("GET", "/", { key: null })).json.runtimes;
    const [kind, other] = [kinds.nodejs[0].kind, kinds.python[0].kind];
    const owner = await tenant({ allowedKinds: [kind] });
    expect((await put(owner, "allowed", { exec: { kind, code: ECHO } })).status).toBe(200);
    expect(await put(owner, "refused", { exec: { kind: other, code: "def main(a): return a" } })).toMatchObject({
      status: 403,
      json: { error: `The supplied authentication is not authorized to access actions of kind '${other}'.` },
    });
    expect((await put(owner, "allowed", { publish: true })).status).toBe(200);
    expect((await invoke(owner, "allowed")).status).toBe(200);
  },
  { needs },
);

line(
  "3.14",
  "maxParameterSize lowers what parameters and annotations may hold",
  async () => {
    const owner = await tenant({ maxParameterSize: "1 KB" });
    for (const size of ["1024 B", "1 K", "1KB", "1024 b"]) {
      const { json } = await ask("GET", "limits", { key: (await tenant({ maxParameterSize: size })).key });
      expect([size, json.maxParameterSize]).toEqual([size, "1 KB"]);
    }
    for (const field of ["parameters", "annotations"]) {
      const answer = await put(owner, fresh("p"), code(ECHO, { [field]: [pair("a", "x".repeat(1_024))] }));
      expect(answer.status).toBe(413);
      expect(answer.json.error).toMatch(new RegExp(`^${field} larger than allowed: \\d+ > 1024 bytes\\.$`));
      const pack = await ask("PUT", `packages/${fresh("p")}`, {
        key: owner.key,
        body: { [field]: [pair("a", "x".repeat(1_024))] },
      });
      expect(pack.status).toBe(413);
    }
    expect((await put(owner, "fits", code(ECHO, { parameters: [pair("a", "x".repeat(900))] }))).status).toBe(200);
  },
  { needs },
);

line(
  "3.47 2.140",
  "maxPayloadSize lowers what a call may carry",
  async () => {
    const owner = await tenant({ maxPayloadSize: "1 KB" });
    await put(owner, "small", code(ECHO, { annotations: [pair("web-export", true)] }));
    await ask("PUT", "triggers/fired", { key: owner.key, body: {} });
    const answer = await invoke(owner, "small", { x: "y".repeat(1_100) });
    expect(answer.status).toBe(413);
    expect(answer.json.error).toMatch(/^Request larger than allowed: \d+ > 1024 bytes\.$/);
    const web = await ask("POST", `/api/v1/web/${owner.namespace}/default/small.json`, {
      key: null,
      body: { x: "y".repeat(1_100) },
    });
    expect(web.status).toBe(413);
    const fired = await ask("POST", "triggers/fired", { key: owner.key, body: { x: "y".repeat(1_100) } });
    expect(fired).toMatchObject({ status: 413, json: { error: expect.stringMatching(/ > 1024 bytes\.$/) } });
    expect((await invoke(owner, "small", { x: "y" })).status).toBe(200);
  },
  { needs },
);

line(
  "3.46 3.47",
  "maxPayloadSize bounds what an action may answer as well, and neither size is more than the system's",
  async () => {
    const long = code("function main(a) { return { x: 'y'.repeat(a.size) }; }");
    const narrow = await tenant({ maxPayloadSize: "1 KB" });
    await put(narrow, "long", long);
    const cut = (await invoke(narrow, "long", { size: 1_100 })).json.response;
    expect(cut.status).toBe("application error");
    expect(cut.result.error).toContain("exceeded the allowed length: 1108 > 1024 bytes.");
    const wide = await tenant({ maxPayloadSize: "9 MB", truncationSize: "9 MB" });
    await put(wide, "long", long);
    const carried = await invoke(wide, "long", { size: 1, x: "y".repeat(MB) });
    expect(carried.status).toBe(413);
    expect(carried.json.error).toMatch(/^Request larger than allowed: \d+ > 1048576 bytes\.$/);
    const { error } = (await invoke(wide, "long", { size: 2 * MB })).json.response.result;
    expect(error).toMatch(/^[^:]+: 2097160 > 1048576 bytes\. The truncated response was: /);
    expect(error.length).toBeLessThanOrEqual(MB + 200);
  },
  { needs },
);

line(
  "3.46 3.47",
  "truncationSize bounds what is echoed of a result that was too long",
  async () => {
    const owner = await tenant({ truncationSize: "1 KB" });
    await put(owner, "long", code("function main() { return { x: 'y'.repeat(1024 * 1024) }; }"));
    const { json } = await invoke(owner, "long");
    const echoed = /The truncated response was: ([\s\S]*)$/.exec(json.response.result.error)?.[1] ?? "";
    expect(json.response.status).toBe("application error");
    expect(echoed.length).toBeGreaterThan(500);
    expect(echoed.length).toBeLessThanOrEqual(1_024);
  },
  { needs },
);

line(
  "3.38",
  "instances must not exceed what the namespace may run at once",
  async () => {
    const owner = await tenant({ concurrentInvocations: 5 });
    expect(await put(owner, "many", code(ECHO, { limits: { instances: 6 } }))).toMatchObject({
      status: 400,
      json: { error: "Max action instance concurrency must not exceed your namespace concurrency of 5." },
    });
    expect((await put(owner, "few", code(ECHO, { limits: { instances: 5 } }))).json.limits.instances).toBe(5);
    expect((await put(owner, "negative", code(ECHO, { limits: { instances: -1 } }))).status).toBe(400);
  },
  { needs },
);
