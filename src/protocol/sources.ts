// What the Worker and the Sources object of a namespace ask of each other. Expected failures are values; a thrown error
// means that the outcome is unknown: what is asked again changes nothing.

import type { RawJson } from "../entities/raw-json.ts";
import type { ListedObject, SourceFeed, SourceView } from "../entities/source.ts";
import type { ScheduleHelpRpc } from "./schedule.ts";

/** The name of a namespace's Sources object: that of the first shard of all that is its own. */
export function sourcesObjectOf(namespaceId: string): string {
  return `${namespaceId}:00`;
}

/** A feed to be written for a trigger. */
export interface PutSource {
  trigger: string;
  feed: SourceFeed;
  namespace: { name: string; uuid: string };
  /** Scheme and host under which its owner reached this platform. */
  apiHost: string;
  /** Activation stores of a namespace. */
  shards: number;
  /** Of a table: JSON text of the value behind which it is begun; null: with its first row. */
  cursor: RawJson | null;
  /** Of the view that is changed; absent: it is made anew, whatever was there. */
  revision?: string;
}

/** A message of a queue; `body`: JSON text. */
export interface TakenMessage {
  id: string;
  /** Epoch ms at which it was sent. */
  at: number;
  body: RawJson;
}

/** What is read of a source, from where. */
export interface ReadSource {
  namespace: { name: string; uuid: string };
  trigger: string;
  feed: SourceFeed;
  cursor: RawJson | null;
  /** Key behind which the list of a bucket goes on; "": it is begun. */
  after: string;
}

/** "blocked": it may not be read now; "failed": it could not; both are tried again. "gone": there is no trigger.
 * `more`: there is more to read at once. Values are JSON texts. */
export type SourceRead =
  | { kind: "rows"; rows: { value: RawJson; row: (readonly [column: string, value: RawJson])[] }[]; more: boolean }
  | { kind: "objects"; objects: ListedObject[]; more: boolean }
  | { kind: "blocked"; text: string }
  | { kind: "failed"; text: string }
  | { kind: "gone"; text: string };

/** Of a namespace's Sources object. What it says is done is on the disk. */
export interface SourcesRpc {
  put(source: PutSource): Promise<"put" | "full" | "changed">;
  find(trigger: string): Promise<{ view: SourceView; revision: string } | null>;
  /** Stops it for a while, or lets it go on, also where it was stopped. False if there is none. */
  pause(trigger: string, on: boolean): Promise<boolean>;
  /** False if there was none. */
  remove(trigger: string): Promise<boolean>;
  /** Of these messages, for all feeds of the queue: "taken", each fires once now; "again": no feed takes it now, or one
   * has no room. */
  take(queue: string, messages: TakenMessage[]): Promise<("taken" | "again")[]>;
  /** Looks whether something is due: the alarm may have been lost. */
  wake(): Promise<void>;
}

/** Of the Worker, for Sources objects. */
export interface SourceHelpRpc extends Pick<ScheduleHelpRpc, "fireSlots"> {
  readSource(asked: ReadSource): Promise<SourceRead>;
}
