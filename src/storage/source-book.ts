// Who may read which of the operator's sources, and who does.

import type { SourceName } from "../entities/source.ts";

/** That a namespace may read a source. */
export interface SourceGrant extends SourceName {
  /** Name and permanent id. */
  namespace: string;
  namespaceId: string;
  /** Epoch ms. */
  created: number;
}

/** Where grants are kept, and which trigger has a feed of what. */
export interface SourceBook {
  grants(): Promise<SourceGrant[]>;
  isGranted(source: SourceName, namespaceId: string): Promise<boolean>;
  /** One that is there stays. */
  grant(grant: SourceGrant): Promise<void>;
  /** False if there was none. */
  revoke(source: SourceName, namespaceId: string): Promise<boolean>;
  /** In place of what the trigger had. */
  addFeed(feed: { namespaceId: string; trigger: string; source: SourceName }): Promise<void>;
  removeFeed(namespaceId: string, trigger: string): Promise<void>;
  /** Of namespaces that have feeds of this source and may read it, the permanent ids. */
  readers(source: SourceName): Promise<string[]>;
  /** Permanent ids of `max` namespaces that have feeds; with each `turn` (a number that counts on) the next ones, and
   * from the beginning when all had their turn. */
  some(turn: number, max: number): Promise<string[]>;
}
