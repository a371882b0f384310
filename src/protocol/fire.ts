// A fired trigger as its store keeps it until all its rules have been served: one fact, written before the caller hears
// the id. What follows from it has ids that follow from it, so that the fan-out may be done again at any time.

import type { ActivationMeta, Payload } from "../entities/activation.ts";
import type { ActivationId } from "../entities/activation-id.ts";
import type { Rights } from "../entities/rights.ts";
import type { Scope } from "../entities/scope.ts";
import type { ActionName, OnBehalf } from "./composition.ts";

/** A rule as it was when its trigger was fired. */
export interface FiredRule {
  /** `ns/name`. */
  rule: string;
  action: ActionName;
  /** False: it only gets its line in the record. */
  active: boolean;
  /** What its action may do at most, because of who wrote rule and trigger; absent: whatever the caller may. */
  rights?: Rights;
  /** The names that both writers could use; absent: all. */
  scope?: Scope;
  /** Of the activation it causes. */
  id: ActivationId;
}

/** What fires once though it may be told of again: by its key among those of its scope, for so long (ms). Of `max` keys
 * the oldest are forgotten first. All of a scope's keys that may be equal go to one store. */
export interface Once {
  scope: string;
  key: string;
  forMs: number;
  max: number;
}

/** One fire with its rules. What is long in `payload` and `args` lies in the blob store. */
export interface Fire {
  /** Of the trigger's own record. */
  id: ActivationId;
  /** `namespace` is that of who fired. */
  about: Pick<
    ActivationMeta,
    "namespace" | "namespaceId" | "subject" | "keyId" | "name" | "version" | "acceptedAt" | "transactionId" | "store"
  >;
  /** What was posted: the result in the record. */
  payload: Payload;
  /** What each rule's action gets, its own parameters aside. */
  args: Payload;
  /** Who fired: whose rights the actions are called with. */
  onBehalf: OnBehalf;
  rules: FiredRule[];
  once?: Once;
}

/** "full": too many wait, or of "records" too many are still here because the place they go
 * to does not take them, and how many. */
export type Accepted =
  | { kind: "accepted" }
  /** It has been fired under this id. */
  | { kind: "duplicate"; id: ActivationId }
  | { kind: "full"; of?: "records"; why?: string };

/** Of an ActivationStore. */
export interface FireStoreRpc {
  /** Confirmed when this returns; idempotent by id. "full": too many are under way, nothing is known of it here. If
   * nobody says `fired` in time, the store asks for the fan-out itself. */
  fire(fire: Fire): Promise<Accepted>;
  /** Every rule has been served. `logs`: JSON array of the record's lines. The record is written, the fact forgotten;
   * what is not known is ignored. */
  fired(id: ActivationId, logs: Payload): Promise<void>;
}

/** Of the Worker, for its stores. */
export interface ResumeRpc {
  /** Does the fan-out of `fire` and tells its store. `started`: rules' activations that are known to it already. */
  resume(fire: Fire, started: ActivationId[]): Promise<void>;
}

/** The fire of one event. `key`: what the event is known by (`eventKey`). */
export interface EventFire {
  key: string;
  fire: Fire;
}

/** "accepted": all are stored. Of each event the id of its fire, in order; `isNew`: false where it was told of before,
 * and nothing more is fired. "full": none is, as of `Accepted`. */
export type EventsAccepted =
  | { kind: "accepted"; fires: { id: ActivationId; isNew: boolean }[] }
  | Extract<Accepted, { kind: "full" }>;

/** What a store knows of a feed's events. `forgotten`: the oldest, that gave way to newer ones; `repeated`:
 * told of again. */
export interface KnownEvents {
  known: number;
  forgotten: number;
  repeated: number;
}

/** Of the ActivationStore that keeps all fires of a feed of CloudEvents. */
export interface EventStoreRpc {
  /** All or none, confirmed when this returns. Of `max` events of the feed the oldest are forgotten first. */
  fireEvents(feed: string, fires: EventFire[], options: { max: number }): Promise<EventsAccepted>;
  /** `forget`: the feed is gone; what was known of it goes a piece at a time: ask until `known` is 0. */
  knownEvents(feed: string, options: { forget: boolean }): Promise<KnownEvents>;
}
