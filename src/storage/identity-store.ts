// Who may come in: subjects, namespaces and their keys.

import type { Identity, NamespaceLimits } from "../entities/identity.ts";

export interface NewIdentity {
  subject: string;
  namespace: string;
  /** `uuid:secret` to use instead of a random key. */
  key?: string;
  limits?: NamespaceLimits;
}

export interface IdentityStore {
  /** The identity behind a key: looked up by HMAC(pepper, key), compared in constant time. Null if unknown or blocked. */
  byKey(uuid: string, secret: string): Promise<Identity | null>;
  /** For activation credentials, which prove the uuid without a stored secret. Its key is unsealed. Null if unknown or blocked. */
  byUuid(uuid: string): Promise<Identity | null>;
  /** For anonymous web actions and our own objects: the namespace's first identity, its key unsealed. */
  byNamespace(name: string): Promise<Identity | null>;
  /** Null if the subject already has this namespace. The key is in the answer and is kept sealed. */
  create(identity: NewIdentity): Promise<Identity | null>;
}
