// Who is calling: one subject in one namespace, what he may do there, and what that namespace may use.

import { common, type Rights } from "./rights.ts";

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
export function idsOf({ uuid, former = [] }: Namespace): string[] {
  return [uuid, ...former];
}

/** Limits of a namespace as the administrator set them; what is absent takes the system's default. */
export interface NamespaceLimits {
  invocationsPerMinute?: number;
  concurrentInvocations?: number;
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
  /** The uuid of the stored key that is behind this; "" where the namespace itself acts. Absent in what was stored before. */
  keyId?: string;
  /** What that key is called among those of its subject to the namespace; absent where no stored key is behind this. */
  keyName?: string;
  /** Epoch ms from which that key opens nothing. */
  keyEnds?: number;
  /** True if this came from an activation credential, or acts with less than a stored key's rights: there is no key to hand on. */
  derived: boolean;
  /** Absent: those that `derived` stands for. */
  rights?: Rights;
}

/** Whether the key behind it opens nothing any more. */
export function hasEnded({ keyEnds }: Pick<Identity, "keyEnds">, now: number): boolean {
  return keyEnds !== undefined && keyEnds <= now;
}

export function rightsOf({ rights, derived }: Pick<Identity, "rights" | "derived">): Rights {
  return rights ?? (derived ? "use" : "owner");
}

/** The same caller with no more than these rights. */
export function limitedTo<I extends Pick<Identity, "rights" | "derived">>(identity: I, most: Rights | undefined): I {
  const rights = common(rightsOf(identity), most);
  return rights === rightsOf(identity) ? identity : { ...identity, rights, derived: true };
}
