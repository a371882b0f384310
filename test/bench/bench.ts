// `npm run bench`: the measures of measures.ts in one run, interleaved and repeated, as a table or JSON. Medians over
// the repeats with their spread; machines are noisy, so each line also stands as a ratio to
// the container called directly.

import { parseArgs } from "node:util";
import type { Pool } from "undici";
import { type Platform, startPlatform } from "../support/platform.ts";
import { type Direct, startDirect } from "./direct.ts";
import { connect, median, type Sample, spread } from "./load.ts";
import { LOG_LETTER, logLines } from "./logs.ts";
import * as measures from "./measures.ts";
import { openPool, POOL_LETTERS } from "./pool.ts";
import { TAIL_LETTER, type TailLine, tailLines } from "./tail.ts";

const HELP = `npm run bench -- [options]
  --engine docker|process   engine to measure (docker)
  --repeats N               rounds, interleaved (5)
  --seconds S               length of one closed-loop measure (2)
  --only a,b,…              lines of the table by letter
  --json                    print JSON
npm run bench -- records    what reading records takes with a million of them
npm run bench -- handover   what handing records over costs the calls, how fast a backlog drains, and whether one grows
npm run bench -- ledger     how large an object's database becomes over a million activations
npm run bench -- moves      very many records from D1 to R2, while workerd is killed
npm run bench -- events     messages of brokers, schedules, webhooks and known events against their targets
npm run bench -- forwarding what a hook for records costs blocking calls
npm run bench -- teams      what roles and quotas cost, and neighbours; how long a deletion takes
npm run bench -- metrics    what counting costs a warm call; how long a scrape of a thousand actions takes, and how old it is
npm run bench -- tail       10,000 warm calls hop by hop, what the slowest took more, and memory by process (--calls, --callers)
npm run bench -- console    how long the web console's views take, and how soon a line of a log is seen
  --help`;

interface Line {
  letter: string;
  name: string;
  unit: "p50 ms" | "p99 ms" | "p50 µs" | "per s" | TailLine["unit"];
  run(): Promise<Sample>;
}

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "docker" },
    repeats: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", default: `a,b,c,d,e,f,g,h,i,${LOG_LETTER},${POOL_LETTERS},${TAIL_LETTER}` },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const engine = values.engine === "process" ? "process" : "docker";
const ms = Number(values.seconds) * 1000;
const repeats = Number(values.repeats);
const only = new Set(values.only.split(","));

const FIGURES: Record<Line["unit"], (sample: Sample) => number> = {
  "p50 ms": ({ p50 }) => p50,
  "p50 µs": ({ p50 }) => 1000 * p50,
  "p99 ms": ({ p99 }) => p99,
  "p99.9 ms": ({ p999 }) => p999,
  "longest ms": ({ longest }) => longest,
  "p99 / p50": ({ p50, p99 }) => p99 / p50,
  "per s": ({ rate }) => rate,
  MB: ({ rate }) => rate,
};

/** Units whose figures are printed without decimals. */
const WHOLE: ReadonlySet<Line["unit"]> = new Set(["per s", "p50 µs", "MB"]);

/** Rules of the triggers that are fired. */
const RULES = [1, 10, 50];

const closers: (() => Promise<unknown>)[] = [];
try {
  await main();
} finally {
  for (const close of closers.reverse()) await close();
}

async function main(): Promise<void> {
  note(`engine ${engine}, ${repeats} rounds`);
  const direct = await startDirect(engine);
  closers.push(() => direct.stop());
  const plain = await platform([]);
  const unprepared = only.has("d") ? await platform([], { EDGEWHISK_PREWARM: "none" }) : plain;
  const delayed = only.has("f") ? await platform(["--var", "BENCH_COMMIT_DELAY=10"]) : plain;
  const strained = await openPool(only, { engine, ms });
  closers.push(() => strained.stop());
  const lines = [...(await linesOf(direct, { plain, unprepared, delayed })), ...strained.lines];
  const seen = new Map<Line, Sample[]>(lines.map((line) => [line, []]));
  for (let round = 0; round < repeats; round++) {
    for (const line of lines) {
      const sample = await line.run();
      seen.get(line)?.push(sample);
      note(`round ${round + 1}: ${line.letter} ${line.name}: ${figureOf(line, sample).toFixed(2)} ${line.unit}`);
    }
  }
  report(lines, seen);
}

async function platform(flags: string[], env: Record<string, string> = {}): Promise<Platform> {
  const started = await startPlatform({ engine, flags, env });
  closers.push(() => started.stop());
  note(`platform at ${started.url} ${[...flags, ...Object.keys(env)].join(" ")}`);
  const pool = client(started.url, 16);
  await measures.createAction(pool, "bench-noop");
  await measures.createAction(pool, "bench-accept");
  await measures.createSequence(pool);
  await measures.warm(pool, 16, 1000);
  return started;
}

interface Platforms {
  plain: Platform;
  /** No prewarmed containers. */
  unprepared: Platform;
  /** 10 ms added to each commit. */
  delayed: Platform;
}

async function linesOf(direct: Direct, { plain, unprepared, delayed }: Platforms): Promise<Line[]> {
  const floor = client(direct.url, 16);
  const pool = client(plain.url, 16);
  const side = client(plain.url, 4);
  const bare = client(unprepared.url, 1);
  const slow = client(delayed.url, 1);
  const slowSide = client(delayed.url, 4);
  const actions = 100;
  if (only.has("e")) {
    for (let n = 0; n < actions; n++) await measures.createAction(pool, `bench-many-${n}`, { memory: 128 });
    await measures.warmUp(pool, { actions });
  }
  for (const rules of only.has("i") ? RULES : []) await measures.createHook(pool, rules);
  const logs = only.has(LOG_LETTER) ? await logLines(pool, ms) : [];
  const all: Line[] = [
    {
      letter: "a",
      name: "container called directly, 1 caller",
      unit: "p50 ms",
      run: () => measures.direct(floor, 1, ms),
    },
    {
      letter: "a",
      name: "container called directly, 16 callers",
      unit: "per s",
      run: () => measures.direct(floor, 16, ms),
    },
    { letter: "b", name: "warm blocking invoke, 1 caller", unit: "p50 ms", run: () => measures.warm(pool, 1, ms) },
    { letter: "b", name: "warm blocking invoke, 16 callers", unit: "per s", run: () => measures.warm(pool, 16, ms) },
    { letter: "b", name: "warm blocking invoke, 16 callers", unit: "p99 ms", run: () => measures.warm(pool, 16, ms) },
    { letter: "c", name: "non-blocking accept, 16 callers", unit: "per s", run: () => measures.accept(pool, 16, ms) },
    {
      letter: "d",
      name: "cold start, prewarmed container",
      unit: "p50 ms",
      run: () => measures.cold(pool, { memory: 256, count: 5, label: "prewarmed" }),
    },
    {
      letter: "d",
      name: "cold start, nothing prewarmed",
      unit: "p50 ms",
      run: () => measures.cold(bare, { memory: 256, count: 5, label: "none" }),
    },
    {
      letter: "e",
      name: "one 128 MB action, 16 callers",
      unit: "per s",
      run: () => measures.hundred(pool, { actions: 1, ms }),
    },
    {
      letter: "e",
      name: "100 different 128 MB actions in turn",
      unit: "per s",
      run: () => measures.hundred(pool, { actions, ms }),
    },
    {
      letter: "f",
      name: "blocking under non-blocking load",
      unit: "p50 ms",
      run: () => measures.underLoad(pool, side, ms),
    },
    {
      letter: "f",
      name: "the same, 10 ms added to each commit",
      unit: "p50 ms",
      run: () => measures.underLoad(slow, slowSide, ms),
    },
    {
      letter: "g",
      name: "warm calls while 48 MB is uploaded",
      unit: "p99 ms",
      run: () => measures.underUpload(pool, side, ms),
    },
    {
      letter: "h",
      name: `sequence of ${measures.STEPS} noops, 1 caller`,
      unit: "p50 ms",
      run: () => measures.sequence(pool, 1, ms),
    },
    {
      letter: "h",
      name: "one step of it over the plain invoke",
      unit: "p50 µs",
      run: () => measures.perStep(pool, ms),
    },
    {
      letter: "h",
      name: `sequence of ${measures.STEPS} noops, 16 callers`,
      unit: "per s",
      run: () => measures.sequence(pool, 16, ms),
    },
    ...RULES.map(
      (rules): Line => ({
        letter: "i",
        name: `fire with ${rules} ${rules === 1 ? "rule" : "rules"}`,
        unit: "p50 ms",
        run: () => measures.fire(pool, { rules, ms }),
      }),
    ),
    ...logs,
    ...(only.has(TAIL_LETTER) ? tailLines(pool, plain, ms) : []),
  ];
  return all.filter((line) => line.letter === "a" || only.has(line.letter));
}

function report(lines: Line[], seen: Map<Line, Sample[]>): void {
  const rows = lines.map((line) => {
    const samples = (seen.get(line) ?? []).map((sample) => figureOf(line, sample));
    return {
      letter: line.letter,
      name: line.name,
      unit: line.unit,
      median: median(samples),
      spread: spread(samples),
      samples,
    };
  });
  const floor = { ms: rows[0]?.median ?? Number.NaN, rate: rows[1]?.median ?? Number.NaN };
  const full = rows.map((row) => ({
    ...row,
    toFloor: toFloor(row, floor),
  }));
  if (values.json) {
    console.log(JSON.stringify({ engine, repeats, node: process.version, lines: full }, null, 2));
    return;
  }
  console.log(`\n| | what | median | spread | against (a) |\n|---|---|---|---|---|`);
  for (const row of full) {
    const value = `${row.median.toFixed(WHOLE.has(row.unit) ? 0 : 2)} ${row.unit}`;
    console.log(`| ${row.letter} | ${row.name} | ${value} | ±${(100 * row.spread).toFixed(0)} % | ${row.toFloor} |`);
  }
}

function toFloor({ unit, median: value }: { unit: Line["unit"]; median: number }, floor: { ms: number; rate: number }) {
  if (unit === "p50 µs" || unit === "p99 / p50" || unit === "MB") return "";
  return unit === "per s" ? `${((100 * value) / floor.rate).toFixed(1)} %` : `+${(value - floor.ms).toFixed(2)} ms`;
}

function figureOf({ unit }: Line, sample: Sample): number {
  return FIGURES[unit](sample);
}

function client(url: string, callers: number): Pool {
  const pool = connect(url, callers);
  closers.push(() => pool.close());
  return pool;
}

function note(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
