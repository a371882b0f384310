// `npm run bench -- teams`: what roles and quotas cost a warm call, what one namespace's flood costs a neighbour, how
// long a page of 10,000 namespaces takes, and a namespace with many records to go.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { median, sampleOf, timed } from "./load.ts";
import { neighbours } from "./neighbours.ts";
import { differences, measurePairs } from "./pairs.ts";
import { blocking, prepared, TeamPlatform, type Tenant } from "./team-platform.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "calls,neighbours,pages,deletion" },
    pairs: { type: "string", default: "15" },
    calls: { type: "string", default: "5000" },
    into: { type: "string", default: "" },
    records: { type: "string", default: "100000" },
    callers: { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
    floods: { type: "string", default: "" },
    engine: { type: "string", default: "process" },
  },
});
const only = new Set(values.only.split(","));
/** Far from being reached: what is measured is the asking. */
const LIMITS = { invocationsPerMinute: 10_000_000, concurrentInvocations: 10_000 };
/** Namespaces, and subjects, that are listed. */
const MANY = 10_000;
/** s for which a deletion goes on without a pause. */
const AT_ONCE_S = 20;
const engine = values.engine === "docker" ? "docker" : "process";
const platform = new TeamPlatform(engine);
const elsewhere = new TeamPlatform(engine);

try {
  await platform.start();
  if (only.has("calls")) await calls();
  if (only.has("neighbours")) {
    await elsewhere.start();
    const floods = new Set(values.floods.split(",").filter((each) => each !== ""));
    const { callers, rounds } = values;
    await neighbours({ here: platform, elsewhere, callers: Number(callers), rounds: Number(rounds), floods });
    await elsewhere.stop();
  }
  if (only.has("pages")) await pages();
  if (only.has("deletion")) await deletion();
} finally {
  await platform.close();
  await elsewhere.close();
}

/** In one namespace each, so that nothing is shared but the platform. */
async function calls(): Promise<void> {
  const owner = await prepared(await platform.tenant("bench-owner"));
  const scoped = async (name: string, limits: object) => {
    const home = await prepared(await platform.tenant(name, { limits }));
    const subject = `${name}-developer`;
    const order = { subject, namespace: name, role: "developer", scope: ["a", "b/*"] };
    return { ...home, key: (await platform.admin<{ key: string }>("POST", "identities", order)).key };
  };
  const others: [string, Tenant][] = [
    ["a developer's key with a scope", await scoped("bench-scoped", {})],
    ["the same in a namespace with limits", await scoped("bench-limited", LIMITS)],
  ];
  console.log(
    `\n| ${values.pairs} pairs of ${values.calls} warm calls, 1 caller | p50 ms of an owner's | difference of p50, ms (95 %) | the same of blocks |\n|---|---|---|---|`,
  );
  const count = Number(values.calls);
  const timesOf = (of: Tenant) => (some: number) =>
    timed(of.pool, blocking(of), { callers: 1, calls: some, status: 200 });
  for (const [name, other] of others) {
    const pairs = await measurePairs({
      ...{ name: `${name} ${engine} ${count}`, pairs: Number(values.pairs), calls: count, into: values.into },
      plain: timesOf(owner),
      other: timesOf(other),
    });
    const { ofPairs, ofBlocks } = differences(pairs, (plain, ours) => ours - plain);
    const text = ({ middle, low, high }: typeof ofPairs) =>
      `${middle.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
    const plain = median(pairs.map((each) => each.plain)).toFixed(3);
    console.log(`| ${name} | ${plain} | ${text(ofPairs)} | ${text(ofBlocks)} |`);
  }
}

/** As who lists them sees it: over HTTP, page after page, the last one too. */
async function pages(): Promise<void> {
  await offline((open) => {
    const database = open("namespaces");
    database.exec(`CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})
        SELECT i, printf('many-%05d', i) AS name FROM n;
      INSERT INTO namespaces (name, limits, id) SELECT name, '{}', 'id-' || i FROM n;
      INSERT INTO subjects (subject, created) SELECT name, i FROM n;
      INSERT INTO identities (uuid, subject, namespace, lookup, sealed_key, created)
        SELECT 'uuid-' || i, name, name, 'l', 'v1.', i FROM n`);
    database.close();
  });
  console.log(`\n| ${MANY} of each, in pages of 500 | pages | p50 ms | longest ms |\n|---|---|---|---|`);
  for (const list of ["namespaces", "identities"]) {
    const times: number[] = [];
    let seen = 0;
    for (let round = 0; round < 3; round++) {
      let after: string | null = "many-";
      while (after !== null) {
        const began = performance.now();
        const page: { items: unknown[]; next: string | null } = await platform.admin(
          "GET",
          `${list}?limit=500&after=${encodeURIComponent(after)}`,
        );
        times.push(performance.now() - began);
        seen += page.items.length;
        after = page.next;
      }
    }
    if (seen < 3 * MANY) throw new Error(`only ${seen} ${list} were listed in three rounds`);
    const { count, p50, longest } = sampleOf(times);
    console.log(`| ${list} | ${count} | ${p50.toFixed(1)} | ${longest.toFixed(1)} |`);
  }
}

async function deletion(): Promise<void> {
  const count = Number(values.records);
  const { namespace } = await platform.tenant("bench-gone");
  const { id } = await platform.admin<{ id: string }>("GET", `namespaces/${namespace}`);
  await offline((open) => {
    const database = open("records");
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}),
        made AS (SELECT printf('%012x00', 1700000000000 + i) || lower(hex(randomblob(9))) AS id, 1700000000000 + i AS start FROM n)
      INSERT INTO records (id, namespace_id, list_name, start, ended, duration, namespace, subject, kind, status_code, checksum, record)
      SELECT id, '${id}', 'a', start, start + 7, 7, '${namespace}', 'x', 'nodejs:20', 0, 0, json_object('activationId', id,
        'result', json_object('inline', '{}'), 'logs', json_object('inline', '["${"x".repeat(400)}"]')) FROM made`);
    database.close();
  });
  const began = performance.now();
  await platform.admin("DELETE", `namespaces/${namespace}`, { confirm: namespace });
  for (;;) {
    const { stage, gone } = await platform.admin<{ stage: string; gone: { records: number } }>(
      "GET",
      `namespaces/${namespace}/deletion`,
    );
    if (stage === "late" || stage === "done") {
      const seconds = (performance.now() - began) / 1_000;
      // Twenty seconds at once, and then of each minute: this one is to be done within the first.
      const work = (seconds / gone.records) * 1e6;
      const million = work <= AT_ONCE_S ? work : AT_ONCE_S + ((work - AT_ONCE_S) / AT_ONCE_S) * 60;
      console.log(`\n| deletion of a namespace with ${gone.records} records | s |\n|---|---|`);
      console.log(`| all gone but what may still run | ${seconds.toFixed(1)} |`);
      console.log(`| what 1,000,000 would take at this pace, with its pauses | ${million.toFixed(0)} |`);
      return;
    }
    await sleep(250);
  }
}

/** Writes to the databases while nobody has them. `open`: the one that has this table. */
async function offline(write: (open: (table: string) => DatabaseSync) => void): Promise<void> {
  await platform.stop();
  write((table) => {
    const folder = join(platform.state, "v3/d1/miniflare-D1DatabaseObject");
    for (const name of readdirSync(folder).filter((each) => each.endsWith(".sqlite") && each !== "metadata.sqlite")) {
      const database = new DatabaseSync(join(folder, name));
      const found = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
      if (found !== undefined) return database;
      database.close();
    }
    throw new Error(`no database has the table ${table}`);
  });
  await platform.start();
}
