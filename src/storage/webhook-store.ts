// Webhooks: their settings, the hashes of their addresses, and their secrets.
// Of addresses nothing but the hash is known here.

/** A trigger's webhook. A namespace has at most one for each of its triggers. */
export interface Webhook {
  id: string;
  namespace: string;
  namespaceId: string;
  trigger: string;
  /** JSON. */
  settings: string;
  /** Epoch ms. */
  created: number;
}

/** Good until then (epoch ms); null: for good. */
export interface Lasting {
  until: number | null;
}

/** Where webhooks are kept. Each change is whole when it returns, or was not made. */
export interface WebhookStore {
  /** Whose address has this hash, and the secrets its senders sign with; null if nobody's is or was lately. */
  byAddress(
    hash: string,
  ): Promise<{ webhook: Webhook; address: Lasting; secrets: (Lasting & { text: string })[] } | null>;
  byTrigger(
    namespaceId: string,
    trigger: string,
  ): Promise<{ webhook: Webhook; addresses: (Lasting & { hash: string; created: number })[] } | null>;
  /** In place of the one the trigger had, whose addresses are good for nothing from now on. False:
   * the namespace has `max` already. */
  create(webhook: Webhook, options: { address: string; secret: string | null; max: number }): Promise<boolean>;
  /** False if it is gone. What is replaced is good until `until`; a new address or secret counts at once. */
  change(
    id: string,
    change: { settings: string; address?: string; secret?: string; until: number; now: number },
  ): Promise<boolean>;
  /** With all that belongs to it. False if there was none. */
  remove(namespaceId: string, trigger: string): Promise<boolean>;
}
