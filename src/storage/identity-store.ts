// Who may come in: subjects, namespaces and their keys.

import type { Identity, Namespace, NamespaceLimits } from "../entities/identity.ts";
import type { Role } from "../entities/rights.ts";
import type { Scope } from "../entities/scope.ts";

/** A key that is to be made for a subject. `limits` replace those of the namespace. */
export interface NewIdentity {
  subject: string;
  namespace: string;
  /** `uuid:secret` to use instead of a random key. */
  key?: string;
  limits?: NamespaceLimits;
  /** Of the key, among those of the subject to the namespace; absent: "default". */
  name?: string;
  /** Epoch ms from which the key opens nothing. */
  ends?: number;
  /** Absent: "owner". */
  role?: Role;
  /** The names it may use; absent: all. */
  scope?: Scope;
  /** Keys that the namespace may have then, whosever; absent: as many as there are. */
  most?: number;
}

/** A namespace, and whose keys open it now: none that is blocked. */
export interface Household {
  namespace: Namespace;
  limits: NamespaceLimits;
  /** Also those whose keys have ended. */
  members: { keyId: string; keyName: string; subject: string; keyEnds?: number; role: Role; scope?: Scope }[];
}

/** A namespace of a subject. */
export interface NamespaceStanding {
  namespace: Namespace;
  /** Whether anybody who is not blocked has a key to it. */
  open: boolean;
}

/** A subject with all namespaces it has a key to. */
export interface SubjectStanding {
  subject: string;
  blocked: boolean;
  namespaces: NamespaceStanding[];
}

/** What became of a key that was to be made. */
export type Made =
  /** `fresh`: nobody had this namespace before. */
  | { kind: "made"; identity: Identity; fresh: boolean }
  /** The subject has a key of this name to the namespace already, or somebody has this key's uuid. */
  | { kind: "exists" }
  | { kind: "blocked" }
  /** The namespace is blocked, or being deleted. */
  | { kind: "closed" }
  /** It has `most` keys already. */
  | { kind: "full" };

/** Where subjects, namespaces and keys are kept. Secrets never leave it but in the identity that they open. */
export interface IdentityStore {
  /** The identity behind a key: looked up by HMAC(pepper, key), compared in constant time. Null if unknown or blocked;
   * whether it has ended is for who uses it to see. */
  byKey(uuid: string, secret: string): Promise<Identity | null>;
  /** By permanent id; where `orKey`, also by the uuid of one of its keys. Null if nobody has a key to it. */
  household(id: string, options: { orKey: boolean }): Promise<Household | null>;
  /** What the platform does for anybody (web actions) it does as the namespace itself, with no key. Its subject is the
   * first one that is not blocked; null if there is none. */
  byNamespace(name: string): Promise<Identity | null>;
  /** Whether anybody has a key, blocked or not, to a namespace beside these. */
  anyBeside(namespaces: readonly string[]): Promise<boolean>;
  /** The key is in the answer and is kept sealed. */
  create(identity: NewIdentity): Promise<Made>;
  standing(subject: string): Promise<SubjectStanding | null>;
  /** A blocked subject's keys open nothing. Null if there is no such subject. */
  block(subject: string, blocked: boolean): Promise<SubjectStanding | null>;
  /** Takes the subject's keys to one namespace away, or all of them and the subject. What it had before, each as it is
   * now; null if it had none. The namespaces keep their ids and what is in them. */
  remove(subject: string, namespace: string | undefined): Promise<SubjectStanding | null>;
  /** Another key in place of the subject's own (its "default" one), random where none is given; "exists": somebody has
   * this uuid. Null if the subject has no such namespace. */
  rotate(subject: string, namespace: string, key: string | undefined): Promise<Identity | "exists" | null>;
}
