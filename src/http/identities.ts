// Who a key belongs to, remembered per isolate under the namespace's epoch: with key and lease at hand, no I/O at all.

import { checkCredential, equalTexts, looksLikeCredential, tagOf } from "../entities/credential.ts";
import { developmentIdentity, developmentNamespace, mergedNamespace } from "../entities/development.ts";
import { hasEnded, type Identity, limitedTo } from "../entities/identity.ts";
import { RIGHTS_OF_ROLE } from "../entities/rights.ts";
import { EpochCache } from "../invocation/epoch-cache.ts";
import type { EpochLease } from "../protocol/rpc.ts";
import type { Later } from "../services/refreshed.ts";
import type { Services } from "../services/services.ts";
import type { Household } from "../storage/identity-store.ts";

/** An identity, and the epoch of its namespace under which it was read. */
export interface EpochIdentity {
  identity: Identity;
  epoch: number;
}

export interface Caller {
  identity: Identity;
  epoch: number;
  /** True if the key is one of the well-known public ones. */
  development: boolean;
}

export interface PresentedKey {
  uuid: string;
  secret: string;
}

export class Identities {
  /** By `uuid` for stored keys, by `act:id:tag` for the identity behind activation credentials, by `ns:name` for a
   * namespace itself. No uuid has a colon. */
  readonly #owners = new EpochCache<EpochIdentity>({ maxEntries: 10_000 });

  /** Null if nobody has this key, or it has ended. */
  async find(services: Services, credentials: PresentedKey, later: Later): Promise<Caller | null> {
    const caller = await this.#find(services, credentials, later);
    return caller === null || hasEnded(caller.identity, Date.now()) ? null : caller;
  }

  async #find(services: Services, credentials: PresentedKey, later: Later): Promise<Caller | null> {
    if (looksLikeCredential(credentials.secret)) return this.#derived(services, credentials, later);
    const { uuid, secret } = credentials;
    const matches = (identity: Identity) => equalTexts(identity.key, `${uuid}:${secret}`);
    const last = this.#owners.last(uuid);
    if (last !== undefined && matches(last.identity)) {
      const known = this.#known(services, uuid, later);
      const owner = known instanceof Promise ? await known : known;
      if (owner !== undefined) return callerOf(services, owner);
    }
    const found = await this.#read(services, { key: uuid, later }, async () => {
      const stored = await services.stores.identities.byKey(uuid, secret);
      if (stored !== null) return withDevelopment(services, stored);
      const known = services.settings.developmentKeys ? developmentIdentity(uuid) : undefined;
      return known !== undefined && matches(known) ? settled(services, known) : null;
    });
    return found === null ? null : callerOf(services, found);
  }

  /** The namespace acting by itself, as whoever calls its web actions makes it do, or null if nobody has it: with no
   * key, and the least of rights. */
  async ofNamespace(services: Services, name: string, later: Later): Promise<EpochIdentity | null> {
    const key = `ns:${name}`;
    const known = this.#known(services, key, later);
    const owner = known instanceof Promise ? await known : known;
    if (owner !== undefined) return owner;
    return this.#read(services, { key, later }, async () => {
      const stored = await services.stores.identities.byNamespace(name);
      if (stored !== null) return withDevelopment(services, stored);
      const known = services.settings.developmentKeys ? developmentNamespace(name) : undefined;
      if (known === undefined) return null;
      const { keyName: _, ...identity } = await settled(services, known);
      return { ...identity, key: "", keyId: "", derived: true };
    });
  }

  async #derived(services: Services, { uuid, secret }: PresentedKey, later: Later): Promise<Caller | null> {
    const presented = { user: uuid, secret, now: Date.now() };
    const granted = await checkCredential(services.masterSecret, presented);
    if (granted === null) return null;
    const { namespaceId, keyTag } = granted;
    const key = `act:${namespaceId}:${keyTag ?? ""}`;
    const known = await this.#known(services, key, later);
    const owner =
      known ??
      (await this.#read(services, { key, later }, async () => {
        // Calls that were accepted before namespaces had ids go by the uuid of their key.
        const orKey = keyTag === null || keyTag === (await tagOf(""));
        const household = await householdOf(services, namespaceId, { orKey });
        return household === null ? null : memberOf(household, keyTag);
      }));
    if (owner === null) return null;
    // What its key may do now, and no more than was granted.
    const identity = limitedTo({ ...owner.identity, key: `${uuid}:${secret}`, derived: true }, granted);
    return { identity, epoch: owner.epoch, development: false };
  }

  #known(
    services: Services,
    key: string,
    later: Later,
  ): EpochIdentity | undefined | Promise<EpochIdentity | undefined> {
    return this.#owners.find(key, (namespace) => {
      const lease = services.lease(namespace, later);
      return "then" in lease ? lease.then(({ epoch }) => epoch) : lease.epoch;
    });
  }

  /** A lease must be older than the read it covers, and the namespace is only known once read: a key seen for the first
   * time is read twice. */
  async #read(
    services: Services,
    { key, later }: { key: string; later: Later },
    read: () => Promise<Identity | null>,
  ): Promise<EpochIdentity | null> {
    let namespace = this.#owners.last(key)?.identity.namespace.name;
    if (namespace === undefined) namespace = (await read())?.namespace.name;
    if (namespace === undefined) return null;
    const lease: EpochLease = await services.lease(namespace, later);
    const identity = await read();
    if (identity === null) {
      this.#owners.delete(key);
      return null;
    }
    const owner = { identity, epoch: lease.epoch };
    if (identity.namespace.name === namespace) this.#owners.set(key, owner, { stamps: [[namespace, lease.epoch]] });
    return owner;
  }
}

/** Who uses a credential that was minted for calls of the key with this tag,
 * or null if there is no such key any more. */
async function memberOf({ namespace, limits, members }: Household, keyTag: string | null): Promise<Identity | null> {
  const who = (
    subject: string,
    keyId: string,
    more: Pick<Identity, "keyEnds" | "keyName" | "scope" | "rights"> = {},
  ): Identity => {
    return { subject, namespace, limits, key: "", keyId, derived: true, rights: "deploy", ...more };
  };
  const [first] = members;
  if (first === undefined) return null;
  if (keyTag === null || keyTag === (await tagOf(""))) return who(first.subject, "");
  for (const { keyId, subject, role, ...more } of members) {
    if ((await tagOf(keyId)) === keyTag) return who(subject, keyId, { ...more, rights: RIGHTS_OF_ROLE[role] });
  }
  return null;
}

/** Where the well-known keys count, they are keys of their namespaces like others. */
async function householdOf(services: Services, id: string, options: { orKey: boolean }): Promise<Household | null> {
  const stored = await services.stores.identities.household(id, options);
  if (!services.settings.developmentKeys) return stored;
  const known = stored === null ? developmentIdentity(id) : developmentNamespace(stored.namespace.name);
  if (known === undefined) return stored;
  const { uuid: keyId } = known.namespace;
  const members = [
    ...(stored?.members ?? []),
    { keyId, keyName: known.keyName ?? "", role: "owner" as const, subject: known.subject },
  ];
  const namespace = stored === null ? known.namespace : mergedNamespace(stored.namespace, known.namespace);
  const limits = stored?.limits ?? (await services.stores.registry.limits(namespace.name));
  return { namespace, limits, members };
}

/** A well-known identity in its namespace as it is stored: with its limits, which may be set where nobody else has a
 * key to it. */
async function settled(services: Services, known: Identity): Promise<Identity> {
  const { name } = known.namespace;
  const stored = await services.stores.identities.byNamespace(name);
  if (stored === null) return { ...known, limits: await services.stores.registry.limits(name) };
  return { ...known, namespace: mergedNamespace(stored.namespace, known.namespace), limits: stored.limits };
}

function withDevelopment(services: Services, identity: Identity): Identity {
  const known = services.settings.developmentKeys ? developmentNamespace(identity.namespace.name) : undefined;
  return known === undefined
    ? identity
    : { ...identity, namespace: mergedNamespace(identity.namespace, known.namespace) };
}

function callerOf(services: Services, { identity, epoch }: EpochIdentity): Caller {
  const development =
    services.settings.developmentKeys && developmentIdentity(identity.keyId ?? "")?.key === identity.key;
  return { identity, epoch, development };
}
