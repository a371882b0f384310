// What hosts, Worker and the Subscriptions object say to each other about messages of brokers. A host asks every few
// seconds which subscriptions are its; it fires for those alone, under the lease it was given.

import * as z from "zod";
import type {
  BrokerCredentials,
  BrokerKind,
  NO_COUNTS,
  SubscriptionSettings,
  SubscriptionView,
} from "../entities/subscription.ts";

/** ms a lease lasts from when its host asked last. A host stops by its own clock, counted from when it began to ask. */
export const LEASE_MS = 9_000;
/** ms between two questions of a host. */
export const TURN_MS = 2_000;
/** The same where there is no subscription at all. */
export const IDLE_TURN_MS = 5_000;
/** Subscriptions of one host. */
export const MAX_HELD = 500;
/** Messages of one subscription that have come and are not acknowledged. */
export const MAX_UNACKNOWLEDGED = 1_000;
/** Messages in one question, and characters of their payloads, unless it is one message. */
export const MAX_FIRES = 128;
export const MAX_FIRES_CHARACTERS = 2 * 1024 * 1024;
/** Packets of MQTT that a host may say are done with, in one question. */
export const MAX_RELEASED = 4_096;
const MAX_ERROR = 500;
const MAX_KEY = 300;

const count = z.int().nonnegative();
const id = z.uuid();
const boot = z.string().regex(/^[\w-]{1,64}$/);

export const HeldReport = z.strictObject({
  id,
  counter: count,
  /** "refused": this host may not dial the broker's address, and gives the lease back. */
  state: z.enum(["connecting", "receiving", "retrying", "refused"]),
  lag: count.nullable(),
  unacknowledged: count,
  /** Under this lease. */
  counts: z.strictObject({
    ...{ received: count, fired: count, idle: count, duplicates: count, rejected: count, dropped: count },
  } satisfies Record<keyof typeof NO_COUNTS, typeof count>),
  error: z.strictObject({ text: z.string().max(MAX_ERROR), ago: count }).optional(),
});
export type HeldReport = z.infer<typeof HeldReport>;

/** A host's question: which subscriptions are mine? */
export const HostTurn = z.strictObject({
  boot,
  /** Of the questions of this boot: one that is late says what is no more. */
  number: count.default(0),
  /** How many it would take. */
  room: count.max(MAX_HELD),
  /** It gives all of them back. */
  leaving: z.boolean().default(false),
  held: z.array(HeldReport).max(MAX_HELD),
});
export type HostTurn = z.infer<typeof HostTurn>;

/** A lease. `counter` is higher with each time that the subscription is given to somebody. */
export interface SubscriptionLease {
  id: string;
  counter: number;
}

/** What a host needs to hold a subscription. */
export interface Grant extends SubscriptionLease {
  settings: SubscriptionSettings;
  /** Kept in memory, and nowhere else. */
  credentials: BrokerCredentials;
}

/** What is in neither list is the host's no more. */
export interface TurnAnswer {
  againMs: number;
  held: SubscriptionLease[];
  granted: Grant[];
  /** Of those the host spoke of: there is no such subscription any more, and its broker need keep nothing for it. */
  gone: string[];
}

export const HostFire = z.strictObject({
  /** What the message is known by, among all of its subscription. */
  key: z.string().min(1).max(MAX_KEY),
  /** Epoch ms: part of what it is known by. */
  at: count,
  /** Of MQTT's QoS 2: known by its number until that is released. `again`: the broker says it sent it before, and it is
   * known by what it was known by then. */
  packet: z
    .strictObject({ number: z.int().min(1).max(65_535), again: z.boolean(), digest: z.string().max(64) })
    .optional(),
  /** Text of a JSON object. */
  payload: z.string(),
});
export type HostFire = z.infer<typeof HostFire>;

export const HostFires = z.strictObject({
  ...{ boot, id, counter: count },
  /** Of what a host asks under one lease: higher after each connection, and after each question that nobody answered.
   * One that comes when a higher one has come speaks of packets whose numbers are others' by now. */
  line: count.default(0),
  fires: z.array(HostFire).max(MAX_FIRES),
  /** Numbers of packets that the broker has released: they are used for others from now on. */
  released: z.array(z.int().min(1).max(65_535)).max(MAX_RELEASED).default([]),
});
export type HostFires = z.infer<typeof HostFires>;

/** "again": ask again later, with the same message. "rejected": never. */
export interface FireOutcome {
  kind: "fired" | "idle" | "again" | "rejected";
  text?: string;
}

/** "lost": the lease is not this host's, or nothing is fired for it any more. */
export type FiresAnswer = { kind: "done"; outcomes: FireOutcome[] } | { kind: "lost"; text: string };

/** A subscription, as the object that gives leases needs it. */
export interface Definition {
  id: string;
  /** New with each write of its owner. */
  revision: string;
  kind: BrokerKind;
  paused: boolean;
}

/** What a message is known by. */
export interface MessageKey {
  key: string;
  at: number;
}

export type Packet = NonNullable<HostFire["packet"]>;

/** Whether this may be fired, under which lease. */
export interface Admission extends Pick<HostFires, "boot" | "id" | "counter" | "line" | "released"> {
  packets: (Packet & MessageKey)[];
}

/** Of the Subscriptions object. */
export interface SubscriptionsRpc {
  /** Somebody has written subscriptions. */
  changed(): Promise<void>;
  /** `revisions`: of what is granted. */
  turn(
    host: string,
    turn: HostTurn,
  ): Promise<Omit<TurnAnswer, "granted"> & { granted: (SubscriptionLease & { revision: string })[] }>;
  /** Null: the lease is not this host's, or the question is too late. Else what each packet's message is known by; that
   * is on the disk. */
  admit(host: string, asked: Admission): Promise<MessageKey[] | null>;
  /** Nobody is given it any more in this revision. */
  stop(id: string, revision: string, reason: string): Promise<void>;
  /** Null: nothing is known of it here. */
  view(id: string): Promise<SubscriptionView | null>;
}
