// Who is calling: one subject in one namespace, and what that namespace may use.

export interface Namespace {
  name: string;
  /** Equals the user part (uuid) of the key that opened this identity. */
  uuid: string;
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
  /** True if this came from an activation credential, not from a stored key. */
  derived: boolean;
}
