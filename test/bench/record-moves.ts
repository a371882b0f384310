// `npm run bench -- moves`: very many records go from D1 to R2 while workerd is killed -9 again and again: how long it
// takes, that whoever reads meanwhile gets what there is, and that every one of them is there afterwards, once, in its
// place. Ends with 1 where one is not. With --state it may be done in several runs: each goes on where the last one
// was, for --minutes.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { basic, GUEST, type Platform, ready, startPlatform } from "../support/platform.ts";
import { fill, NAMES, open, prepare } from "./record-maker.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "100000" },
    kills: { type: "string", default: "5" },
    minutes: { type: "string", default: "60" },
    state: { type: "string" },
  },
});
const count = Number(values.records);
/** ms of a tick, in which Linux counts. */
const TICK_MS = 10;
/** ms between two looks. */
const LOOK_MS = 1_000;
/** Records that are asked for one by one, and pages of lists. */
const SAMPLES = 300;
const PAGES = 20;
const PAGE = 200;
/** Looks between two at which somebody reads, so that what workerd takes is nearly all of the moving; and how much. */
const READ_EACH = 20;
const READS = 3;
const RECORDS = "/api/v1/namespaces/_/records";
const MAX_TOLD = 20;

interface Made {
  id: string;
  start: number;
}

const state = values.state ?? mkdtempSync(join(tmpdir(), "edgewhisk-bench-moves-"));
const listed = join(state, "made.json");
try {
  if (await isMade()) await measure();
  else console.log("not all records are made yet: the same again, with --state, goes on");
} finally {
  if (values.state === undefined) rmSync(state, { recursive: true, force: true });
}

/** False: the time was up before. */
async function isMade(): Promise<boolean> {
  if (existsSync(listed)) return true;
  const end = performance.now() + Number(values.minutes) * 60_000;
  if (!existsSync(join(state, "v3"))) await prepare(state);
  if ((await fill(state, count, { end })) < count) return false;
  writeFileSync(listed, JSON.stringify(listOf()));
  return true;
}

async function measure(): Promise<void> {
  const made = JSON.parse(readFileSync(listed, "utf8")) as Made[];
  const platform = await startPlatform({ engine: "process", state, flags: ["--activation-store", "r2"] });
  try {
    const { ms, kills, moved, share, isOver, reads, faults } = await move(platform, made);
    const rate = Math.round((moved * 1_000) / ms);
    console.log(
      `${moved} steps of records, two each, in ${(ms / 1_000).toFixed(0)} s (${rate}/s), ${kills} times killed -9; ` +
        `workerd took ${(share * 100).toFixed(0)} % of a core; ${reads} times a record, a page and the count were ` +
        `read meanwhile, ${faults.length === 0 ? "all as they should be" : "not all as they should be:"}`,
    );
    if (isOver) {
      faults.push(...(await check(platform, made)), ...(await checkEach(platform, made)));
      if (faults.length === 0) console.log(`${made.length}: each is there once, in its place`);
    }
    for (const fault of faults.slice(0, MAX_TOLD)) console.log(fault);
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    await platform.stop();
  }
}

/** As lists show them. */
function listOf(): Made[] {
  const database = open(state, "records");
  const rows = database.prepare("SELECT id, start FROM records ORDER BY start DESC, id DESC").all();
  database.close();
  return rows as unknown as Made[];
}

interface Moving {
  /** How often somebody read meanwhile, and what was not as it should be. */
  reads: number;
  faults: string[];
  ms: number;
  kills: number;
  /** Steps that were made in this time: a record is copied, and goes from where it was. */
  moved: number;
  /** Of a core, that workerd took. */
  share: number;
  isOver: boolean;
}

async function move(platform: Platform, made: readonly Made[]): Promise<Moving> {
  const faults: string[] = [];
  let reads = 0;
  const began = performance.now();
  await admin(platform, "POST", { to: "r2" });
  const before = (await admin(platform, "GET")).items.reduce((sum, each) => sum + each.moved, 0);
  const most = 2 * count - before;
  let kills = 0;
  let moved = 0;
  let spent = 0;
  let last = processorMs(platform);
  for (let look = 1; ; look++) {
    await sleep(LOOK_MS);
    if (look % READ_EACH === 0) {
      for (let at = 0; at < READS; at++) faults.push(...(await readOnce(platform, made)));
      reads += READS;
    }
    const { items } = await admin(platform, "GET");
    const told = items.reduce((sum, each) => sum + each.moved, 0) - before;
    const now = processorMs(platform);
    spent += now - last;
    last = now;
    if (told !== moved) console.error(`moved ${told} (steps of two phases), killed ${kills} times`);
    moved = told;
    const isOver = items.every(({ state: each }) => each === "done" || each === "none");
    const ms = performance.now() - began;
    if (isOver || ms > Number(values.minutes) * 60_000)
      return { ms, kills, moved, share: spent / ms, isOver, reads, faults };
    if (kills < Number(values.kills) && moved >= ((kills + 1) * most) / (Number(values.kills) + 1)) {
      for (const pid of platform.pids().workerd) process.kill(pid, "SIGKILL");
      kills++;
      while (!(await ready(platform.url))) await sleep(100);
      last = processorMs(platform);
    }
  }
}

/** ms of processor time that the workerd which lives has taken. */
function processorMs(platform: Platform): number {
  const ticks = platform.pids().workerd.flatMap((pid) => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return [Number(fields[11]) + Number(fields[12])];
  });
  return ticks.reduce((sum, each) => sum + each, 0) * TICK_MS;
}

function comparing(faults: string[]) {
  return (what: string, found: unknown, expected: unknown): void => {
    const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
    if (one !== other) faults.push(`${what}: ${one.slice(0, 300)} and not ${other.slice(0, 300)}`);
  };
}

/** Some record, the page behind it, and how many there are. */
async function readOnce(platform: Platform, made: readonly Made[]): Promise<string[]> {
  const faults: string[] = [];
  const equal = comparing(faults);
  const at = Math.floor(Math.random() * made.length);
  const { id } = made[at]!;
  const { status, body } = await ask(platform, `activations/${id}`);
  equal(`${id} meanwhile`, [status, body.response?.result], [200, { greeting: `hello ${id}` }]);
  const page = (await exportedFrom(platform, made[at]!)).map((each) => each.activationId);
  const behind = made.slice(at + 1, at + 1 + PAGE).map((each) => each.id);
  equal(`the page behind ${id} meanwhile`, page, behind);
  equal("the count meanwhile", (await ask(platform, "activations?count=true")).body, { activations: count });
  return faults;
}

/** Every record, by the export of all of them: its id, its start, what it said, in the order of lists. */
async function checkEach(platform: Platform, made: readonly Made[]): Promise<string[]> {
  const faults: string[] = [];
  const equal = comparing(faults);
  let last: Made | undefined;
  for (let at = 0; at < made.length && faults.length < MAX_TOLD; ) {
    const page = await exportedFrom(platform, last);
    if (page.length === 0) break;
    for (const { activationId, start, result } of page) {
      const expected = made[at++];
      const greeting = JSON.stringify({ greeting: `hello ${expected?.id}` });
      equal(`the ${at}th of all`, [activationId, start, result.inline], [expected?.id, expected?.start, greeting]);
    }
    last = made[at - 1];
    if (at % 100_000 === 0) console.error(`looked at ${at} of ${made.length}`);
  }
  equal("the last of all", last, made.at(-1));
  equal("behind the last", await exportedFrom(platform, last), []);
  return faults;
}

interface Exported {
  activationId: string;
  start: number;
  result: { inline: string };
}

/** The page of the export behind this record, or the first one. */
async function exportedFrom({ url }: Platform, last: Made | undefined): Promise<Exported[]> {
  const cursor = last === undefined ? "" : `?cursor=${last.start}.${last.id}`;
  const response = await fetch(`${url}${RECORDS}${cursor}`, { headers: { authorization: basic(GUEST) } });
  const lines = (await response.text()).trimEnd().split("\n");
  const found = lines.map((line) => JSON.parse(line) as { record?: Exported; page?: { records: number } });
  const end = found.pop()?.page?.records;
  if (response.status !== 200 || end !== found.length)
    throw new Error(`a page of the export: ${response.status}, ${end}`);
  return found.flatMap(({ record }) => record ?? []);
}

async function check(platform: Platform, made: readonly Made[]): Promise<string[]> {
  const faults: string[] = [];
  const equal = comparing(faults);
  equal("all", (await ask(platform, "activations?count=true")).body, { activations: count });
  const ofName = Array.from({ length: count }, (_, at) => at % NAMES).filter((name) => name === 7).length;
  equal("of a name", (await ask(platform, "activations?count=true&name=action7")).body, { activations: ofName });
  const rows = open(state, "records");
  equal("rows that are left in D1", rows.prepare("SELECT count(*) AS n FROM records").get()?.n, 0);
  rows.close();
  for (let at = 0; at < SAMPLES; at++) {
    const { id, start } = made[Math.floor((at / SAMPLES) * made.length)]!;
    const { status, body } = await ask(platform, `activations/${id}`);
    equal(id, [status, body.activationId, body.start], [200, id, start]);
    equal(`what ${id} said`, body.response?.result, { greeting: `hello ${id}` });
  }
  for (let at = 0; at < PAGES; at++) {
    const from = Math.floor((at / PAGES) * (made.length - PAGE));
    const { start } = made[from]!;
    const page = (await ask(platform, `activations?limit=${PAGE}&upto=${start}`)).body;
    const first = made.findIndex((each) => each.start <= start);
    const told = (page as unknown as { activationId: string }[]).map((each) => each.activationId);
    equal(
      `the page from ${start}`,
      told,
      made.slice(first, first + PAGE).map((each) => each.id),
    );
  }
  return faults;
}

interface Answer {
  activationId?: string;
  start?: number;
  response?: { result: unknown };
}

async function ask({ url }: Platform, path: string): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${url}/api/v1/namespaces/_/${path}`, { headers: { authorization: basic(GUEST) } });
  return { status: response.status, body: (await response.json()) as Answer };
}

async function admin(
  { url }: Platform,
  method: string,
  body?: object,
): Promise<{ items: { state: string; moved: number }[] }> {
  const { adminToken } = JSON.parse(readFileSync(join(state, "secrets.json"), "utf8"));
  const response = await fetch(`${url}/admin/v1/records/move`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} records/move: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}
