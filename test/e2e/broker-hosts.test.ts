// A subscription to a broker belongs to one host at a time. When that is killed, another one has it soon.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Broker, publish, startMosquitto, withBrokers } from "../support/brokers.ts";
import { slowness } from "../support/machine-pace.ts";
import { treeOf } from "../support/platform.ts";
import { type Bench, type Loose, onEngines } from "./engines.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const SOON = { interval: 250 };
/** ms from the death of a host until all that it heard is heard by another. */
const MOVED_MS = 15_000;
/** More than one host takes where two ask: each has its share. */
const MANY = 6;
const DIALS = { EDGEWHISK_BROKER_NET: "127.0.0.1" };

withBrokers("brokers", ["mosquitto", "mosquitto_pub"], () => {
  onEngines("subscriptions", suite, { engines: ["process"], start: { env: DIALS } });
});

function suite(bench: Bench): void {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-second-"));
  let broker: Broker;
  let second: ChildProcess | null = null;

  beforeAll(async () => {
    broker = await startMosquitto();
  });
  afterAll(async () => {
    killAll(second);
    await broker?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function feed(lifecycleEvent: string, trigger: string, params: object = {}): Promise<Loose> {
    const path = "/api/v1/namespaces/whisk.system/actions/mqtt/mqtt?blocking=true&result=true";
    const body = { ...params, lifecycleEvent, triggerName: `/_/${trigger}` };
    return (await bench.request(path, { method: "POST", body })).json;
  }
  const statusOf = async (trigger: string): Promise<Loose> => (await feed("READ", trigger)).status ?? {};
  const recordsOf = async (trigger: string): Promise<Loose[]> =>
    (await bench.request(`activations?name=${trigger}&docs=true`)).json;

  async function startSecond(): Promise<ChildProcess> {
    const { adminToken } = JSON.parse(readFileSync(join(bench.platform().state, "secrets.json"), "utf8"));
    const headers = { authorization: `Bearer ${adminToken}` };
    const made = await bench.request("/admin/v1/hosts", { method: "POST", body: { name: "second" }, headers });
    expect(made.status).toBe(200);
    const args = ["host", "--url", bench.platform().url, "--engine", "process", "--state", folder];
    return spawn(process.execPath, [join(ROOT, "runtime-host/cli/edgewhisk.mjs"), ...args], {
      env: { ...process.env, ...DIALS, EDGEWHISK_TOKEN: made.json.token },
      stdio: "ignore",
    });
  }

  it("move to another host within 15 s when theirs is killed, and what came meanwhile is heard", async () => {
    second = await startSecond();
    const healthy = async () => Number((await bench.request("/invokers/healthy/count")).text);
    await expect.poll(healthy, SOON).toBe(2);
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const triggers = Array.from({ length: MANY }, (_, n) => `moved-${n}`);
    for (const trigger of triggers) {
      await bench.request(`triggers/${trigger}`, { method: "PUT", body: {} });
      const rule = { trigger: `/_/${trigger}`, action: "/whisk.system/utils/echo" };
      await bench.request(`rules/${trigger}-rule`, { method: "PUT", body: rule });
      expect(await feed("CREATE", trigger, { url, topic: trigger, qos: 1 })).toMatchObject({ status: "success" });
    }
    const all = () => Promise.all(triggers.map(statusOf));
    const states = async () => (await all()).map(({ state }) => state);
    const receiving = triggers.map(() => "receiving");
    await expect.poll(states, SOON).toEqual(receiving);

    const before = slowness();
    const leases = async () => (await all()).map(({ since }) => since);
    const first = await leases();
    const killed = Date.now();
    killAll(second);
    await Promise.all(triggers.map((trigger) => publish(broker.port, ["meanwhile"], { topic: trigger, qos: 1 })));
    const heard = async () => (await Promise.all(triggers.map(recordsOf))).every((records) => records.length > 0);
    await expect.poll(heard, SOON).toBe(true);

    // The platform's own host goes on with what it had, and has the others', of which there were some.
    await expect.poll(states, SOON).toEqual(receiving);
    const moved = (await leases()).filter((since, at) => since !== first[at]);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.length).toBeLessThan(MANY);
    const records = (await Promise.all(triggers.map(recordsOf))).map(([record]) => record);
    expect(records.map((each) => each.response.result.message)).toEqual(triggers.map(() => "meanwhile"));
    const last = Math.max(...records.map((each) => each.start)) - killed;
    expect(last / Math.max(before, slowness())).toBeLessThan(MOVED_MS);
  });
}

/** The host and what it runs. */
function killAll(child: ChildProcess | null): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  for (const pid of treeOf(child.pid).all) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has gone with its parent.
    }
  }
}
