// `npm run bench -- console`: how long each view of the web console takes in Chromium, in a namespace with many
// functions and activations: from the step into it until what it is for stands there.
// And how soon a line of a log is seen.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { basic, freePort, GUEST, startPlatform } from "../support/platform.ts";
import { median } from "./load.ts";

const { values } = parseArgs({
  options: {
    functions: { type: "string", default: "1000" },
    activations: { type: "string", default: "10000" },
    rounds: { type: "string", default: "7" },
    engine: { type: "string", default: "process" },
  },
});
const FUNCTIONS = Number(values.functions);
const ACTIVATIONS = Number(values.activations);
const ROUNDS = Number(values.rounds);
const CALLERS = 16;
const CODE = "function main(args) { return { n: args.n }; }";
/** Tells in its log when it wrote the line, and ends long after. */
const LOGGING = `function main() { console.log('written at', Date.now()); return new Promise((r) => setTimeout(r, 6000)); }`;
/** By address: what stands there when the view is whole. */
const VIEWS: readonly [name: string, path: string, ready: string][] = [
  ["functions", "#/functions", "main tbody tr:nth-child(20)"],
  ["a function with its editor", "#/functions/f7", ".cm-content"],
  ["activations", "#/activations", "main tbody tr:nth-child(20)"],
  ["overview", "#/overview", "main figure canvas"],
  ["triggers", "#/triggers", "main tbody tr"],
  ["schedules", "#/schedules", "main tbody tr"],
  ["packages", "#/packages", "main tbody tr"],
  ["sequences", "#/sequences", "main tbody tr"],
  ["limits", "#/limits", "main table tbody tr"],
  ["keys", "#/keys", "main tbody tr"],
];
/** An operator's, in the same way. */
const OPERATOR_VIEWS: typeof VIEWS = [
  ["hosts", "#/hosts", "main tbody tr"],
  ["namespaces", "#/namespaces", "main tbody tr"],
  ["a namespace", "#/namespaces/bench", "main table td"],
  ["audit log", "#/audit", "main tbody tr:nth-child(20)"],
];

const consolePort = await freePort();
const platform = await startPlatform({
  engine: values.engine === "docker" ? "docker" : "process",
  env: { EDGEWHISK_CONSOLE_PORT: String(consolePort) },
});
const server = await launchBrowser();
try {
  await fill();
  const browser = await chromium.connect(server.wsEndpoint());
  const open = async (): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(`http://127.0.0.1:${consolePort}/`);
    return page;
  };
  const enter = async (page: Page): Promise<Page> => {
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#menu").waitFor({ state: "attached" });
    return page;
  };
  const page = await open();
  await page.getByLabel("Key", { exact: true }).fill(GUEST);
  await enter(page);
  const operator = await open();
  await operator.getByLabel("As operator").check();
  const { adminToken } = JSON.parse(readFileSync(join(platform.state, "secrets.json"), "utf8"));
  const made = await fetch(`${platform.url}/admin/v1/identities`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ subject: "bench" }),
  });
  if (!made.ok) throw new Error(`no namespace was made: ${made.status} ${await made.text()}`);
  await operator.getByLabel("Administrator's token").fill(adminToken);
  await enter(operator);
  console.log(
    `\n| view, with ${FUNCTIONS} functions and ${ACTIVATIONS} activations | p50 ms | slowest ms |\n|---|---|---|`,
  );
  await operator.bringToFront();
  await rows(operator, OPERATOR_VIEWS);
  await page.bringToFront();
  await rows(page, VIEWS);
  const lags = [];
  for (let round = 0; round < ROUNDS; round++) lags.push(await lagOf(page));
  console.log(
    `| a line of a log, after it was written | ${median(lags).toFixed(0)} | ${Math.max(...lags).toFixed(0)} |`,
  );
  await browser.close();
} finally {
  await server.close();
  await platform.stop();
}

async function rows(page: Page, views: typeof VIEWS): Promise<void> {
  for (const [name, path, ready] of views) {
    const spans = [];
    // The first time its code is read as well: told by the slowest.
    for (let round = 0; round < ROUNDS; round++) spans.push(await spanOf(page, path, ready));
    console.log(`| ${name} | ${median(spans).toFixed(0)} | ${Math.max(...spans).toFixed(0)} |`);
  }
}

/** ms from the step into the view, from one that shows nothing, until `ready` is there and painted. */
async function spanOf(page: Page, path: string, ready: string): Promise<number> {
  await page.evaluate("location.hash = '#/nothing'");
  await page.locator(ready).first().waitFor({ state: "detached" });
  return page.evaluate(`new Promise((resolve) => {
    const began = performance.now();
    location.hash = ${JSON.stringify(path)};
    const look = () => document.querySelector(${JSON.stringify(ready)}) === null
      ? requestAnimationFrame(look)
      : requestAnimationFrame(() => resolve(performance.now() - began));
    look();
  })`);
}

/** ms from the moment at which a function writes a line until the page shows it. */
async function lagOf(page: Page): Promise<number> {
  await page.evaluate("location.hash = '#/nothing'");
  await page.evaluate("location.hash = '#/functions/logging'");
  await page.locator(".cm-content").waitFor();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  return page.evaluate(`new Promise((resolve) => {
    const look = () => {
      const written = /written at (\\d{13})/.exec(document.querySelector('main section[aria-label="Run"]').textContent);
      if (written === null) requestAnimationFrame(look);
      else resolve(Date.now() - Number(written[1]));
    };
    look();
  })`);
}

async function fill(): Promise<void> {
  await all(FUNCTIONS, (at) => send("PUT", `actions/f${at}`, { exec: { kind: "nodejs:default", code: CODE } }));
  await send("PUT", "actions/logging", { exec: { kind: "nodejs:default", code: LOGGING } });
  await send("PUT", "actions/line", { exec: { kind: "sequence", components: ["/_/f1", "/_/f2"] } });
  await send("PUT", "triggers/rings", {});
  await send("PUT", "packages/box", {});
  await send("PUT", "triggers/nightly", { annotations: [{ key: "feed", value: "/whisk.system/alarms/alarm" }] });
  await send("POST", "/whisk.system/actions/alarms/alarm?blocking=true", {
    ...{ lifecycleEvent: "CREATE", triggerName: "/_/nightly", authKey: GUEST, cron: "0 3 * * *" },
  });
  await all(ACTIVATIONS, (at) => send("POST", `actions/f${at % 5}?blocking=true`, { n: at }));
}

async function all(count: number, step: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const caller = async () => {
    for (let at = next++; at < count; at = next++) await step(at);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

async function send(method: string, path: string, body: object): Promise<void> {
  const place = path.startsWith("/") ? path : `/_/${path}`;
  const answer = await fetch(`${platform.url}/api/v1/namespaces${place}`, {
    method,
    headers: { Authorization: basic(GUEST), "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}
