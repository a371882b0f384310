// Who a key belongs to, remembered per isolate under the namespace's epoch: with key and lease at hand, no I/O at all.

import { checkCredential, equalTexts, looksLikeCredential } from "../entities/credential.ts";
import { developmentIdentity, developmentNamespace } from "../entities/development.ts";
import type { Identity } from "../entities/identity.ts";
import type { GateLease } from "../protocol/rpc.ts";
import type { Later, Services } from "../services.ts";

const MAX_ENTRIES = 10_000;

/** An identity, and the epoch of its namespace under which it was read. */
export interface Owner {
  identity: Identity;
  epoch: number;
}

type Entry = Owner;

export interface Caller {
  identity: Identity;
  epoch: number;
  /** True if the key is one of the well-known public ones. */
  development: boolean;
}

interface Credentials {
  uuid: string;
  secret: string;
}

export class Identities {
  /** By `uuid` for stored keys, by `act:uuid` for the identity behind activation credentials, by `ns:name` for a namespace's
   * first identity. No uuid has a colon. */
  readonly #entries = new Map<string, Entry>();

  /** Null if nobody has this key. */
  async find(services: Services, credentials: Credentials, later: Later): Promise<Caller | null> {
    if (looksLikeCredential(credentials.secret)) return this.#derived(services, credentials, later);
    const { uuid, secret } = credentials;
    const matches = (identity: Identity) => equalTexts(identity.key, `${uuid}:${secret}`);
    const entry = this.#entries.get(uuid);
    if (entry !== undefined && matches(entry.identity)) {
      const lease = services.lease(entry.identity.namespace.name, later);
      const { epoch } = "then" in lease ? await lease : lease;
      if (epoch === entry.epoch) return callerOf(services, entry);
    }
    const found = await this.#read(services, { key: uuid, later }, async () => {
      const stored = await services.stores.identities.byKey(uuid, secret);
      if (stored !== null || !services.settings.developmentKeys) return stored;
      const known = developmentIdentity(uuid);
      return known !== undefined && matches(known) ? known : null;
    });
    return found === null ? null : callerOf(services, found);
  }

  /** On whose behalf a web action of this namespace runs, or null if nobody has the namespace. */
  async ofNamespace(services: Services, name: string, later: Later): Promise<Owner | null> {
    const key = `ns:${name}`;
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      const lease = services.lease(name, later);
      const { epoch } = "then" in lease ? await lease : lease;
      if (epoch === entry.epoch) return entry;
    }
    return this.#read(services, { key, later }, async () => {
      const stored = await services.stores.identities.byNamespace(name);
      if (stored !== null || !services.settings.developmentKeys) return stored;
      return developmentNamespace(name) ?? null;
    });
  }

  async #derived(services: Services, { uuid, secret }: Credentials, later: Later): Promise<Caller | null> {
    const presented = { namespaceId: uuid, secret, now: Date.now() };
    if ((await checkCredential(services.masterSecret, presented)) === null) return null;
    const key = `act:${uuid}`;
    let entry = this.#entries.get(key) ?? null;
    if (entry !== null) {
      const lease = await services.lease(entry.identity.namespace.name, later);
      if (lease.epoch !== entry.epoch) entry = null;
    }
    entry ??= await this.#read(services, { key, later }, async () => {
      const stored = await services.stores.identities.byUuid(uuid);
      if (stored !== null || !services.settings.developmentKeys) return stored;
      return developmentIdentity(uuid) ?? null;
    });
    if (entry === null) return null;
    const identity = { ...entry.identity, key: `${uuid}:${secret}`, derived: true };
    return { identity, epoch: entry.epoch, development: false };
  }

  /** A lease must be older than the read it covers, and the namespace is only known once read: a key seen for the first
   * time is read twice. */
  async #read(
    services: Services,
    { key, later }: { key: string; later: Later },
    read: () => Promise<Identity | null>,
  ): Promise<Entry | null> {
    let namespace = this.#entries.get(key)?.identity.namespace.name;
    if (namespace === undefined) namespace = (await read())?.namespace.name;
    if (namespace === undefined) return null;
    const lease: GateLease = await services.lease(namespace, later);
    const identity = await read();
    if (identity === null) {
      this.#entries.delete(key);
      return null;
    }
    const entry = { identity, epoch: lease.epoch };
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear();
    if (identity.namespace.name === namespace) this.#entries.set(key, entry);
    return entry;
  }
}

function callerOf(services: Services, { identity, epoch }: Entry): Caller {
  const development =
    services.settings.developmentKeys && developmentIdentity(identity.namespace.uuid)?.key === identity.key;
  return { identity, epoch, development };
}
