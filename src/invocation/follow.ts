// The output of an activation while it runs, and what its record adds in the end: every line once, in order. The
// schedulers are asked who runs it; nothing is stored on the way.

import type { ActivationRecord } from "../entities/activation.ts";
import { type ActivationId, timeOf } from "../entities/activation-id.ts";
import { mayRead, type RecordReader } from "../entities/record-reader.ts";
import type { CompositionRpc } from "../protocol/composition.ts";
import type {
  ActivationStoreRpc,
  InvokerSchedulerRpc,
  RosterEntry,
  SchedulerName,
  TailReply,
} from "../protocol/rpc.ts";

/** What following a log asks of the world. */
export interface FollowPorts {
  now(): number;
  /** Of this activation's namespace and shard. */
  store: Pick<ActivationStoreRpc, "await">;
  schedulers(): Promise<RosterEntry[]> | RosterEntry[];
  scheduler(name: SchedulerName): Pick<InvokerSchedulerRpc, "tail">;
  /** Sequences and conductors run there, in this activation's namespace and shard; their log is their record's. */
  composition: Pick<CompositionRpc, "runs">;
  /** The log lines of a record, some at a time. */
  linesOf(record: ActivationRecord): AsyncIterable<string[]>;
}

/** What happened to a followed log since the last event. */
export type FollowEvent =
  /** `count`: lines so far, these included. */
  | { kind: "lines"; lines: string[]; count: number }
  /** It runs again, from the beginning. */
  | { kind: "again" }
  /** Nothing new; it is still there. */
  | { kind: "idle" }
  | { kind: "end"; record: ActivationRecord }
  /** Nobody knows the id. */
  | { kind: "unknown" };

/** What a scheduler that was lost says; where it went is looked for again. */
const UNKNOWN: TailReply = { kind: "unknown" };
/** ms a scheduler may keep a question. */
const WAIT_MS = 5_000;
/** ms between two looks at where it runs, or at its record once it has run. */
const LOOK_MS = 300;
/** Ids so young (ms) may not have been heard of yet. */
const YOUNG_MS = 2_000;
/** Schedulers asked at once. */
const MAX_ASKED = 64;
/** The same for a reader who does not follow. */
const FEW = 16;
/** Questions in one stream: the platform bounds what one request may ask. Who follows comes again with the number of
 * his last line. */
const MAX_LOOKS = 800;

/** The log of an activation from its first line on, each line once. Ends with "end" or "unknown",
 * or after about 800 looks. */
export async function* follow(
  ports: FollowPorts,
  activation: { id: ActivationId; namespaceId: string; reader?: RecordReader | undefined },
): AsyncGenerator<FollowEvent> {
  const { id, namespaceId, reader } = activation;
  let scheduler: Pick<InvokerSchedulerRpc, "tail"> | undefined;
  let attempt = 0;
  let from = 0;
  let count = 0;
  // Clocks differ, and an id may be anybody's invention: from the future it is as one of now.
  const made = Math.min(timeOf(id), ports.now());
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    if (scheduler === undefined) {
      const { record, known } = await ports.store.await(id, { ms: looks === 0 ? 0 : LOOK_MS });
      if (record !== null && reader !== undefined && !mayRead(reader, record)) {
        yield { kind: "unknown" };
        return;
      }
      if (record !== null) {
        let read = 0;
        for await (const some of ports.linesOf(record)) {
          const lines = some.slice(Math.max(0, count - read));
          read += some.length;
          if (lines.length === 0) continue;
          count = read;
          yield { kind: "lines", lines, count };
        }
        yield { kind: "end", record };
        return;
      }
      scheduler = (await whoRuns(ports, activation))?.scheduler;
      const unheard = scheduler === undefined && !known && ports.now() - made > YOUNG_MS;
      if (unheard && !(await ports.composition.runs(id)) && !(await ports.store.await(id, { ms: LOOK_MS })).known) {
        yield { kind: "unknown" };
        return;
      }
      yield { kind: "idle" };
      continue;
    }
    const asked = ports.now();
    const reply = await scheduler.tail(id, { namespaceId, from, waitMs: WAIT_MS, reader }).catch(() => UNKNOWN);
    if (reply.kind !== "lines") {
      // An answer at once means that it has ended, or not begun.
      if (reply.kind !== "nothing" || ports.now() - asked < LOOK_MS) scheduler = undefined;
      yield { kind: "idle" };
      continue;
    }
    if (reply.attempt !== attempt) {
      attempt = reply.attempt;
      if (count > 0) yield { kind: "again" };
      count = 0;
      const elsewhere = from > 0;
      from = 0;
      if (elsewhere) continue;
    }
    from = reply.next;
    const lines = JSON.parse(`[${reply.text}]`) as string[];
    count += lines.length;
    yield { kind: "lines", lines, count };
  }
}

interface Sought {
  id: ActivationId;
  namespaceId: string;
  /** Who asks, where he may not follow all; absent: he may. */
  reader?: RecordReader | undefined;
  most?: number;
}

/** The scheduler that has it, if one has. */
async function whoRuns(
  ports: Pick<FollowPorts, "schedulers" | "scheduler">,
  { id, namespaceId, reader, most = MAX_ASKED }: Sought,
): Promise<{ scheduler: Pick<InvokerSchedulerRpc, "tail">; over: boolean } | undefined> {
  const connected = (await ports.schedulers()).filter((each) => each.connected).slice(0, most);
  const asked = await Promise.all(
    connected.map(async ({ scheduler: name }) => {
      const scheduler = ports.scheduler(name);
      const reply = await scheduler.tail(id, { namespaceId, from: 0, waitMs: 0, reader }).catch(() => UNKNOWN);
      return reply.kind === "unknown" ? undefined : { scheduler, over: reply.kind === "over" };
    }),
  );
  return asked.find((each) => each !== undefined);
}

/** Whether it has run and its record is on its way: a caller may have heard the result already. */
export async function isOnItsWay(
  ports: Pick<FollowPorts, "schedulers" | "scheduler">,
  activation: { id: ActivationId; namespaceId: string },
): Promise<boolean> {
  return (await whoRuns(ports, { ...activation, most: FEW }))?.over === true;
}
