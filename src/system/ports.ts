// What the functions of built-in packages may ask of the platform, beside what they are called with.

import type { AlarmSettings } from "../entities/schedule.ts";
import type { SubscriptionView } from "../entities/subscription.ts";
import type { IpRange } from "../outbound/address.ts";
import type { SinksRpc } from "../protocol/sinks.ts";
import type { SourcesRpc } from "../protocol/sources.ts";
import type { ScheduleDirectory } from "../schedules/directory.ts";
import type { EntityStore } from "../storage/entity-store.ts";
import type { FeedSources } from "../storage/feed-sources.ts";
import type { SinkSecrets } from "../storage/sink-secrets.ts";
import type { SourceBook } from "../storage/source-book.ts";
import type { SubscriptionStore } from "../storage/subscription-store.ts";
import type { WebhookStore } from "../storage/webhook-store.ts";

/** The Worker provides it over its bindings, tests over their own. */
export interface SystemPorts {
  entities: Pick<EntityStore, "get">;
  alarms: {
    settings: AlarmSettings;
    /** Activation stores of a namespace. */
    shards: number;
    schedules(namespaceId: string): ScheduleDirectory;
  };
  subscriptions: {
    store: Pick<SubscriptionStore, "byTrigger" | "create" | "change" | "remove">;
    /** Activation stores of a namespace. */
    shards: number;
    /** Tells who gives them to hosts that they are not what they were. */
    changed(): Promise<void>;
    /** How one stands; null while nobody knows of it. */
    view(id: string): Promise<SubscriptionView | null>;
  };
  sources: {
    /** Activation stores of a namespace. */
    shards: number;
    book: Pick<SourceBook, "isGranted" | "addFeed" | "removeFeed">;
    /** What the operator has declared. */
    bound: Pick<FeedSources, "declared" | "table">;
    of(namespaceId: string): Pick<SourcesRpc, "put" | "find" | "pause" | "remove">;
  };
  sinks: {
    /** Activation stores of a namespace. */
    shards: number;
    /** Address ranges that are reached though they are not public. */
    allowed: readonly IpRange[];
    secrets: Pick<SinkSecrets, "keep" | "forget">;
    of(namespaceId: string): Pick<SinksRpc, "put" | "remove" | "views" | "letters" | "again">;
  };
  events: {
    /** Activation stores of a namespace. */
    shards: number;
    /** What is known of the events of a feed; `forget`: a piece of it goes first, since the feed is no more. */
    known(
      about: { namespaceId: string; shard: number; feed: string },
      forget: boolean,
    ): Promise<{ known: number; forgotten: number; repeated: number }>;
  };
  webhooks: {
    store: Pick<WebhookStore, "byTrigger" | "create" | "change" | "remove">;
    /** When it returns, nobody anywhere uses what he had read of this namespace's webhooks before. */
    withWrite<T>(namespace: string, write: () => Promise<T>): Promise<T>;
  };
}
