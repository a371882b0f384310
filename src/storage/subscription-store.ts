// Subscriptions to message brokers, as their owners wrote them. What opens a broker is sealed, and told to nobody but
// who dials it.

import type { BrokerCredentials, BrokerKind, SubscriptionSettings } from "../entities/subscription.ts";

/** A trigger's subscription. A namespace has at most one for each of its triggers. */
export interface Subscription {
  id: string;
  /** New with each write. */
  revision: string;
  namespace: string;
  namespaceId: string;
  trigger: string;
  settings: SubscriptionSettings;
  paused: boolean;
  /** Activation stores of the namespace when it was made: its fires are spread over these. */
  shards: number;
  /** Scheme and host under which its owner reached this platform. */
  apiHost: string;
  /** Epoch ms. */
  created: number;
}

/** Where subscriptions are kept. Each change is whole when it returns, or was not made. */
export interface SubscriptionStore {
  byTrigger(namespaceId: string, trigger: string): Promise<Subscription | null>;
  byId(id: string): Promise<Subscription | null>;
  /** Of these, with what opens their brokers, null where the master secrets at hand do not open that; one that is gone
   * is left out. */
  open(ids: readonly string[]): Promise<{ subscription: Subscription; credentials: BrokerCredentials | null }[]>;
  /** In place of the one its trigger had. "full": the namespace has `max` already, or the deployment `maxOfAll`. */
  create(
    subscription: Subscription,
    options: { credentials: BrokerCredentials | null; max: number; maxOfAll: number },
  ): Promise<"created" | "full">;
  /** False if it is gone, or its revision is not `before` any more. Without `credentials` those it has stay. */
  change(
    subscription: Subscription,
    options: { before: string; credentials?: BrokerCredentials | null },
  ): Promise<boolean>;
  /** With all that belongs to it. False if there was none of this kind. */
  remove(namespaceId: string, trigger: string, kind: BrokerKind): Promise<boolean>;
}
