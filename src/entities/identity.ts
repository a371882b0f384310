// Who is calling: one subject in one namespace, what he may do there, and what that namespace may use.

import { common, type Rights, type Role } from "./rights.ts";
import { inBoth, isNarrower, type Scope } from "./scope.ts";

export interface Namespace {
  name: string;
  /** Its permanent id, whatever keys open it: activations, permits and compositions are kept under it. */
  uuid: string;
  /** Ids under which some of its activations lie from before it had a permanent one. */
  former?: string[];
  /** Number of the database that keeps the records of its activations. Absent: 0. */
  records?: number;
}

/** All ids under which activations of a namespace lie, the permanent one first. */
export function idsOf({ uuid, former = [] }: Pick<Namespace, "uuid" | "former">): string[] {
  return [uuid, ...former];
}

/** Limits of a namespace as the administrator set them; what is absent takes the system's default. */
export interface NamespaceLimits {
  invocationsPerMinute?: number;
  concurrentInvocations?: number;
  /** MB that activations may hold at a time. */
  concurrentMemory?: number;
  firesPerMinute?: number;
  allowedKinds?: string[];
  storeActivations?: boolean;
  /** MB */
  minActionMemory?: number;
  maxActionMemory?: number;
  /** MB */
  minActionLogs?: number;
  maxActionLogs?: number;
  /** ms */
  minActionTimeout?: number;
  maxActionTimeout?: number;
  minActionConcurrency?: number;
  maxActionConcurrency?: number;
  /** Size strings such as "1 MB". */
  maxParameterSize?: string;
  maxPayloadSize?: string;
  truncationSize?: string;
}

export interface Identity {
  subject: string;
  namespace: Namespace;
  limits: NamespaceLimits;
  /** The key as the caller presented it, `uuid:secret`; handed to actions that ask for it. Never logged. */
  key: string;
  /** The uuid of the stored key that is behind this; "" where the namespace itself acts.
   * Absent in what was stored before. */
  keyId?: string;
  /** What that key is called among those of its subject to the namespace; absent where no stored key is behind this. */
  keyName?: string;
  /** Epoch ms from which that key opens nothing. */
  keyEnds?: number;
  /** True if this came from an activation credential, or acts with less than a stored key's rights:
   * there is no key to hand on. */
  derived: boolean;
  /** Absent: those that `derived` stands for. */
  rights?: Rights;
  /** The names that may be used; absent: all. */
  scope?: Scope;
  /** Of the stored key that was presented, if that is not an owner's. */
  role?: Exclude<Role, "owner">;
}

/** What those who have a say lend to what is done: no more than these rights,
 * and with names of this scope (absent: with all). */
export interface Lent {
  rights: Rights;
  scope?: Scope | undefined;
}

/** Whether the key behind it opens nothing any more. */
export function hasEnded({ keyEnds }: Pick<Identity, "keyEnds">, now: number): boolean {
  return keyEnds !== undefined && keyEnds <= now;
}

export function rightsOf({ rights, derived }: Pick<Identity, "rights" | "derived">): Rights {
  return rights ?? (derived ? "use" : "owner");
}

/** The same caller with no more than these rights, and no other names. Who comes to less than his key stands for has
 * none to hand on. */
export function limitedTo<I extends Pick<Identity, "rights" | "derived" | "scope">>(
  identity: I,
  most: { rights?: Rights | undefined; scope?: Scope | undefined },
): I {
  const narrows = isNarrower(most.scope, identity.scope);
  const rights = common(rightsOf(identity), most.rights, narrows ? "deploy" : undefined);
  if (rights === rightsOf(identity) && !narrows) return identity;
  return { ...identity, rights, derived: true, ...scopeOf(inBoth(identity.scope, most.scope)) };
}

/** As a member that is absent where everything is in scope. */
export function scopeOf(scope: Scope | undefined): { scope?: Scope } {
  return scope === undefined ? {} : { scope };
}
