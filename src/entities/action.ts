// An action as it is stored and as a call needs it.

import type { ActionLimits } from "./limits.ts";
import type { RawJson } from "./raw-json.ts";
import type { Rights } from "./rights.ts";
import type { Scope } from "./scope.ts";

/** One parameter or annotation; the value keeps the bytes it was sent with. */
export interface Parameter {
  key: string;
  value: RawJson;
  /** Delivered through the environment at /init only. */
  init?: boolean;
  /** In old documents: a client said its value was sealed. The value is taken as it stands. */
  encryption?: string;
}

/** Where an action's code lies: `key` in the blob store, `hash` (SHA-256, hex) of its bytes as stored, which is what
 * hosts cache by, `size` in bytes. */
export interface CodeRef {
  key: string;
  hash: string;
  size: number;
}

export type Exec =
  | { kind: string; code: CodeRef; binary: boolean; main?: string }
  | { kind: "blackbox"; image: string; code?: CodeRef; binary: boolean; main?: string }
  /** Fully qualified names with leading slash. */
  | { kind: "sequence"; components: string[] }
  /** Served by the Worker; which function it is, its path says. */
  | { kind: "builtin"; binary: false };

/** Fields every stored entity has. */
export interface EntityHead {
  /** `ns` or `ns/package`. */
  namespace: string;
  name: string;
  version: string;
  publish: boolean;
  annotations: Parameter[];
  /** Epoch ms of the last write. */
  updated: number;
  /** Opaque; differs after each write of this name, and after delete and create. Warm containers are keyed by it. */
  revision: string;
  /** Rights of the key that last wrote it; absent in old documents: a stored key's. No client sees it. */
  writtenWith?: Rights;
  /** The names that key could use; absent: all. What it does reaches no others. No client sees it. */
  writerScope?: Scope;
}

export interface Action extends EntityHead {
  parameters: Parameter[];
  limits: ActionLimits;
  exec: Exec;
}
