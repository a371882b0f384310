// Real Prometheus and alert manager (Debian's packages) of a test's own: processes, ports and folders.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./platform.ts";

export const MONITORING = new URL("../../runtime-host/metrics/monitoring/", import.meta.url).pathname;

/** Null where they can be had; else why not, which is printed. Throws it where nothing may be left out. */
export function prometheusLacks(what: string): string | null {
  const absent = ["prometheus", "promtool", "prometheus-alertmanager"].filter(
    (program) => spawnSync(program, ["--version"]).error !== undefined,
  );
  if (absent.length === 0) return null;
  const lacks = `${absent.join(" and ")} not installed (Debian's prometheus and prometheus-alertmanager)`;
  if (process.env.CI !== undefined && process.env.CI !== "") throw new Error(lacks);
  console.log(`not run: ${what}: ${lacks}`);
  return lacks;
}

/** Its output; throws with it where the program fails. `accepted`: exit codes besides 0. */
export function promtool(args: string[], options: { input?: string; accepted?: number[] } = {}): string {
  const { status, stdout, stderr } = spawnSync("promtool", args, {
    encoding: "utf8",
    cwd: MONITORING,
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  if (status !== 0 && !(options.accepted ?? []).includes(status ?? -1)) throw new Error(`${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

export interface Monitoring {
  /** The values of an instant query. */
  query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>;
  targets(): Promise<{ labels: Record<string, string>; health: string; lastError: string }[]>;
  stop(): Promise<void>;
}

/** With the rules we ship, each of which fires without waiting. Scrapes each second. */
export async function startMonitoring(options: {
  platform: string;
  token: string;
  hosts: string[];
  webhook: string;
}): Promise<Monitoring> {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-prometheus-"));
  const [port, alerts] = [await freePort(), await freePort()];
  writeFileSync(join(folder, "metrics-token"), options.token, { mode: 0o600 });
  const rules = readFileSync(join(MONITORING, "rules.yml"), "utf8").replaceAll(/^ {8}for: .*\n/gm, "");
  writeFileSync(join(folder, "rules.yml"), rules);
  const config = readFileSync(join(MONITORING, "prometheus.yml"), "utf8")
    .replaceAll("_interval: 15s", "_interval: 1s")
    .replace("127.0.0.1:9093", `127.0.0.1:${alerts}`)
    .replace("127.0.0.1:3233", options.platform)
    .replace('["127.0.0.1:9464"]', JSON.stringify(options.hosts));
  writeFileSync(join(folder, "prometheus.yml"), config);
  writeFileSync(
    join(folder, "alertmanager.yml"),
    [
      "route: { receiver: test, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }",
      `receivers: [{ name: test, webhook_configs: [{ url: "${options.webhook}", send_resolved: false }] }]`,
      "",
    ].join("\n"),
  );
  const children = [
    run("prometheus-alertmanager", folder, [
      `--config.file=${join(folder, "alertmanager.yml")}`,
      `--storage.path=${join(folder, "alerts")}`,
      `--web.listen-address=127.0.0.1:${alerts}`,
      "--cluster.listen-address=",
    ]),
    run("prometheus", folder, [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]),
  ];
  const url = `http://127.0.0.1:${port}/api/v1`;
  const asked = async (path: string) => {
    const answer = await fetch(`${url}${path}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: never; error?: string };
    if (status !== "success") throw new Error(`${path}: ${error}`);
    return data as Record<string, never>;
  };
  return {
    query: async (expression) => (await asked(`/query?query=${encodeURIComponent(expression)}`)).result ?? [],
    targets: async () => (await asked("/targets?state=active")).activeTargets ?? [],
    stop: async () => {
      for (const child of children) {
        if (child.exitCode === null && child.signalCode === null) {
          const ended = once(child, "exit");
          child.kill("SIGKILL");
          await ended;
        }
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(program: string, cwd: string, args: string[]): ChildProcess {
  return spawn(program, args, { cwd, stdio: "ignore" });
}

/** What the dashboard asks, each with the interval it would have here. */
export function dashboardQueries(): { title: string; expression: string }[] {
  const { panels } = JSON.parse(readFileSync(join(MONITORING, "dashboard.json"), "utf8")) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ title, expression: expr.replaceAll("$__rate_interval", "5m") })),
  );
}
