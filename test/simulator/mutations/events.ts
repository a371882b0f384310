// Fires, throttles and compositions.

import type { Mutation } from "./mutation.ts";

const STORE = "durable-objects/activations/core.ts";
const THROTTLE = "durable-objects/throttle/permits.ts";
const LEASES = "durable-objects/throttle/leases.ts";
const SHARES = "src/invocation/permit-leases.ts";
const FIRES = "durable-objects/activations/fires.ts";
const FAN_OUT = "src/invocation/fan-out.ts";
const RUNS = "durable-objects/composition/core.ts";
const DRIVER = "durable-objects/composition/driver.ts";

export const EVENTS: Mutation[] = [
  {
    name: "a fire is answered before it is a fact",
    seed: 10,
    patches: [{ file: FIRES, find: /this\.count \+= this\.#sql[^;]*;/, replace: "void due;" }],
  },
  {
    name: "a fan-out that was lost is not asked for again",
    seed: 21,
    patches: [
      { file: FIRES, find: /const done = this\.#ports\.resume\([^;]*;/, replace: "const done = Promise.resolve();" },
    ],
    only: "isolate-fire",
  },
  {
    name: "no alarm is set for fires",
    seed: 14,
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
    seed: 46,
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
    seed: 10,
    patches: [{ file: FIRES, find: /const isNew = this\.#records\.keep\([^;]*;/, replace: "const isNew = true;" }],
  },
  {
    name: "a fan-out done again does not know what was started, and is refused its places",
    seed: 501,
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
    seed: 18,
    patches: [{ file: DRIVER, find: /await (within\([^;]*complete\([^;]*);/, replace: "$1.catch(() => {});" }],
  },
  {
    name: "an inner composition ends without a record",
    patches: [{ file: DRIVER, find: /await (within\([^;]*complete\([^;]*;)/, replace: "if (depth === 0) await $1" }],
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
];
