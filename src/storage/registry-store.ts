// Subjects, namespaces, keys and limits as an administrator sees and changes them.

import type { Namespace, NamespaceLimits } from "../entities/identity.ts";
import type { Role } from "../entities/rights.ts";
import type { Scope } from "../entities/scope.ts";

/** "open": keys open it. "blocked": none does. "deleting": what is in it goes,
 * and nobody gets its name before it is gone. */
export type NamespaceState = "open" | "blocked" | "deleting";

/** A subject, whether it has keys or not. */
export interface RegisteredSubject {
  subject: string;
  blocked: boolean;
  /** Epoch ms. */
  created: number;
  /** Namespaces it has keys to. */
  namespaces: number;
  keys: number;
}

/** A namespace, whether anybody has a key to it or not. */
export interface RegisteredNamespace {
  namespace: Namespace;
  state: NamespaceState;
  /** Whether anybody who is not blocked has a key to it, and it is not blocked itself. */
  open: boolean;
  limits: NamespaceLimits;
  subjects: number;
  keys: number;
}

/** A key without its secret. */
export interface RegisteredKey {
  /** The part of the key before its colon. */
  id: string;
  subject: string;
  namespace: string;
  name: string;
  /** Epoch ms. */
  created: number;
  /** Epoch ms from which it opens nothing; null: no end. */
  ends: number | null;
  /** Id of the key that has taken its name. */
  replacedBy: string | null;
  role: Role;
  /** The names it may use; null: all. */
  scope: Scope | null;
  /** Whether its subject or its namespace is. */
  blocked: boolean;
}

/** `key`: `uuid:secret`; null: no secret at hand opens what is stored. */
export interface OpenedKey extends RegisteredKey {
  key: string | null;
}

/** One page, in the order of names; `next`: where the one after it begins, null after the last. */
export interface RegistryPage<T> {
  items: T[];
  next: string | null;
}

/** Which page of a list. */
export interface PageWish {
  /** `next` of the page before; "" at first. */
  after: string;
  limit: number;
}

/** Keys of a subject, of a namespace, or of one to the other. */
export interface KeyFilter {
  subject?: string | undefined;
  namespace?: string | undefined;
}

/** What of a key is to be otherwise; what is absent stays. */
export interface KeyChanges {
  name?: string | undefined;
  ends?: number | null | undefined;
  role?: Role | undefined;
  scope?: Scope | null | undefined;
}

/** "taken": the subject has another key of this name to the namespace. "replaced": another has replaced it already.
 * "last-owner": nobody would own the namespace for as long as it did. */
export type KeyChanged =
  | { kind: "changed"; key: RegisteredKey }
  | { kind: "taken" | "replaced" | "missing" | "last-owner" };

/** What the key was, and whether its subject has `more` keys to its namespace. */
export type KeyRevoked = { kind: "revoked"; key: RegisteredKey; more: boolean } | { kind: "missing" | "last-owner" };

/** `owned`: epoch ms of now, where an owner's key has to stay that is good for as long as this one; a key that is
 * replaced, or may not use all names, does not count. Absent: nobody looks. */
export interface KeyGuard {
  owned?: number | undefined;
}

/** "exists": somebody has the new one's uuid. */
export type KeyRotated =
  | { kind: "rotated"; key: string; now: RegisteredKey; before: RegisteredKey | null }
  | { kind: "exists" | "replaced" | "missing" };

/** How a key is replaced. */
export interface KeyRotation {
  now: number;
  /** Epoch ms until which the one before is good; not after `now`: it goes at once. */
  goodUntil: number;
  /** `uuid:secret` of the new one, where it shall not be random. */
  key?: string | undefined;
  /** End of the new one; absent: as that of the one before. */
  ends?: number | null | undefined;
}

/** Subjects, namespaces, keys and limits: pages to look at, and changes of which each happens whole or not at all. */
export interface RegistryStore {
  subjects(wish: PageWish): Promise<RegistryPage<RegisteredSubject>>;
  namespaces(wish: PageWish): Promise<RegistryPage<RegisteredNamespace>>;
  namespace(name: string): Promise<RegisteredNamespace | null>;
  /** Without a key to it. Null: there is one of this name. */
  createNamespace(name: string, limits: NamespaceLimits): Promise<RegisteredNamespace | null>;
  /** Blocks or unblocks. Null: there is none, or it is being deleted. */
  setBlocked(name: string, blocked: boolean): Promise<RegisteredNamespace | null>;
  /** Oldest first. */
  keys(filter: KeyFilter, wish: PageWish): Promise<RegistryPage<RegisteredKey>>;
  /** The same with their secrets, for an administrator who asks for them. */
  openedKeys(filter: KeyFilter, wish: PageWish): Promise<RegistryPage<OpenedKey>>;
  /** With a secret only if that is its own: compared in constant time. */
  key(id: string, secret?: string): Promise<RegisteredKey | null>;
  changeKey(id: string, change: KeyChanges, guard?: KeyGuard): Promise<KeyChanged>;
  /** Another key takes the name of this one. */
  rotateKey(id: string, rotation: KeyRotation): Promise<KeyRotated>;
  revokeKey(id: string, guard?: KeyGuard): Promise<KeyRevoked>;
  /** Of a namespace; {}: it has none of its own. There need be no namespace of this name yet. */
  limits(name: string): Promise<NamespaceLimits>;
  /** `merge`: over those it has, null taking one away; else instead of them. What they are then; null:
   * it is being deleted. */
  setLimits(name: string, limits: object, options: { merge: boolean }): Promise<NamespaceLimits | null>;
  /** False if it had none. */
  deleteLimits(name: string): Promise<boolean>;
  /** Names of the namespaces with these permanent or former ids. */
  namesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Replaced keys that have ended before this epoch ms. */
  sweepReplaced(before: number): Promise<void>;
}
