// `npm run bench`: installs what is missing, then measures. `npm run bench -- --help` names the benches,
// `npm run bench -- records --help` what one measures and its options.

import { readFileSync } from "node:fs";
import { ensureInstalled, runPinned } from "../../runtime-host/program/launch.mjs";

const BENCHES = {
  records: "records.ts",
  moves: "record-moves.ts",
  handover: "record-handover.ts",
  ledger: "record-ledger.ts",
  events: "events.ts",
  forwarding: "forwarding.ts",
  teams: "teams.ts",
  metrics: "metrics.ts",
  tail: "trace.ts",
  console: "console.ts",
};

const [first = "", ...rest] = process.argv.slice(2);
const name = Object.hasOwn(BENCHES, first) ? first : null;
if (first !== "" && name === null && !first.startsWith("-")) {
  console.error(
    `There is no bench "${first}". There are: ${Object.keys(BENCHES).join(", ")}; without a name all of bench.ts.`,
  );
  process.exit(2);
}
if (name !== null && rest.includes("--help")) {
  describe(BENCHES[name]);
  process.exit(0);
}
const install = await ensureInstalled({ dev: true });
if (install.code !== 0) process.exit(install.code);
if (name === null) runPinned("test/bench/bench.ts", process.argv.slice(2));
else runPinned(`test/bench/${BENCHES[name]}`, rest);

/** What its first lines say, and the options that it parses with their defaults. */
function describe(file) {
  const text = readFileSync(new URL(file, import.meta.url), "utf8");
  const [about] = text.split(/^(?!\/\/)/m);
  console.log(about.replaceAll(/^\/\/ /gm, ""));
  for (const [, option, value] of text.matchAll(/(\w+): \{ type: "(?:string|boolean)"(?:, default: ([^}]*?))? \}/g))
    console.log(`  --${option}${value === undefined ? "" : ` (${value})`}`);
}
