// The metrics of a platform and its host as real programs see them: promtool checks the text, Prometheus scrapes both
// and answers every query of the dashboard, its alert manager delivers an alert to a webhook, once.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, expect, inject, it } from "vitest";
import { freePort } from "../support/platform.ts";
import {
  dashboardQueries,
  MONITORING,
  type Monitoring,
  prometheusLacks,
  promtool,
  startMonitoring,
} from "../support/prometheus.ts";
import type { SharedPlatform } from "../support/shared-platforms.ts";
import { ask, fresh, key, namespace, useApi } from "./suite.ts";

/** Names that upstream or the library gave, which promtool would have otherwise. */
const UPSTREAM = /openwhisk_action_|^nodejs_|^(counter|gauge|histogram)_[a-z]+_/i;

const lacks = process.env.APIHOST === undefined ? prometheusLacks("metrics") : "another platform is asked";
await useApi();
let monitoring: Monitoring | null = null;
const deliveries: { alerts: { labels: Record<string, string> }[] }[] = [];
const webhook = createServer((request, response) => {
  let text = "";
  request.on("data", (chunk) => (text += chunk));
  request.on("end", () => {
    deliveries.push(JSON.parse(text));
    response.end();
  });
});

afterAll(async () => {
  await monitoring?.stop();
  webhook.close();
});

it.skipIf(lacks !== null)("the rules for Prometheus are right, and their tests pass", () => {
  promtool(["check", "rules", "rules.yml"]);
  promtool(["test", "rules", "rules.test.yml"]);
  promtool(["check", "config", "--syntax-only", "prometheus.yml"]);
  // Each alert fires in a test of its own.
  const alerts = [...readFileSync(join(MONITORING, "rules.yml"), "utf8").matchAll(/- alert: (\w+)/g)].map(
    ([, name]) => name,
  );
  const tests = readFileSync(join(MONITORING, "rules.test.yml"), "utf8");
  const firing = [...tests.matchAll(/- alertname: (\w+)\n.*\n +exp_alerts:\n/g)].map(([, name]) => name);
  expect(alerts.length).toBeGreaterThan(10);
  expect(firing).toEqual(expect.arrayContaining(alerts));
});

it("an activation is explained to its owner, step by step, and to nobody else", async () => {
  const name = fresh("explained");
  await ask("PUT", `actions/${name}`, {
    body: { exec: { kind: "nodejs:default", code: "function main() { return {}; }" } },
  });
  const { json } = await ask("POST", `actions/${name}?blocking=true`, { body: {} });
  const path = `activations/${json.activationId}?explain=true`;
  const explained = async () => (await ask("GET", path)).json;
  await expect.poll(async () => (await explained()).state).toBe("ended");
  const { steps, cost } = await explained();
  const what = steps.map((step: { what: string }) => step.what);
  expect(what.filter((each: string) => !/^(permitted|logged)$/.test(each))).toEqual([
    ...["accepted", "waited", "placed"],
    expect.stringMatching(/^(cold|prewarmed)$/),
    ...["initialised", "ran", "ended", "stored"],
  ]);
  expect(cost.containerMs).toBeGreaterThan(0);
  expect((await ask("GET", path, { key: key(2) })).status).toBe(404);
  expect((await ask("GET", `activations/${"0".repeat(32)}?explain=true`)).status).toBe(404);
  expect((await ask("GET", `activations/${json.activationId}?explain=maybe`)).status).toBe(400);
});

it.skipIf(lacks !== null)(
  "Prometheus reads platform and host, the dashboard has data, an alert arrives once",
  async () => {
    const answer = await fetch(`${inject("platformDoor")}/process`);
    const shared = (await answer.json()) as SharedPlatform;
    if ("missing" in shared) throw new Error(shared.missing);
    const { url, adminToken, hostMetrics } = shared;
    const authorization = `Bearer ${adminToken}`;

    const name = fresh("metered");
    const code = "function main(args) { return args.bad ? { error: { statusCode: 404 } } : { statusCode: 200 }; }";
    await ask("PUT", `actions/${name}`, { body: { exec: { kind: "nodejs:default", code } } });
    const trigger = fresh("late");
    await ask("PUT", `triggers/${trigger}`, { body: {} });
    const soon = { date: Date.now() + 500, lifecycleEvent: "CREATE", triggerName: `/_/${trigger}` };
    const feed = "/api/v1/namespaces/whisk.system/actions/alarms/once?blocking=true&result=true";
    expect((await ask("POST", feed, { body: soon })).status).toBe(200);
    for (const bad of [false, true, false]) await ask("POST", `actions/${name}?blocking=true`, { body: { bad } });

    await new Promise<void>((done) => webhook.listen(0, "127.0.0.1", done));
    const address = webhook.address();
    if (address === null || typeof address === "string") throw new Error("the webhook has no port");
    const silent = `127.0.0.1:${await freePort()}`;
    monitoring = await startMonitoring({
      platform: new URL(url).host,
      token: adminToken,
      hosts: [hostMetrics, silent],
      webhook: `http://127.0.0.1:${address.port}/`,
    });
    const { query, targets } = monitoring;

    const of = `{namespace="${namespace(1)}",initiator="${namespace(1)}",action="${name}"}`;
    const first = async (expression: string) => (await query(expression).catch(() => []))[0]?.value[1];
    await expect.poll(() => first(`sum(openwhisk_action_activations_total${of})`)).toBe("3");
    expect(await first(`sum(openwhisk_action_status_code${of.replace("}", ',status="404"}')})`)).toBe("1");
    expect(await first(`sum(openwhisk_action_coldStarts_total${of})`)).toBe("1");
    expect(await first(`sum(openwhisk_action_duration_seconds_count${of})`)).toBe("3");
    // Upstream's names for what each part did of it.
    for (const [marker, least] of [
      ["counter_controller_startup_counter_total", 1],
      ["counter_controller_activation_start_total", 3],
      ["histogram_controller_blockingActivation_finish_seconds_count", 3],
      ["counter_loadbalancer_activations_counter_total", 3],
      ['counter_loadbalancer_completionAck_counter_total{type="regular"}', 3],
      ['counter_loadbalancer_invokerState_counter_total{state="up"}', 1],
      ["counter_database_cacheHit_counter_total", 1],
      ["histogram_database_saveDocument_finish_seconds_count", 1],
      ["histogram_database_getDocument_finish_seconds_count", 1],
      ['counter_http_post_counter_total{statusCode="200"}', 3],
      ["counter_invoker_startup_counter_total", 1],
      ["counter_invoker_activationRun_start_total", 3],
      ["gauge_containerPool_idlesCount_counter", 0],
    ] as const)
      await expect.poll(async () => Number((await first(`sum(${marker})`)) ?? -1)).toBeGreaterThanOrEqual(least);
    const read = async () =>
      (await targets())
        .filter(({ labels }) => labels.instance !== silent)
        .map(({ health, lastError }) => `${health} ${lastError}`);
    await expect.poll(read).toEqual(["up ", "up "]);

    for (const { title, expression } of dashboardQueries()) {
      await expect
        .poll(async () => ({ title, found: (await query(expression)).length > 0 }))
        .toEqual({ title, found: true });
    }

    // In both forms. What promtool has against names is against upstream's.
    for (const [at, headers] of [
      [`${url}/metrics`, { authorization }],
      [`http://${hostMetrics}/metrics`, {}],
    ] as const) {
      const text = await (await fetch(at, { headers })).text();
      const complaints = promtool(["check", "metrics"], { input: text, accepted: [3] })
        .split("\n")
        .filter(Boolean);
      expect(complaints.filter((each) => !UPSTREAM.test(each))).toEqual([]);
    }
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    expect((await fetch(`http://${hostMetrics}/metrics`, { method: "POST" })).status).toBe(405);

    const down = () =>
      deliveries.filter(({ alerts }) => alerts.some(({ labels }) => labels.alertname === "EdgewhiskDown"));
    await expect.poll(down).toHaveLength(1);
    // It goes on firing, and is told no more.
    const evaluations = () => first('count_over_time(ALERTS{alertname="EdgewhiskDown"}[5m])');
    const before = Number(await evaluations());
    await expect.poll(async () => Number(await evaluations())).toBeGreaterThan(before + 4);
    expect(down()).toHaveLength(1);
  },
);
