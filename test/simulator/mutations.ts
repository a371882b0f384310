// Bugs that the simulator must find: each is a patch of one rule in the product's text, with the promise it breaks.
// Where two parts guard the same promise, the mutation takes both guards away, since one alone is meant to suffice.

import type { Patch } from "./load.ts";
import type { Fault } from "./world/scenario.ts";

export interface Mutation {
  name: string;
  patches: Patch[];
  /** Seeds with this one fault find it sooner. */
  only?: Fault;
  /** Found it last, and is tried first: where worlds have changed since, the others are tried as well. */
  seed?: number;
}

const RUN_CONTROLLER = "runtime-host/runs/run-controller.ts";
const ASSIGNMENTS = "runtime-host/runs/assignments.ts";
const SUBMIT = "src/invocation/submit.ts";
const STORE = "durable-objects/activations/core.ts";
const ROWS = "durable-objects/activations/activation-rows.ts";
const REOPEN = "durable-objects/activations/reopen.ts";
const RECONCILE = "durable-objects/activations/reconcile.ts";
const SCHEDULER = "durable-objects/scheduler/core.ts";
const THROTTLE = "durable-objects/throttle/permits.ts";
const LEASES = "durable-objects/throttle/leases.ts";
const SHARES = "src/invocation/permit-leases.ts";
const HANDOVER = "durable-objects/activations/handover.ts";
const ARCHIVE = "durable-objects/activations/archive.ts";
const MOVER = "durable-objects/activations/mover.ts";
const SEGMENT_STEPS = "durable-objects/activations/segment-steps.ts";
const FIRES = "durable-objects/activations/fires.ts";
const FAN_OUT = "src/invocation/fan-out.ts";
const RUNS = "durable-objects/composition/core.ts";
const DRIVER = "durable-objects/composition/driver.ts";
const HOST_LINK = "durable-objects/scheduler/host-link.ts";
const SESSION = "durable-objects/scheduler/host-session.ts";
const RUN_TABLE = "durable-objects/scheduler/run-table.ts";
const ADMISSION = "durable-objects/scheduler/admission.ts";
const WORK_PULLER = "durable-objects/scheduler/work-puller.ts";
const MATCHING = "src/protocol/matching.ts";
const ANY_HOST: Patch = { file: STORE, find: /host === undefined \|\| canRun\(host, need\)/, replace: "true" };
const NO_PAUSE: Patch = { file: WORK_PULLER, find: /next\.from = this\.#ports\.now\(\) \+ pause;/, replace: "" };

/** A guard that only the guard it stands behind keeps idle (the host's refusal of lower epochs, the match of leases)
 * has no mutation: no world in which the other one works can tell. */
export const MUTATIONS: Mutation[] = [
  {
    name: "202 is answered without a row",
    patches: [
      { file: STORE, find: /const fresh = this\.#rows\.accept\([^;]*;/, replace: "const fresh = invocations;" },
    ],
  },
  {
    name: "a call on the fast path never gets its row",
    patches: [{ file: SUBMIT, find: /(async function openRow\([^{]*\{)/, replace: "$1 return true;" }],
  },
  {
    name: "a call is sent elsewhere after its scheduler threw",
    patches: [
      {
        file: SUBMIT,
        find: /if \(reply === "unknown"\) \{/,
        replace: 'if (reply === "unknown") { if (row === undefined) return "elsewhere";',
      },
    ],
    only: "scheduler-crash",
    seed: 7,
  },
  {
    name: "a call whose scheduler refuses it late ends with an error",
    patches: [
      {
        file: SUBMIT,
        find: /return leaveToStore\(ports, call, \{ until, refusedBy: scheduler \}\);/,
        replace: 'return settle(ports, call, { until: 0, reason: "refused late" });',
      },
    ],
    seed: 924,
  },
  {
    name: "a row that was opened for a run which was refused is not heard of again",
    patches: [{ file: REOPEN, find: /WHERE id = \?1 AND state/, replace: "WHERE id = '' AND state" }],
    seed: 68,
  },
  {
    name: "nobody ends a call whose scheduler is lost",
    patches: [
      {
        file: SUBMIT,
        find: /\(\) => ports\.storeOf\(call\.invocation\)\.fail\([^)]*\)\)/,
        replace:
          "async () => recordOf(id, about, { completion: { statusCode: 3, result: { inline: reason }, size: 0, duration: 0, endedAgo: 0, timedOut: false, engine: 'none', ran: false }, now: ports.now() }))",
      },
    ],
    seed: 3,
  },
  {
    name: "the host hears `stored` for what the store did not take",
    patches: [
      {
        file: "durable-objects/scheduler/record-batcher.ts",
        find: /lane\.items\.unshift\(\.\.\.batch\);/,
        replace: "this.#settle(batch); return;",
      },
    ],
    seed: 16,
  },
  {
    name: "a restarted host forgets what it had kept",
    patches: [{ file: RUN_CONTROLLER, find: /for \(const kept of options\.kept\)/, replace: "for (const kept of [])" }],
    only: "cut-kill",
    seed: 7,
  },
  {
    name: "kept records are not sent again after a welcome",
    patches: [
      {
        file: RUN_CONTROLLER,
        find: /records\.resume\(assignments\.unacknowledged\(\)\)/,
        replace: "records.resume([])",
      },
    ],
  },
  {
    name: "a result is told before it is kept",
    seed: 31,
    patches: [
      {
        file: RUN_CONTROLLER,
        find: /this\.#reportSoon\(run\);\n {2}\}\n\n {2}collected/,
        replace: "this.#sendResult(run);\n  }\n\n  collected",
      },
    ],
    only: "pair-crash",
  },
  {
    name: "runs are sent again after each inventory, and the host starts what it knows",
    seed: 10,
    patches: [
      { file: RUN_TABLE, find: /if \(!named && run\.phase === "running"\)/, replace: 'if (run.phase === "running")' },
      { file: ASSIGNMENTS, find: /if \(this\.#running\.has\(name\)\) return[^;]*;/, replace: "" },
      { file: ASSIGNMENTS, find: /if \(kept !== undefined\) return[^;]*;/, replace: "" },
      { file: ASSIGNMENTS, find: /if \(this\.#past\.has\(name\)\) return[^;]*;/, replace: "" },
    ],
    only: "socket-cut",
  },
  {
    name: "a new incarnation takes no new epoch",
    seed: 10,
    patches: [{ file: SESSION, find: /(this\.#epoch, seen\)) \+ 1/, replace: "$1 || 1" }],
    only: "pair-crash",
  },
  {
    name: "the inventory is not awaited",
    seed: 29,
    patches: [
      {
        file: SESSION,
        find: /(this\.#link\.introduced\(report\.boot\);\n {4}this\.welcome\(\);)/,
        replace: "$1 this.ready();",
      },
    ],
  },
  {
    name: "memory is free when a run is given up",
    patches: [
      {
        file: RUN_TABLE,
        find: /this\.#end\(run\);\n {4}if \(run\.origin/,
        replace: "this.#end(run); this.#release(run);\n    if (run.origin",
      },
      { file: ASSIGNMENTS, find: /state\.full \|\| this\.#used \+ cost > this\.#memory/, replace: "state.full" },
    ],
    only: "container-hang",
    seed: 2,
  },
  {
    name: "a scheduler does not say what it holds",
    patches: [{ file: SCHEDULER, find: /const held = ids\.filter\([^;]*;/, replace: "const held: string[] = [];" }],
    seed: 5,
  },
  {
    name: "a row that is out is offered again without asking",
    patches: [
      {
        file: RECONCILE,
        find: /if \(held \|\| now < row\.deadline\) return \{ kind: "wait" \};/,
        replace: 'return { kind: "again" };',
      },
    ],
  },
  {
    name: "a row is offered again after its host was restarted",
    seed: 10,
    patches: [{ file: RECONCILE, find: /if \(sameHost\)/, replace: "if (true || sameHost)" }],
    only: "pair-crash",
  },
  {
    name: "pulled rows are not marked",
    patches: [{ file: ROWS, find: /this\.offer\(ids, target, \{ now \}\);/, replace: "" }],
    seed: 3,
  },
  {
    name: "a second record takes the place of the first",
    patches: [
      {
        file: "durable-objects/activations/records.ts",
        find: /ON CONFLICT \(id\) DO NOTHING RETURNING/,
        replace: "ON CONFLICT (id) DO UPDATE SET record = excluded.record RETURNING",
      },
    ],
  },
  {
    name: "results of unknown ids are dropped",
    patches: [
      {
        file: ROWS,
        find: /const adopted = unproven[^;]*;/,
        replace: "const adopted = false;",
      },
    ],
  },
  {
    name: "waiting callers are forgotten",
    patches: [
      {
        file: "durable-objects/shared/waiters.ts",
        find: /for \(const waiter of waiting\) \{/,
        replace: "for (const waiter of []) {",
      },
    ],
    seed: 5,
  },
  {
    name: "the store's alarm is set once only",
    seed: 10,
    patches: [
      {
        file: STORE,
        find: /this\.#alarm\.moveTo\(next, wishes\);/,
        replace: "",
      },
      { file: STORE, find: /this\.#alarm\.wakeIn\(ASK_AFTER\);\n {4}const \{ wishes/, replace: "const { wishes" },
    ],
  },
  {
    name: "a fire is answered before it is a fact",
    patches: [{ file: FIRES, find: /this\.count \+= this\.#sql[^;]*;/, replace: "void due;" }],
  },
  {
    name: "a fan-out that was lost is not asked for again",
    seed: 14,
    patches: [
      { file: FIRES, find: /const done = this\.#ports\.resume\([^;]*;/, replace: "const done = Promise.resolve();" },
    ],
    only: "isolate-fire",
  },
  {
    name: "no alarm is set for fires",
    seed: 21,
    patches: [
      {
        file: STORE,
        find: /accepted: \(\) => this\.#alarm\.wakeIn\(RESUME_AFTER\),/,
        replace: "accepted: () => undefined,",
      },
      {
        file: FIRES,
        find: /const \{ due \} = /,
        replace: "if (this.count > 0) return Number.POSITIVE_INFINITY; const { due } = ",
      },
      // An alarm that was set for records serves what is due as well.
      { file: STORE, find: /this\.fires\.resume\(\);\n {4}if \(waiting/, replace: "if (waiting" },
    ],
    only: "isolate-fire",
  },
  {
    name: "rules' activations get fresh ids at each fan-out",
    patches: [{ file: FAN_OUT, find: /accept,\n {8}id,/, replace: "accept," }],
  },
  {
    name: "the record of a fire is written though a rule was not served",
    seed: 11,
    patches: [
      {
        file: FAN_OUT,
        find: /if \(became === "unknown"\) return false;/,
        replace: 'if (became === "unknown") return true;',
      },
    ],
  },
  {
    name: "a fire is forgotten without its record",
    patches: [{ file: FIRES, find: /const isNew = this\.#records\.keep\([^;]*;/, replace: "const isNew = true;" }],
  },
  {
    name: "a fan-out done again does not know what was started, and is refused its places",
    seed: 351,
    patches: [{ file: FAN_OUT, find: /known\.has\(rule\.id\)/, replace: "false" }],
    only: "isolate-fire",
  },
  {
    name: "inactive rules are served too",
    patches: [{ file: FAN_OUT, find: /if \(!active\) \{/, replace: "if (!active && !id) {" }],
    seed: 2,
  },
  {
    name: "the throttle counts no running activations",
    seed: 22,
    patches: [
      { file: THROTTLE, find: /this\.#places \+ this\.#leases\.places\(\) >= allowed\)/, replace: "allowed < 0)" },
    ],
  },
  {
    name: "the throttle never gets its places back",
    patches: [{ file: THROTTLE, find: /for \(const id of ids\) \{/, replace: "for (const id of ids.slice(0, 0)) {" }],
    seed: 5,
  },
  {
    name: "the throttle counts no calls per minute",
    seed: 60,
    patches: [{ file: THROTTLE, find: /if \(count > perMinute\) return[^;]*;/, replace: "" }],
  },
  {
    name: "a throttle that is lost forgets what it has granted in the minute",
    patches: [
      { file: "durable-objects/throttle/throttle.ts", find: /new Permits\(ctx[^;]*;/, replace: "new Permits();" },
    ],
    only: "throttle-crash",
    seed: 10,
  },
  {
    name: "calls by a lease are counted nowhere",
    seed: 30,
    patches: [
      { file: THROTTLE, find: /this\.#charge\(kind, \{ now, count: lease\.calls, perMinute \}\);/, replace: "" },
    ],
  },
  {
    name: "a lease takes no places",
    seed: 99,
    patches: [{ file: LEASES, find: /places \+= each\.places;/, replace: "places += 0;" }],
  },
  {
    name: "a call by a lease that has ended holds no place any more",
    seed: 99,
    patches: [
      {
        file: THROTTLE,
        find: /for \(const each of running\) \{/,
        replace: "for (const each of running.slice(0, 0)) {",
      },
    ],
  },
  {
    name: "an isolate uses a lease beyond its places",
    seed: 99,
    patches: [{ file: SHARES, find: /if \(takes && share\.free === 0\) return null;/, replace: "" }],
  },
  {
    name: "a composition is answered before it is written down",
    patches: [{ file: RUNS, find: /this\.#runStore\.begin\(run, frame\);/, replace: "void frame;" }],
  },
  {
    name: "nobody takes up the runs of a lost object",
    patches: [{ file: RUNS, find: /this\.#fill\(\);\n {2}\}\n\n {2}#fill/, replace: "}\n\n  #fill" }],
    only: "composition-crash",
    seed: 5,
  },
  {
    name: "a composition's alarm rings once only",
    seed: 79,
    patches: [
      {
        file: RUNS,
        find: /this\.#alarm\.wakeAt\(this\.#runStore\.running > 0 \? now \+ LOOK_EVERY_MS : purgeAt\);/,
        replace: "",
      },
      { file: RUNS, find: /if \(this\.#runStore\.running > 0\) this\.#alarm\.wakeIn\([^;]*;/, replace: "" },
      {
        file: RUNS,
        find: /for \(let failures = 0; failures < MAX_FAILURES; \)/,
        replace: "for (let failures = 0; failures < 1; )",
      },
    ],
    only: "platform-restart",
  },
  {
    name: "a composition is forgotten before its record is in the store",
    seed: 51,
    patches: [{ file: DRIVER, find: /await (ports\.store\(\)\.complete\([^;]*);/, replace: "$1.catch(() => {});" }],
  },
  {
    name: "an inner composition ends without a record",
    patches: [
      { file: DRIVER, find: /await (ports\.store\(\)\.complete\([^;]*;)/, replace: "if (depth === 0) await $1" },
    ],
    seed: 2,
  },
  {
    name: "a step that could not be asked for counts as failed",
    patches: [
      {
        file: DRIVER,
        find: /since: Math\.max\(step\.since, this\.#tookUp\) \}\)/,
        replace: '$&.catch(() => ({ kind: "refused", reason: "failed" }) as const)',
      },
    ],
    only: "isolate-loss",
    seed: 3,
  },
  {
    name: "a step that is asked for again is another activation",
    patches: [
      {
        file: "durable-objects/composition/asking.ts",
        find: /return \{ id, cause: frame\.id,/,
        replace: "return { id: id.slice(0, 26) + String(Math.random()).slice(2, 8), cause: frame.id,",
      },
      {
        file: "durable-objects/composition/asking.ts",
        find: /settled\(ports, step, \(\) => left\(reply\.limits\.timeout\)\)/,
        replace: 'Promise.reject(new Error("asked again"))',
      },
    ],
    only: "isolate-loss",
    seed: 3,
  },
  {
    name: "a component is left out",
    patches: [
      {
        file: "durable-objects/composition/sequence.ts",
        find: /position: progress\.position \+ 1,/,
        replace: "position: progress.position + (progress.position === 1 ? 2 : 1),",
      },
    ],
  },
  {
    name: "components are given what the sequence was called with",
    patches: [
      {
        file: "durable-objects/composition/sequence.ts",
        find: /return next\(components, after, event\.result\);/,
        replace: "return next(components, after, progress.step?.payload ?? event.result);",
      },
    ],
  },
  {
    name: "a conductor's state is lost with the object",
    patches: [
      {
        file: "durable-objects/composition/run-store.ts",
        find: /JSON\.stringify\(progress\), id, depth\]/,
        replace: "JSON.stringify({ ...progress, state: undefined }), id, depth]",
      },
    ],
    seed: 3,
  },
  {
    name: "what ran is not written into the composition's logs",
    patches: [
      {
        file: "durable-objects/composition/conductor.ts",
        find: /logs: \[\.\.\.progress\.logs, id\],/,
        replace: "logs: answered ? [...progress.logs, id] : progress.logs,",
      },
    ],
    seed: 3,
  },
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
    seed: 14,
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
    seed: 9,
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
        find: /const bytes = (await within\([^;]*;)\n([\s\S]*?)(this\.#land\([^;]*;)/,
        replace: "const bytes = 0; $2 $3 $1",
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
