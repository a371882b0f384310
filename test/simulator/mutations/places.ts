// Which host gets what, who is who, and records on their way to their places.

import type { Patch } from "../load.ts";
import type { Mutation } from "./mutation.ts";

const STORE = "durable-objects/activations/core.ts";
const ROWS = "durable-objects/activations/activation-rows.ts";
const HANDOVER = "durable-objects/activations/handover.ts";
const ARCHIVE = "durable-objects/activations/archive.ts";
const MOVER = "durable-objects/activations/mover.ts";
const SEGMENT_STEPS = "durable-objects/activations/segment-steps.ts";
const HOST_LINK = "durable-objects/scheduler/host-link.ts";
const ADMISSION = "durable-objects/scheduler/admission.ts";
const WORK_PULLER = "durable-objects/scheduler/work-puller.ts";
const MATCHING = "src/protocol/matching.ts";
const ANY_HOST: Patch = { file: STORE, find: /host === undefined \|\| canRun\(host, need\)/, replace: "true" };
const NO_PAUSE: Patch = { file: WORK_PULLER, find: /next\.from = this\.#ports\.now\(\) \+ pause;/, replace: "" };

export const PLACES: Mutation[] = [
  {
    name: "stores are asked for work by memory alone",
    seed: 40,
    patches: [ANY_HOST],
  },
  {
    name: "stores are asked by memory alone, and again at once when nothing came of it",
    seed: 14,
    patches: [ANY_HOST, NO_PAUSE],
  },
  {
    name: "what nobody can run keeps all memory free for itself",
    seed: 33,
    patches: [
      ANY_HOST,
      { file: WORK_PULLER, find: /Math\.min\(memory, candidate\.wantedMb\)/, replace: "memory" },
      { file: WORK_PULLER, find: /const MAX_PAUSE_MS = 30_000;/, replace: "const MAX_PAUSE_MS = 1;" },
    ],
  },
  {
    name: "nobody asks for the kind",
    patches: [{ file: MATCHING, find: /if \(runtime\.kind === kind\) return true;/, replace: "return true;" }],
    seed: 5,
  },
  {
    name: "nobody asks for labels",
    patches: [{ file: MATCHING, find: /labels\.every\(\(label\) => /, replace: "labels.every((label) => true || " }],
    seed: 4,
  },
  {
    name: "only the kind of the oldest row is asked for",
    seed: 14,
    patches: [
      {
        file: "durable-objects/activations/queue.ts",
        find: /\.filter\(\(head\) => /,
        replace: ".slice(0, 1).filter((head) => ",
      },
    ],
  },
  {
    name: "what nobody can run waits for ever",
    seed: 15,
    patches: [{ file: ROWS, find: /if \(this\.waiting === 0\) return \[\];/, replace: "return [];" }],
  },
  {
    name: "two machines' clocks are compared",
    seed: 14,
    patches: [
      {
        file: "durable-objects/activations/offer-queue.ts",
        find: /\{ epoch: target\.epoch \}\)/,
        replace: "{ epoch: target.epoch, at: this.#ports.now() })",
      },
      {
        file: ADMISSION,
        find: /const isStale = [^;]*;/,
        replace: "const isStale = Date.now() - options.at > 3_000;",
      },
    ],
  },
  {
    name: "whoever hangs is waited for without end",
    patches: [
      {
        file: "durable-objects/shared/deadline.ts",
        find: /const cancel = after\(ms, [^;]*;/,
        replace: "const cancel = () => {};",
      },
    ],
    only: "scheduler-mute",
    seed: 2,
  },
  {
    name: "a host is believed about what it was not granted",
    patches: [
      {
        file: "durable-objects/scheduler/grants.ts",
        find: /if \(this\.#proofs\(\)\.isLease\(.*\)\)/,
        replace: "if (true)",
      },
    ],
    seed: 16,
  },
  {
    name: "a lease is good for any host",
    patches: [
      {
        file: "src/protocol/proofs.ts",
        find: /JSON\.stringify\(\[host, id, attempt/,
        replace: 'JSON.stringify(["", id, attempt',
      },
    ],
    seed: 45,
  },
  {
    name: "a second process of a host takes the line of the first",
    patches: [{ file: HOST_LINK, find: /(occupied\([^{]*\{)/, replace: "$1 return undefined;" }],
    only: "host-twin",
    seed: 2,
  },
  {
    name: "a store forgets who is barred when a call comes",
    patches: [{ file: STORE, find: /const barred = [^;]*;/, replace: "const barred = false;" }],
    only: "namespace-bar",
    seed: 2,
  },
  {
    name: "a batch of records is dropped on its way to the table",
    patches: [{ file: HANDOVER, find: /await table\.put\(this\.#namespaceId, records\);/, replace: "" }],
  },
  {
    name: "a segment is in the index before it is put",
    patches: [
      {
        file: HANDOVER,
        find: /const written = (await within\([^;]*;)\n([\s\S]*?)(this\.#land\([^;]*;)/,
        replace:
          'const members = records.map((each) => ({ ...each, offset: 0, length: 0 })); \
          const written = shelf === "r2" ? { bytes: 0, entries: members } : null; $2 $3 $1',
      },
    ],
    only: "shelf-down",
    seed: 4,
  },
  {
    name: "a record is let go before its shelf has confirmed it",
    patches: [
      {
        file: HANDOVER,
        find: /const records = this\.#load\(shelf, flight\.ids\);/,
        replace:
          "$& this.#sql.exec(\"UPDATE records SET kept = 2, record = '' WHERE \" + WHICH, JSON.stringify(flight.ids));",
      },
    ],
    only: "shelf-steps",
    seed: 4,
  },
  {
    name: "an id is taken for a new one when its tombstone has gone",
    patches: [
      {
        file: ARCHIVE,
        find: /return old\.length === 0 \? undefined : this\.#recall\(old\);/,
        replace: "return undefined;",
      },
    ],
    seed: 4,
  },
  {
    name: "what was handed over is not looked for",
    patches: [{ file: ARCHIVE, find: /const kept = await this\.#read\(id\);/, replace: "const kept = null;" }],
  },
  {
    name: "nobody hands over what an earlier incarnation left",
    patches: [{ file: HANDOVER, find: /pending: late \?\? pending/, replace: "pending: null" }],
    only: "shelf-steps",
  },
  {
    name: "an end that is told again is counted again",
    patches: [
      {
        file: "durable-objects/activations/records.ts",
        find: /(if \(!this\.keep\(record,[^;]*;)\s*(this\.ended\(record, kept\);)/,
        replace: "$2 $1",
      },
    ],
  },
  {
    name: "activations that end together are not counted",
    patches: [
      {
        file: "durable-objects/activations/figures.ts",
        find: /for \(const (\{ at, key, figures \}) of pending\.values\(\)\) this\.#write\(at, key, figures\);/,
        replace: "for (const $1 of pending.values()) if (figures.count === 1) this.#write(at, key, figures);",
      },
    ],
  },
  {
    name: "a segment is taken for one whose records are in the table before they are",
    seed: 5,
    patches: [{ file: SEGMENT_STEPS, find: /await this\.#put\(table, records\);/, replace: "" }],
    only: "mode-change",
  },
  {
    name: "what lies in a segment already is copied into another one",
    seed: 3,
    patches: [{ file: MOVER, find: /else if \(this\.#segments\.keyOf\(row\.id\) === undefined\)/, replace: "else" }],
    only: "mode-change",
  },
  {
    name: "a segment that was put and not indexed is left",
    seed: 1,
    patches: [{ file: MOVER, find: /this\.#segments\.leave\(key, [^;]*;/, replace: "" }],
    only: "mode-change",
  },
];
