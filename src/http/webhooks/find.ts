// Whose webhook an address is, remembered per isolate under the namespace's epoch:
// a delivery to a known one reads nothing.

import { idsOf } from "../../entities/identity.ts";
import { hashOf } from "../../events/address.ts";
import { WebhookSettings } from "../../events/webhook.ts";
import { EpochCache } from "../../invocation/epoch-cache.ts";
import type { Later } from "../../services/refreshed.ts";
import type { Services } from "../../services/services.ts";
import type { Lasting, Webhook } from "../../storage/webhook-store.ts";
import type { EpochIdentity, Identities } from "../identities.ts";

/** A webhook as a delivery needs it. */
export interface OpenWebhook {
  webhook: Pick<Webhook, "id" | "namespace" | "namespaceId" | "trigger">;
  settings: WebhookSettings;
  /** Those that are good now. */
  secrets: string[];
  /** The namespace itself, in whose name it fires. Null: nobody has it any more, or whoever had it is blocked. */
  owner: EpochIdentity | null;
}

interface Known {
  webhook: Webhook;
  settings: WebhookSettings;
  address: Lasting;
  secrets: (Lasting & { text: string })[];
}

export class Webhooks {
  readonly #identities: Identities;
  readonly #known = new EpochCache<Known>({ maxEntries: 10_000 });

  constructor(identities: Identities) {
    this.#identities = identities;
  }

  /** Null if nobody's address ends so. */
  async find(
    services: Services,
    token: string,
    { later, now }: { later: Later; now: number },
  ): Promise<OpenWebhook | null> {
    const hash = hashOf(token);
    if (hash === null) return null;
    const epochOf = (namespace: string) => {
      const lease = services.lease(namespace, later);
      return "then" in lease ? lease.then(({ epoch }) => epoch) : lease.epoch;
    };
    const known = (await this.#known.find(hash, epochOf)) ?? (await this.#read(services, hash, later));
    if (known === null || !isGood(known.address, now)) return null;
    const { webhook, settings } = known;
    const owner = await this.#identities.ofNamespace(services, webhook.namespace, later);
    const isOwners = owner !== null && idsOf(owner.identity.namespace).includes(webhook.namespaceId);
    const secrets = known.secrets.filter((each) => isGood(each, now)).map(({ text }) => text);
    return { webhook, settings, secrets, owner: isOwners ? owner : null };
  }

  /** A lease must be older than the read it covers, and the namespace is only known once read. */
  async #read(services: Services, hash: string, later: Later): Promise<Known | null> {
    const { webhooks } = services.stores;
    const namespace = this.#known.last(hash)?.webhook.namespace ?? (await webhooks.byAddress(hash))?.webhook.namespace;
    if (namespace === undefined) return null;
    const { epoch } = await services.lease(namespace, later);
    const found = await webhooks.byAddress(hash);
    if (found === null) {
      this.#known.delete(hash);
      return null;
    }
    const known = { ...found, settings: WebhookSettings.parse(JSON.parse(found.webhook.settings)) };
    this.#known.set(hash, known, { stamps: [[namespace, epoch]] });
    return known;
  }
}

function isGood({ until }: Lasting, now: number): boolean {
  return until === null || now < until;
}
