// `npm test`: installs what is missing, then runs every tier and closes with one line of counts.
// Plain JavaScript, because it must run on the Node of a fresh clone. `--long` adds the long tier.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { ensureInstalled } from "../runtime-host/program/launch.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const long = process.argv.includes("--long");
const requireDocker = process.env.EDGEWHISK_REQUIRE_DOCKER === "1";
/** Of a failure's message, once more at the end, where a long log is cut. */
const SHOWN_LINES = 12;
/** The end-to-end tier is taken in so many: each starts its platforms anew,
 * and is the longest that one waits for the other. */
const PARTS = 6;
const COMPUTED = ["unit", "worker", "host", "programs", "runtimes", "mutations"];
const totals = { passed: 0, failed: 0, skipped: 0 };
const notRun = [];
/** One text each: which test, and the first lines of why. */
const failures = [];

const install = await ensureInstalled({ dev: true });
if (install.code !== 0) process.exit(install.code);
const env = {
  ...process.env,
  PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH}`,
  SIM_SEEDS: process.env.SIM_SEEDS ?? (long ? "20000" : "2000"),
  FUZZ_REQUESTS: process.env.FUZZ_REQUESTS ?? (long ? "10000" : "1000"),
  ...(long ? { EDGEWHISK_LONG: "1" } : {}),
};

const docker = dockerAnswers();
if (!docker) notRun.push("everything on the docker engine: no engine answers at DOCKER_HOST or /var/run/docker.sock");
const images = () => (docker ? step("container images", "npm", ["run", "--silent", "images"]) : undefined);
const sources = async () => {
  await step("types", "npm", ["run", "--silent", "check:types"]);
  await step("lint", "npm", ["run", "--silent", "check:lint"]);
};
await Promise.all([images(), sources()]);
// Whole platforms are mostly waiting: two lanes of them run side by side, and whoever is done takes what is left of the
// platforms. What only computes fills what they leave of the processors. What measures neighbours comes alone.
const parts = Array.from({ length: PARTS }, (_, at) => `${at + 1}/${PARTS}`);
const platforms = async () => {
  for (let shard = parts.shift(); shard !== undefined; shard = parts.shift())
    await suite(`end to end, ${shard}`, ["e2e"], { shard, shownAtEnd: true });
};
const shared = async () => {
  await suite("conformance", ["conformance"], { shownAtEnd: true, atOnce: 3 });
  await suite("engines", ["engine"], { shownAtEnd: true, atOnce: 3 });
};
const computed = () =>
  suite("unit, Worker, host, its programs, runtimes and mutations", COMPUTED, {
    ...{ shownAtEnd: true, atOnce: 2, giving: true },
  });
await Promise.all([platforms(), shared().then(platforms), computed()]);
await suite("neighbours on an engine", ["neighbours"]);

if (failures.length > 0) {
  console.log("\nfailed:");
  for (const failure of failures) console.log(`  - ${failure}`);
}
if (notRun.length > 0) {
  console.log("\nnot run:");
  for (const reason of notRun) console.log(`  - ${reason}`);
}
if (requireDocker && notRun.length > 0) {
  console.log("EDGEWHISK_REQUIRE_DOCKER is set: what did not run counts as failed");
  totals.failed += notRun.length;
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);

async function step(name, command, args) {
  const started = Date.now();
  const code = await run(command, args, { shownAtEnd: true });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok" : "FAILED"}: ${name} (${seconds} s)\n`);
  if (code === 0) totals.passed++;
  else {
    totals.failed++;
    failures.push(`${name}: exit ${code}`);
  }
}

/** `atOnce`: files side by side, if not as many as there are processors. `shard`: which part of the files, "1/6".
 * `giving`: others come first where processors are short. */
async function suite(name, projects, { shownAtEnd = false, atOnce, shard, giving = false } = {}) {
  const started = Date.now();
  const report = join(mkdtempSync(join(tmpdir(), "edgewhisk-test-")), "report.json");
  const args = ["run", "--config", "test/vitest.config.ts", "--reporter=default", "--reporter=json"];
  args.push(`--outputFile.json=${report}`, ...projects.flatMap((project) => ["--project", project]));
  if (atOnce !== undefined) args.push(`--maxWorkers=${atOnce}`);
  if (shard !== undefined) args.push(`--shard=${shard}`);
  const vitest = join(root, "node_modules", ".bin", "vitest");
  const code = await (giving
    ? run("nice", ["-n", "5", vitest, ...args], { shownAtEnd })
    : run(vitest, args, { shownAtEnd }));
  if (!existsSync(report)) {
    console.log(`FAILED: ${name}: the runner left no report (exit ${code})`);
    failures.push(`${name}: the runner left no report (exit ${code})`);
    totals.failed++;
    return;
  }
  const result = JSON.parse(readFileSync(report, "utf8"));
  totals.passed += result.numPassedTests;
  totals.failed += result.numFailedTests;
  totals.skipped += result.numPendingTests + (result.numTodoTests ?? 0);
  if (code !== 0 && result.numFailedTests === 0) {
    totals.failed++;
    failures.push(`${name}: exit ${code}, though no test failed: an error outside of them`);
  }
  for (const file of result.testResults) {
    const where = relative(root, file.name);
    if (file.status === "failed" && file.message) failures.push(`${where}: ${firstLines(file.message)}`);
    for (const each of file.assertionResults) {
      if (each.status === "pending" || each.status === "skipped") notRun.push(each.fullName);
      if (each.status === "failed")
        failures.push(`${where}: ${each.fullName}\n    ${firstLines(each.failureMessages.join("\n"))}`);
    }
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(`${code === 0 ? "ok" : "FAILED"}: ${name} (${seconds} s)\n`);
}

function firstLines(message) {
  const lines = stripVTControlCharacters(message).split("\n");
  return lines
    .map((line) => line.slice(0, 300))
    .slice(0, SHOWN_LINES)
    .join("\n    ");
}

/** `shownAtEnd`: what it prints is not mixed with what others print. */
function run(command, args, { shownAtEnd = false } = {}) {
  const output = shownAtEnd ? "pipe" : "inherit";
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", output, output] });
    const printed = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => printed.push(chunk));
    child.on("error", (error) => {
      console.log(`${command}: ${error.message}`);
      done(1);
    });
    child.on("close", (code) => {
      process.stdout.write(Buffer.concat(printed));
      done(code ?? 1);
    });
  });
}

function dockerAnswers() {
  const socket = (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock").replace(/^unix:\/\//, "");
  if (!socket.startsWith("/")) return true;
  if (!existsSync(socket)) return false;
  const probe = `require("http").get({socketPath:${JSON.stringify(socket)},path:"/_ping",timeout:3000},r=>process.exit(r.statusCode===200?0:1)).on("error",()=>process.exit(1)).on("timeout",()=>process.exit(1))`;
  return spawnSync(process.execPath, ["-e", probe]).status === 0;
}
