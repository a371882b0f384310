// What the Worker and the objects may ask of each object. Each interface is implemented by the class of the same name
// in durable-objects/; both sides know only this file. Expected failures are values;
// a thrown error means the outcome is unknown.

import type { ActivationMeta, ActivationRecord, Completion } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";
import type { RecordFilter } from "../entities/kept-record.ts";
import type { RecordReader } from "../entities/record-reader.ts";
import type { ContainersReply } from "./containers.ts";
import type { FiguresPage, FiguresQuery } from "./figures.ts";
import type { Accepted, EventStoreRpc, FireStoreRpc } from "./fire.ts";
import type { ForwardRpc } from "./forwarding.ts";
import type { ImportStoreRpc } from "./import.ts";
import type { Invocation } from "./invocation.ts";
import type { Giver, Need } from "./matching.ts";
import type { HostReport, Lease, RuntimeReport, SecurityReport } from "./messages.ts";
import type { MoveRpc } from "./moving.ts";
import type { Placing } from "./placing.ts";
import type { PrepareRpc } from "./preparing.ts";
import type { FollowRpc } from "./sinks.ts";
import type { UpkeepStoreRpc } from "./upkeep.ts";

/** `host/shard`: the name of an InvokerScheduler object. */
export type SchedulerName = string;
/** `namespace uuid:shard in two hex digits`: the name of an ActivationStore object. */
export type StoreName = string;

// ---- InvokerScheduler: one per host shard
// -------------------------------------------------------------------------------

/** What a scheduler says to a call on the fast path. Only "busy" and "not-ready" allow another scheduler. */
export type InvokeReply =
  /** The run ended; its record is on its way to the store. */
  | { kind: "done"; completion: Completion; endedAt: number }
  /** `waitMs` passed; the run goes on. */
  | { kind: "waiting" }
  /** Never started here: no room. */
  | { kind: "busy" }
  /** Never started here: no host, no inventory yet, draining, or the kind is not there. */
  | { kind: "not-ready"; reason: string }
  /** May have started; the host is gone and so is the outcome. The scheduler has told the store. */
  | { kind: "lost"; reason: string };

/** What a scheduler knows of a run's output. */
export type TailReply =
  /** Lines as JSON texts with commas between; the next ones begin at `next`. Another attempt begins anew at 0. */
  | { kind: "lines"; attempt: number; text: string; next: number }
  /** It runs here (or soon will), and printed nothing in time. */
  | { kind: "nothing" }
  /** It ran here; its record tells the rest. */
  | { kind: "over" }
  /** Not here, or not this namespace's. */
  | { kind: "unknown" };

/** A row that is handed to a scheduler, at the attempt it has been marked with (from 1). */
export interface Offer {
  invocation: Invocation;
  attempt: number;
}

/** What a scheduler made of an offer. What is not in `accepted` was not started and will not be. */
export interface OfferReply {
  epoch: number;
  /** Boot id of the host the accepted offers were sent to; "" if none was. */
  boot: string;
  accepted: ActivationId[];
  /** MB free after the accepted ones. */
  room: number;
  /** Why the rest was not accepted. "stale": it was marked for another epoch of this scheduler than the present one. */
  reason?: "busy" | "not-ready" | "unsuited" | "stale";
}

/** What a scheduler has of the rows it was asked about. */
export interface HoldsReply {
  /** False until the host's inventory has arrived: nothing may be concluded. */
  ready: boolean;
  epoch: number;
  boot: string;
  /** Of the ids asked about, those running there, or whose record is on its way. */
  held: ActivationId[];
}

/** What one scheduler does now, for status pages. Memory is in MB. */
export interface SchedulerStatus {
  name: SchedulerName;
  epoch: number;
  connected: boolean;
  ready: boolean;
  draining: boolean;
  report?: HostReport;
  /** ms since the last ping. */
  silence?: number;
  memory: number;
  used: number;
  running: number;
  /** That run something; absent of a scheduler of an earlier release. */
  containers?: number;
  /** Words of its host about activations that nobody vouched for, since this incarnation began. */
  strangers: number;
}

/** Of an InvokerScheduler, one per host and shard. A thrown error means that the outcome is unknown. */
export interface InvokerSchedulerRpc extends PrepareRpc {
  /** Fast path: run now or say why not. The run goes on if the caller goes away. */
  invoke(invocation: Invocation, options: { waitMs: number }): Promise<InvokeReply>;
  /** Durable path: rows the store has marked as offered to this scheduler's `epoch`. Under another epoch nothing is
   * taken, nor what `holds` has denied: the store may have given it up meanwhile. */
  offer(store: StoreName, offers: Offer[], options: { epoch: number }): Promise<OfferReply>;
  /** Which of these it has. `attempts`: of the same rows; what it says it does not have, it does not take any more. */
  holds(ids: ActivationId[], attempts?: number[]): Promise<HoldsReply>;
  /** Output of a run while it runs, from place `from` on (0 at first), within `waitMs`. With 0 only whether it runs
   * there ("nothing") or has answered and its record is on its way ("over"). `reader`: who may follow some only; it is
   * unknown to others. */
  tail(
    id: ActivationId,
    options: { namespaceId: string; from: number; waitMs: number; reader?: RecordReader | undefined },
  ): Promise<TailReply>;
  /** Whether this incarnation has granted the attempt, or found it at its host by its proof. */
  grants(id: ActivationId, attempt: number): Promise<boolean>;
  status(): Promise<SchedulerStatus>;
  /** Which containers of its host run something. `idle`: the host is asked for the others. */
  busy(options?: { idle: boolean }): Promise<ContainersReply>;
  drain(on: boolean): Promise<void>;
  /** Its host is not one of ours any more: the line is cut,
   * what runs there counts as lost unless the host comes back. */
  expel(): Promise<void>;
}

// ---- ActivationStore: one per namespace and shard
// -------------------------------------------------------------------------

/** A row for a run that has been started already, on the fast path. */
export interface OpenRow {
  id: ActivationId;
  about: ActivationMeta;
  scheduler: SchedulerName;
  /** Epoch ms after which the run cannot be alive any more. */
  deadline: number;
}

/** A finished run on its way to the store. */
export interface Finished {
  id: ActivationId;
  attempt: number;
  lease: Lease;
  about: ActivationMeta;
  completion: Completion;
  /** Key of the blob that held its arguments: nobody needs it any more. */
  spent?: string;
  /** Epoch ms at which it ended, as its caller was told; where absent, `endedAgo` counts from the arrival of this. */
  endedAt?: number;
  /** Nobody vouches for it but a row that is out to its host at this attempt, and `about` is only the host's word. */
  unproven?: boolean;
}

/** A row that waits for a host. */
export interface Waiting {
  /** Epoch ms at which it was accepted. */
  since: number;
  reason: string;
}

/** Rows that wait for the same kind of host. */
export interface WaitingLine extends Need {
  oldestWaitMs: number;
  reason: string;
}

/** `known`: whether the id has a row at all. */
export interface FoundRecord {
  record: ActivationRecord | null;
  known: boolean;
  waiting?: Waiting;
}

/** A segment of records in the blob store. */
export interface SegmentRef {
  key: string;
  /** Epoch ms: of its records, the first start and the last. */
  minStart: number;
  maxStart: number;
  /** Its records, of the name that was asked for. */
  count: number;
  /** Whether the table of records has them, too, or the object still does: all of them,
   * some while they are moved, or none. */
  twin: "all" | "some" | "none";
}

/** What an object holds of a list itself, and where to look for the rest. Whoever reads all places reads the object
 * first: a record leaves it only when another place has it. */
export interface LedgerPage {
  records: ActivationRecord[];
  /** There are more behind the last of these. */
  more: boolean;
  /** Newest first, as far as the limit may reach. */
  segments: SegmentRef[];
  /** There are more segments, in which nothing started after this (epoch ms). */
  rest?: number;
  /** Epoch ms: what started before is kept nowhere, whatever still lies there. */
  from?: number;
}

export interface LedgerCount {
  /** Records that no other place has, and those in segments alone of which it is known how many are wanted. */
  count: number;
  /** Those of which another place may have some. */
  moving: ActivationId[];
  /** Those that must be looked into. */
  segments: SegmentRef[];
  /** Another text than before: something was moved meanwhile. */
  moves: string;
  /** As in LedgerPage. */
  from?: number;
}

/** Which records a list or a count is about. */
export interface ActivationQuery {
  limit: number;
  skip: number;
  /** Epoch ms, inclusive. */
  since?: number;
  upto?: number;
  /** `name` or `package/name`. */
  name?: string;
  /** False: result and logs may be left out of the records (empty inline payloads). */
  docs?: boolean;
}

/** What a scheduler asks a store for work with: at most `max` rows that together need at most `memory` MB. */
export interface Pulling {
  epoch: number;
  boot: string;
  memory: number;
  max: number;
  /** What its host can run. Absent from a scheduler of an earlier version, which declines the rest. */
  host?: Giver;
}

/** What a store has to do, as counts of rows and fires. */
export interface Backlog {
  waiting: number;
  running: number;
  fires: number;
  oldestWaitMs: number;
  /** Why the oldest row waits. */
  reason?: string;
  lines: WaitingLine[];
  /** Epoch ms since which a record waits for its place, or null. */
  unshelvedSince: number | null;
}

/** Of an ActivationStore, one per namespace and shard. What says that it is confirmed is on the disk when it
 * returns. */
export interface ActivationStoreRpc
  extends FireStoreRpc,
    EventStoreRpc,
    UpkeepStoreRpc,
    MoveRpc,
    FollowRpc,
    ImportStoreRpc,
    ForwardRpc {
  /** Durable path: confirmed when this returns. With `waitMs` it returns the record of the first one as soon as it is
   * terminal, and at last after so long without it. */
  accept(
    invocations: Invocation[],
    options: Placing & { waitMs?: number },
  ): Promise<Accepted & { record?: ActivationRecord }>;
  /** The row of a run on the fast path that outlived its first second. Does nothing if the id is known. */
  open(row: OpenRow): Promise<void>;
  /** The record of `id` as soon as it is terminal, or null after `ms`. */
  await(id: ActivationId, options: { ms: number }): Promise<FoundRecord>;
  /** Idempotent by id; the first terminal record wins. Returns when all are durable. Unknown ids are adopted for a day
   * after their acceptance; a row takes the word of the host it is out to, and of no other. What is not taken is
   * counted as late. */
  complete(finished: Finished[], from: { scheduler: SchedulerName; epoch: number }): Promise<void>;
  /** Ends an activation nobody knows the outcome of; returns the record that holds, which may be an earlier one. */
  fail(id: ActivationId, options: { about: ActivationMeta; reason: string }): Promise<ActivationRecord>;
  /** A host refused these offers before starting them: they wait again. */
  declined(items: { id: ActivationId; attempt: number }[], from: { scheduler: SchedulerName }): Promise<void>;
  /** Work for a scheduler with `memory` MB free, of what its host can run; the rows are marked as offered before this
   * returns. `boot`: its host's boot id. */
  pull(scheduler: SchedulerName, options: Pulling): Promise<Offer[]>;
  /** Calls in the name of this subject (`everybody`: of any) are not started any more, or are again. What waits ends
   * with a record that says so, now and whenever it comes to wait; what runs goes on. Idempotent. */
  bar(subject: string, state: { barred: boolean; everybody: boolean }): Promise<void>;
  /** A record, or whether the id is known but not finished. */
  get(id: ActivationId): Promise<FoundRecord>;
  /** What it holds of a list, newest start first, and in which segments the rest of its records may be. */
  page(filter: RecordFilter, limit: number): Promise<LedgerPage>;
  tally(filter: RecordFilter): Promise<LedgerCount>;
  /** What has ended here, added up. Null if it were more than one answer may take. */
  figures(query: FiguresQuery): Promise<FiguresPage | null>;
  /** Waiting and running rows, and fires whose rules have not all been served, for status pages. */
  backlog(): Promise<Backlog>;
}

/** Of the objects that keep what is a namespace's. Whoever erases one gets an error in place of an answer: it ends with
 * what it kept. */
export interface ErasableRpc {
  erase(): Promise<void>;
}

// ---- EntityEpoch: one per namespace, by its name (`epochNameOf` in names.ts)
// --------------------------------------------------

/** The right of an isolate to use what it has read of a namespace's entities. */
export interface EpochLease {
  /** Namespace epoch: what was read from the entity store under another epoch is stale. */
  epoch: number;
  /** ms this lease may be used, counted from before it was asked for; 0 = for this request only. At most 1000. */
  ttl: number;
}

/** Says which epoch the entities of one namespace are at. */
export interface EntityEpochRpc {
  /** `holder`: the Worker isolate asking, so that its own writes need not wait for its own lease. */
  lease(holder: string): Promise<EpochLease>;
  /** Before an entity of the namespace is written: no lease outlives this call. */
  beginWrite(holder: string): Promise<void>;
  /** After it: the epoch is higher, leases are granted again. */
  endWrite(holder: string): Promise<void>;
  /** The epoch as soon as it is another than this one, or after `waitMs`.
   * For what goes on for long on what it has read. */
  watch(epoch: number, waitMs: number): Promise<number>;
}

// ---- Roster: one per deployment
// ----------------------------------------------------------------------------------------------

/** A scheduler as it reported itself last. Memory is in MB. */
export interface RosterEntry {
  scheduler: SchedulerName;
  host: string;
  connected: boolean;
  /** Absent = healthy. */
  unhealthy?: string;
  /** What does not work there though the rest does. */
  impaired?: string;
  security?: SecurityReport;
  draining: boolean;
  memory: number;
  engine: string;
  build: string;
  blackbox: boolean;
  runtimes: RuntimeReport[];
  labels?: string[];
  /** Epoch ms of the last change. */
  since: number;
  /** Incarnation of the scheduler that says so. */
  epoch: number;
}

/** "exists": there is such a host, and nothing was changed. */
export type NewHostReply = { kind: "made"; token: string } | { kind: "exists" } | { kind: "bad-name"; rule: string };

/** A host that has a token. The token itself is kept as a digest, and shown once. */
export interface HostToken {
  name: string;
  /** Epoch ms. */
  created: number;
  /** Schedulers it opens: `name/0` and the next ones. */
  shards: number;
}

/** What the Roster tells those who take calls. */
export interface Overview {
  schedulers: RosterEntry[];
  /** Stores that take no call whose record would come to them, and why. */
  full: { store: StoreName; why: string }[];
}

/** Of the Roster, one per deployment: who the hosts are, and how their schedulers are. */
export interface RosterRpc {
  /** Makes a host's token, which is shown once; with `rotate` also one in place of the host's last, which opens nothing
   * any more. `shards`: how many it opens; 1, or as many as the host's last, where it is not said. */
  createHost(name: string, options: { rotate: boolean; shards?: number }): Promise<NewHostReply>;
  revokeHost(name: string): Promise<boolean>;
  /** The host behind a token, or null. Compares in constant time. */
  authenticate(token: string): Promise<{ host: string; shards: number } | null>;
  hosts(): Promise<HostToken[]>;
  schedulers(): Promise<RosterEntry[]>;
  /** A scheduler's host came, changed, or went. Returns stores that have rows waiting for anybody, if it came; null if
   * no such host has a token (any more). */
  report(entry: RosterEntry): Promise<StoreName[] | null>;
  /** Stores that have rows waiting for anybody: at most a thousand. */
  waitingStores(): Promise<StoreName[]>;
  /** A store has rows nobody took (true), or none any more (false). */
  waiting(store: StoreName, waits: boolean): Promise<void>;
  /** Why a store takes no call whose record would come to it; null: it does again. Forgotten unless it is said again
   * every few minutes. */
  full(store: StoreName, why: string | null): Promise<void>;
  /** What a Worker's isolate goes by. */
  overview(): Promise<Overview>;
}
