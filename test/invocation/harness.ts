// A world for submit: schedulers and one store that do what the test says, on the test's clock.

import {
  type ActivationMeta,
  type ActivationRecord,
  completionOf,
  lostCompletion,
  recordOf,
} from "../../src/entities/activation.ts";
import { success } from "../../src/entities/outcome.ts";
import type { SubmitPorts } from "../../src/invocation/ports.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { InvokeReply, OpenRow } from "../../src/protocol/rpc.ts";

export const ID = "0123456789ab00000000000000000000";

export const about: ActivationMeta = {
  namespace: "guest",
  namespaceId: "uuid",
  subject: "guest",
  name: "hello",
  version: "0.0.1",
  path: "guest/hello",
  kind: "nodejs:20",
  limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
  acceptedAt: 0,
  transactionId: "tid",
};

export const invocation: Invocation = {
  id: ID,
  about,
  revision: "1",
  exec: { kind: "nodejs:20", binary: false },
  args: { inline: "{}" },
  credential: "none",
  blocking: true,
};

export const completion = { ...completionOf(success('{"a":1.0}'), { engine: "docker", ran: true }), duration: 3 };
export const done: InvokeReply = { kind: "done", completion, endedAt: 10 };
export const stored: ActivationRecord = recordOf(ID, about, { completion, now: 10 });

type Answer = InvokeReply | Error | { after: number; reply: InvokeReply | Error } | "never";

export interface Script {
  schedulers?: Record<string, Answer>;
  accept?: ("accepted" | "full" | "never" | Error)[];
  open?: (Error | "ok" | { after: number })[];
  /** Record at this time, in ms from the start. */
  recordAt?: number;
  awaitThrows?: number;
  awaitHangs?: boolean;
  failThrows?: number;
  /** What the machine says of its disk. */
  ailing?: string;
}

export interface World {
  ports: SubmitPorts;
  asked: string[];
  accepts: string[][];
  /** By whom each accepted call was refused before, where it was. */
  refusals: string[];
  rows: OpenRow[];
  fails: string[];
}

/** Needs fake timers. */
export function world(script: Script): World {
  const asked: string[] = [];
  const accepts: string[][] = [];
  const refusals: string[] = [];
  const rows: OpenRow[] = [];
  const fails: string[] = [];
  const start = Date.now();
  let opens = 0;
  let awaitThrows = script.awaitThrows ?? 0;
  let failThrows = script.failThrows ?? 0;
  let held: ActivationRecord | null = null;
  const recordNow = () =>
    held ?? (script.recordAt !== undefined && Date.now() - start >= script.recordAt ? stored : null);
  const ports: SubmitPorts = {
    now: () => Date.now(),
    ailing: async () => script.ailing ?? null,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    scheduler: (name) => ({
      invoke: async () => {
        asked.push(name);
        return answer(script.schedulers?.[name] ?? { kind: "busy" });
      },
    }),
    storeOf: () => ({
      accept: async (_invocations, { candidates, refusedBy }) => {
        if (refusedBy !== undefined) refusals.push(refusedBy);
        const word = script.accept?.[accepts.length] ?? "accepted";
        accepts.push(candidates);
        if (word instanceof Error) throw word;
        return word === "never" ? new Promise(() => {}) : { kind: word };
      },
      open: async (row) => {
        const word = script.open?.[opens++] ?? "ok";
        if (word instanceof Error) throw word;
        if (word !== "ok") await sleep(word.after);
        rows.push(row);
      },
      await: async (_id, { ms }) => {
        if (script.awaitHangs === true) return new Promise(() => {});
        if (awaitThrows-- > 0) throw new Error("store is gone");
        const wait = script.recordAt === undefined ? ms : Math.min(ms, start + script.recordAt - Date.now());
        if (recordNow() === null) await sleep(Math.max(0, wait));
        return { record: recordNow(), known: true };
      },
      fail: async (id, { about: given, reason }) => {
        if (failThrows-- > 0) throw new Error("store is gone");
        fails.push(reason);
        held = recordNow() ?? recordOf(id, given, { completion: lostCompletion(reason), now: Date.now() });
        return held;
      },
    }),
  };
  return { ports, asked, accepts, refusals, rows, fails };
}

async function answer(word: Answer): Promise<InvokeReply> {
  if (word === "never") return new Promise(() => {});
  if (word instanceof Error) throw word;
  if (!("after" in word)) return word;
  await sleep(word.after);
  if (word.reply instanceof Error) throw word.reply;
  return word.reply;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
