// Fires while parts of the platform die, and under what users get wrong: each accepted fire has one record, and each of
// its rules ran once.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { ready } from "../support/platform.ts";
import { type Bench, type Loose, onEngines, put, recordOf } from "./engines.ts";

const ECHO = "function main(a) { return { n: a.n }; }";

async function hook(bench: Bench, name: string, actions: string[]): Promise<void> {
  const make = async (path: string, body: object) => {
    const answer = await bench.request(`${path}?overwrite=true`, { method: "PUT", body });
    if (answer.status !== 200) throw new Error(`PUT ${path}: ${answer.status} ${answer.text}`);
  };
  await make(`triggers/${name}`, {});
  for (const [index, action] of actions.entries()) {
    await make(`rules/${name}-${index}`, { trigger: `/_/${name}`, action: `/_/${action}` });
  }
}

/** Rows of the table that a feed reads. */
const ROWS = 150;
/** Where the files are that feeds read. */
const FILES = mkdtempSync(join(tmpdir(), "edgewhisk-files-"));
afterAll(() => rmSync(FILES, { recursive: true, force: true }));

const linesOf = (record: Loose): Loose[] => record.logs.map((each: string) => JSON.parse(each));

onEngines(
  "fires",
  (bench) => {
    const fire = (name: string, body: object) => bench.request(`triggers/${name}`, { method: "POST", body });

    it("happen exactly once each when workerd is killed -9 amid them", async () => {
      const actions = ["fire-a", "fire-b", "fire-sequence"];
      for (const name of ["fire-a", "fire-b", "fire-step"])
        await put(bench, name, { code: ECHO, limits: { memory: 128 } });
      const components = ["/_/fire-step", "/_/fire-step"];
      const body = { exec: { kind: "sequence", components } };
      expect((await bench.request("actions/fire-sequence?overwrite=true", { method: "PUT", body })).status).toBe(200);
      await hook(bench, "storm", actions);
      const since = Date.now();
      const accepted = new Map<string, number>();
      let n = 0;
      let over = false;
      const caller = async () => {
        while (!over) {
          const mine = n++;
          const answer = await fire("storm", { n: mine }).catch(() => null);
          if (answer?.status === 202) accepted.set(answer.json.activationId, mine);
          else await sleep(50);
        }
      };
      const callers = Array.from({ length: 8 }, caller);
      await expect.poll(() => accepted.size).toBeGreaterThan(40);
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      over = true;
      await Promise.all(callers);
      await expect.poll(() => ready(bench.platform().url)).toBe(true);
      const caused = new Set<string>();
      for (const [id, mine] of accepted) {
        const record = await recordOf(bench, id, 120_000);
        expect(record.response.result).toEqual({ n: mine });
        const lines = linesOf(record);
        expect(lines.map((each) => each.success)).toEqual([true, true, true]);
        for (const { activationId } of lines) caused.add(activationId);
      }
      expect(caused.size).toBe(3 * accepted.size);
      let good = 0;
      const seen = new Map<string, number>();
      for (const id of caused) {
        const { name, response } = await recordOf(bench, id, 120_000);
        if (response.success) {
          good++;
          const call = `${name} ${response.result.n}`;
          seen.set(call, (seen.get(call) ?? 0) + 1);
        }
      }
      expect(Math.max(...seen.values())).toBe(1);
      // Nothing but these: what has a record is named by a fire, also of those whose caller heard nothing. They may be
      // on their way still: in the end all of them have run, and nothing has run that none of them names.
      let fires = 0;
      const runsOfEach = async (): Promise<number[]> => {
        fires = await count(bench, "storm", since);
        const runs = [];
        for (const name of [...actions, "fire-step"]) runs.push((await count(bench, name, since)) / fires);
        return runs;
      };
      await expect.poll(runsOfEach).toEqual([1, 1, 1, 2]);
      expect(fires - accepted.size).toBeLessThanOrEqual(callers.length);
      console.log(
        `workerd killed: ${accepted.size} fires accepted, ${fires} kept, ${good} of ${caused.size} activations succeeded`,
      );
      expect(good).toBeGreaterThan(caused.size / 2);
    });

    it("of a CloudEvent happen once, though it is sent until its sender hears, and workerd is killed -9 amid it", async () => {
      await put(bench, "fire-event", { code: ECHO, limits: { memory: 128 } });
      await hook(bench, "clouds", ["fire-event"]);
      const body = { lifecycleEvent: "CREATE", triggerName: "/_/clouds", signature: "none", maxPerMinute: 6_000 };
      const feed = "/api/v1/namespaces/whisk.system/actions/cloudevents/cloudevents?blocking=true&result=true";
      const { url } = (await bench.request(feed, { method: "POST", body })).json;
      const address = () => bench.platform().url + new URL(url).pathname;
      const send = async (n: number): Promise<string> => {
        const event = { specversion: "1.0", source: "/kill", id: `e${n}`, type: "t", data: { n } };
        const headers = { "content-type": "application/cloudevents+json" };
        for (let tries = 0; tries < 600; tries++) {
          const answer = await fetch(address(), { method: "POST", headers, body: JSON.stringify(event) }).catch(
            () => null,
          );
          const text = await answer?.text().catch(() => "");
          if (answer?.status === 202 && text) return JSON.parse(text).activationId;
          await sleep(100);
        }
        throw new Error(`event ${n} was not taken`);
      };
      const since = Date.now();
      const ids = new Map<number, string>();
      let n = 0;
      let over = false;
      const sender = async () => {
        while (!over) {
          const mine = n++;
          ids.set(mine, await send(mine));
        }
      };
      const senders = Array.from({ length: 4 }, sender);
      await expect.poll(() => ids.size).toBeGreaterThan(20);
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      const before = ids.size;
      await expect.poll(() => ids.size).toBeGreaterThan(before + 20);
      over = true;
      await Promise.all(senders);
      // Each once more: it is known, whoever has died since.
      for (const [mine, id] of ids) expect([mine, await send(mine)]).toEqual([mine, id]);
      expect(new Set(ids.values()).size).toBe(ids.size);
      for (const name of ["clouds", "fire-event"]) await counted(bench, name, { since, exactly: ids.size });
      console.log(`workerd killed: ${ids.size} events, sent twice and more, fired once each`);
    });

    it("and results reach a sink at least once, whatever dies; what it never takes can be read and sent again", async () => {
      const bodies: { path: string; headers: IncomingHttpHeaders; body: Loose }[] = [];
      let answer = (_: string): number => 503;
      const receiver = createServer((request, response) => {
        let text = "";
        request.on("data", (chunk) => (text += chunk));
        request.on("end", () => {
          const status = answer(text);
          if (status === 200)
            bodies.push({ path: request.url ?? "", headers: request.headers, body: JSON.parse(text) });
          response.writeHead(status).end("as told");
        });
      });
      await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
      const path = "/api/v1/namespaces/whisk.system/actions/cloudevents/sink?blocking=true&result=true";
      const sink = (operation: string, of: object, more: object = {}): Promise<Loose> =>
        bench.request(path, { method: "POST", body: { operation, ...of, ...more } }).then(({ json }) => json);
      await put(bench, "sink-action", { code: ECHO, limits: { memory: 128 } });
      await hook(bench, "sink-fires", ["sink-action"]);
      const [action, trigger] = [{ action: "sink-action" }, { trigger: "sink-fires" }];
      const soon = { backoffPolicy: "linear", backoffDelay: "PT0.1S", retry: 20 };
      expect(await sink("set", action, { url: `${url}/a`, ...soon })).toEqual({ status: "success" });
      const secret = { headers: { Authorization: "Bearer a s3cret" }, deadLetterSink: `${url}/dead` };
      const structured = { url: `${url}/t`, format: "structured", ...soon };
      expect(await sink("set", trigger, { ...structured, ...secret })).toEqual({ status: "success" });
      const shown = await sink("get", trigger);
      expect(shown).toMatchObject({ headers: ["authorization"], deadLetterSink: `${url}/dead` });
      expect(JSON.stringify([shown, await sink("list", {})])).not.toContain("s3cret");
      const fired: string[] = [];
      for (let n = 0; n < 20; n++) fired.push((await fire("sink-fires", { n })).json.activationId);
      await expect.poll(async () => (await sink("get", trigger)).status.tries).toBeGreaterThan(0);
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      await expect.poll(() => ready(bench.platform().url)).toBe(true);
      answer = () => 200;
      const got = (to: string) => new Set(bodies.flatMap((each) => (each.path === to ? [idOf(each)] : [])));
      const idOf = ({ headers, body }: (typeof bodies)[number]): string => String(headers["ce-id"] ?? body.id);
      await expect.poll(() => got("/t").size).toBe(20);
      await expect.poll(() => got("/a").size).toBe(20);
      expect([...got("/t")].toSorted()).toEqual(fired.toSorted());
      for (const each of bodies.filter(({ path: to }) => to === "/t")) {
        const { id, data } = each.body;
        expect(each.body).toMatchObject({ specversion: "1.0", type: "dev.edgewhisk.trigger.fired" });
        expect(each.headers.authorization).toBe("Bearer a s3cret");
        expect([id, data]).toEqual([fired[data.n], { n: data.n }]);
      }
      for (const { headers } of bodies.filter(({ path: to }) => to === "/a")) {
        expect(headers).toMatchObject({ "ce-specversion": "1.0", "ce-activationstatus": "success" });
        expect(headers["ce-source"]).toBe("/namespaces/guest/actions/sink-action");
      }
      await expect.poll(async () => (await sink("get", action)).status.waiting).toBe(0);
      answer = (text) => (text.includes("knativeerrorcode") ? 200 : 400);
      const { activationId: dead } = (await fire("sink-fires", { n: "dead" })).json;
      await expect.poll(() => got("/dead").has(dead)).toBe(true);
      const letter = bodies.find(({ path: to }) => to === "/dead");
      expect(letter?.body).toMatchObject({
        ...{ id: dead, data: { n: "dead" } },
        ...{ knativeerrorcode: 400, knativeerrordata: "as told", knativeerrordest: `${url}/t` },
      });
      expect(letter?.headers.authorization).toBeUndefined();
      await expect.poll(async () => (await sink("get", trigger)).status).toMatchObject({ passedOn: 1, letters: 0 });
      // Without what is not named again.
      expect(await sink("set", trigger, structured)).toEqual({ status: "success" });
      expect(await sink("get", trigger)).not.toHaveProperty("headers");
      answer = () => 400;
      const { activationId } = (await fire("sink-fires", { n: "bad" })).json;
      await expect.poll(async () => (await sink("get", trigger)).status.letters).toBe(1);
      const { letters } = await sink("letters", trigger);
      expect(letters).toMatchObject([
        { id: activationId, tries: 1, knativeerrorcode: 400, knativeerrordata: "as told" },
      ]);
      answer = () => 200;
      expect(await sink("resend", trigger, { ids: [activationId] })).toEqual({ status: "success", sent: 1 });
      await expect.poll(() => got("/t").has(activationId)).toBe(true);
      for (const of of [action, trigger]) expect(await sink("remove", of)).toEqual({ status: "success" });
      expect(await sink("list", {})).toEqual({ sinks: [] });
      console.log(`sinks: 40 events over a kill -9 of workerd, ${bodies.length - 42} of them told twice`);
      receiver.close();
    });

    it("of an alarm happen once for each slot, also of those in which workerd is killed -9", async () => {
      await put(bench, "fire-tick", { code: ECHO, limits: { memory: 128 } });
      await hook(bench, "tick", ["fire-tick"]);
      const feed = async (lifecycleEvent: string, params: object = {}): Promise<Loose> => {
        const body = { ...params, lifecycleEvent, triggerName: "/_/tick" };
        const path = "/api/v1/namespaces/whisk.system/actions/alarms/alarm?blocking=true&result=true";
        const answer = await bench.request(path, { method: "POST", body });
        if (answer.status !== 200) throw new Error(`${lifecycleEvent}: ${answer.status} ${answer.text}`);
        return answer.json;
      };
      const firedSince = async (at: number): Promise<Loose[]> =>
        (await feed("READ")).schedule.history.filter((each: Loose) => Date.parse(each.slot) > at);
      const until = async (good: () => Promise<boolean>): Promise<void> => {
        for (let tries = 0; !(await good().catch(() => false)); tries++) {
          if (tries > 1_000) throw new Error("it did not come to pass");
          await sleep(100);
        }
      };
      const since = Date.now();
      await feed("CREATE", { cron: "* * * * * *", misfire: "all", trigger_payload: { n: 1 } });
      await until(async () => (await firedSince(since)).length >= 2);
      const first = Math.min(...(await firedSince(since)).map((each) => Date.parse(each.slot)));
      // Amid a slot.
      await sleep(1_000 - (Date.now() % 1_000));
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      const killed = Date.now();
      await until(() => ready(bench.platform().url));
      const back = Date.now();
      await until(async () => (await firedSince(back + 1_000)).length >= 2);
      const { schedule } = await feed("READ");
      await feed("DELETE");
      const last = Date.parse(schedule.history[0].slot);
      let slots: number[] = [];
      // Each record comes by its own way: none waits for those before it.
      await expect
        .poll(async () => {
          const { json } = await bench.request(`activations?name=tick&since=${since}&limit=200`);
          // An activation's id begins with the time of its slot.
          slots = json.map((each: Loose) => Number.parseInt(each.activationId.slice(0, 12), 16));
          slots = slots.filter((slot) => slot <= last).sort((one, other) => one - other);
          return slots;
        })
        .toEqual(Array.from({ length: (last - first) / 1_000 + 1 }, (_, n) => first + 1_000 * n));
      expect([first < killed, last > back, schedule.missed]).toEqual([true, true, 0]);
      console.log(`alarm: ${slots.length} slots, each once; workerd was away for ${back - killed} ms`);
    });

    it("of rows happen once each, though workerd is killed -9 amid them", async () => {
      const shop = new DatabaseSync(join(FILES, "shop.sqlite"), { timeout: 10_000 });
      shop.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT)");
      shop.exec(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
          INSERT INTO orders (what) SELECT 'tea' FROM n`,
      );
      shop.close();
      const { adminToken } = JSON.parse(readFileSync(join(bench.platform().state, "secrets.json"), "utf8"));
      const granted = await fetch(`${bench.platform().url}/admin/v1/sources/d1/SHOP/grants/guest`, {
        ...{ method: "PUT", headers: { authorization: `Bearer ${adminToken}` } },
      });
      expect(granted.status).toBe(200);
      const feed = async (lifecycleEvent: string, params: object = {}): Promise<Loose> => {
        const path = "/api/v1/namespaces/whisk.system/actions/database/database?blocking=true&result=true";
        const body = { ...params, lifecycleEvent, triggerName: "/_/rows" };
        return (await bench.request(path, { method: "POST", body })).json;
      };
      await put(bench, "fire-row", { code: ECHO, limits: { memory: 128 } });
      await hook(bench, "rows", ["fire-row"]);
      const since = Date.now();
      const about = { database: "SHOP", table: "orders", cursor: "id", interval: 10, maxRows: 10, deliver: "all" };
      expect(await feed("CREATE", about)).toEqual({ status: "success" });
      await expect.poll(() => count(bench, "rows", since)).toBeGreaterThan(0);
      for (const pid of bench.platform().pids().workerd) process.kill(pid, "SIGKILL");
      await expect.poll(() => ready(bench.platform().url)).toBe(true);
      const state = async () => (await feed("READ")).status;
      await expect.poll(state).toMatchObject({ active: true, cursor: ROWS, waiting: 0 });
      for (const name of ["rows", "fire-row"]) await counted(bench, name, { since, exactly: ROWS });
      const page = `activations?name=rows&docs=true&since=${since}&limit=${ROWS}`;
      const told: number[] = (await bench.request(page)).json.map((each: Loose) => each.response.result.row.id);
      expect(told.toSorted((one, other) => one - other)).toEqual(Array.from({ length: ROWS }, (_, at) => at + 1));
      expect(await feed("DELETE")).toEqual({ status: "success" });
    });

    it("of a rule whose action is gone, 1,000 a second, are answered, and each has its one record", async () => {
      await put(bench, "fire-gone", { code: ECHO });
      await hook(bench, "void", ["fire-gone"]);
      await bench.request("actions/fire-gone", { method: "DELETE" });
      await put(bench, "fire-other", { code: ECHO });
      const since = Date.now();
      const answers: { status: number; id: string }[] = [];
      const shoot = async (mine: number) => {
        const { status, json } = await fire("void", { n: mine });
        answers.push({ status, id: json?.activationId });
      };
      // As they come, not as they are answered.
      const shots: Promise<void>[] = [];
      for (let tick = 0; tick < 100; tick++) {
        for (let at = 0; at < 20; at++) shots.push(shoot(shots.length));
        await sleep(Math.max(0, since + 20 * (tick + 1) - Date.now()));
      }
      const neighbour = await bench.request("actions/fire-other?blocking=true", { method: "POST", body: { n: 1 } });
      expect(neighbour.status).toBe(200);
      await Promise.all(shots);
      const took = Date.now() - since;
      const accepted = answers.filter((each) => each.status === 202);
      console.log(`${shots.length} fires in ${took} ms: ${accepted.length} accepted`);
      for (const { status } of answers) expect([202, 429]).toContain(status);
      expect(accepted.length).toBeGreaterThan(500);
      expect(new Set(accepted.map((each) => each.id)).size).toBe(accepted.length);
      await expect.poll(() => count(bench, "void", since)).toBeGreaterThanOrEqual(accepted.length);
      expect(await count(bench, "void", since)).toBe(accepted.length);
      const [line] = linesOf(await recordOf(bench, accepted.at(-1)?.id ?? ""));
      expect(line).toMatchObject({ statusCode: 1, error: "The requested resource does not exist." });
    });
  },
  {
    engines: ["process"],
    start: { flags: ["--outbound-allow", "127.0.0.1/32", "--feed-d1", `SHOP=${join(FILES, "shop.sqlite")}`] },
  },
);

async function count(bench: Bench, name: string, since: number): Promise<number> {
  const { json } = await bench.request(`activations?count=true&name=${name}&since=${since}`);
  return json.activations;
}

/** Those whose caller heard nothing may be on their way still. */
async function counted(
  bench: Bench,
  name: string,
  { since, exactly }: { since: number; exactly: number },
): Promise<void> {
  await expect.poll(() => count(bench, name, since)).toBeGreaterThanOrEqual(exactly);
  expect([name, await count(bench, name, since)]).toEqual([name, exactly]);
}
