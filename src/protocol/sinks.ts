// What the Worker, the activation stores and the Sinks object of a namespace ask of each other. A thrown error means
// that the outcome is unknown: ask again.

import type { Payload } from "../entities/activation.ts";
import type { Occurrence, SinkAnswer, SinkRefusal, SinkSettings } from "../entities/sink.ts";

/** Whose results or fires a sink gets. `name`: `name` or `package/name`. */
export interface SinkOf {
  kind: "action" | "trigger";
  name: string;
}

/** The name of a namespace's Sinks object: that of the first shard of all that is its own. */
export function sinksObjectOf(namespaceId: string): string {
  return `${namespaceId}:00`;
}

/** What happened, with its data, or where that lies. */
export interface SinkEvent extends Occurrence {
  data: Payload;
}

export interface SinkView extends SinkOf {
  settings: SinkSettings;
  /** Epoch ms. */
  created: number;
  /** Why nothing is sent, or "". */
  stopped: string;
  /** Events that wait; of these, the longest wait (ms), and the most tries any had. */
  waiting: number;
  oldestWaitMs: number;
  tries: number;
  /** Counts since it was made. `passedOn`: given up, and taken by the dead letter sink. `dropped`: dead letters that
   * gave way to newer ones. */
  delivered: number;
  dead: number;
  dropped: number;
  passedOn: number;
  /** Dead letters that are kept. */
  letters: number;
}

/** An event that was given up. */
export interface DeadLetter extends SinkRefusal {
  id: string;
  /** Epoch ms. */
  at: number;
  event: SinkEvent;
}

/** Of a namespace's Sinks object. What it says is done is on the disk. */
export interface SinksRpc {
  /** Makes or changes it; one that was stopped goes on. False: there are too many. */
  put(
    of: SinkOf,
    settings: SinkSettings,
    about: { namespace: { name: string; uuid: string }; shards: number },
  ): Promise<boolean>;
  /** With all that waits and its dead letters. False if there was none. */
  remove(of: SinkOf, about: { shards: number }): Promise<boolean>;
  views(): Promise<SinkView[]>;
  /** The newest first. */
  letters(of: SinkOf, page: { limit: number; skip: number }): Promise<DeadLetter[]>;
  /** Sends dead letters again: these, or all; how many. */
  again(of: SinkOf, ids: string[] | null): Promise<number>;
  /** Of a store; what is known already is not taken twice. */
  take(events: SinkEvent[]): Promise<void>;
  /** Its alarm may have been lost. */
  wake(): Promise<void>;
}

/** Of an activation store: from now on it hands over what becomes of these, and of no others. */
export interface FollowRpc {
  follow(these: SinkOf[]): Promise<void>;
}

/** Of the Worker, for Sinks objects. Never rejects for what the sink does. */
export interface SinkHelpRpc {
  /** `dead`: to the dead letter sink. */
  deliver(
    namespace: { name: string; uuid: string },
    settings: SinkSettings,
    event: SinkEvent,
    dead: SinkRefusal | null,
  ): Promise<SinkAnswer>;
}
