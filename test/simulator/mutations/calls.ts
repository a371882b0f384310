// Calls: rows, offers, epochs, leases, records of hosts.

import type { Mutation } from "./mutation.ts";

const RUN_CONTROLLER = "runtime-host/runs/run-controller.ts";
const ASSIGNMENTS = "runtime-host/runs/assignments.ts";
const SUBMIT = "src/invocation/submit.ts";
const STORE = "durable-objects/activations/core.ts";
const ROWS = "durable-objects/activations/activation-rows.ts";
const REOPEN = "durable-objects/activations/reopen.ts";
const RECONCILE = "durable-objects/activations/reconcile.ts";
const SCHEDULER = "durable-objects/scheduler/core.ts";
const SESSION = "durable-objects/scheduler/host-session.ts";
const RUN_TABLE = "durable-objects/scheduler/run-table.ts";

export const CALLS: Mutation[] = [
  {
    name: "202 is answered without a row",
    seed: 10,
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
    seed: 38,
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
    seed: 33,
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
    seed: 12,
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
];
