// What a connection to a broker is to the rest of the connectors, whatever the broker speaks.

import type { BrokerCredentials, SubscriptionSettings } from "../../src/entities/subscription.ts";
import { MAX_UNACKNOWLEDGED } from "../../src/protocol/subscriptions.ts";
import type { AllowList } from "./addresses.ts";
import type { Message } from "./message.ts";

/** Messages in hand from which on nothing more is read: what was read at once, in a piece of a kilobyte,
 * has room still. */
export const READ_UNTIL = MAX_UNACKNOWLEDGED - 150;

/** Who takes what comes. */
export interface Receiver {
  take(message: Message): void;
  /** Nothing more should be read. */
  readonly full: boolean;
  release(number: number, done: () => void): void;
}

export interface Dialling<Settings> {
  /** By which the broker knows its subscriber, the same on each host: that of the subscription. */
  id: string;
  settings: Settings;
  credentials: BrokerCredentials;
  allowed: AllowList;
  receiver: Receiver;
}

/** Resolves when it is subscribed; rejects with the reason, AddressRefused among them. */
export type ConnectBroker = (dialling: Dialling<SubscriptionSettings>) => Promise<BrokerConnection>;

/** One connection that is up, and subscribed. */
export interface BrokerConnection {
  /** Resolves when it has ended, with why. */
  readonly ended: Promise<string>;
  /** There is room: what was not read is read. */
  resume(): void;
  /** Messages the broker still holds; null: it does not say. */
  lag(): Promise<number | null>;
  /** `forget`: the broker need keep nothing for this subscriber. */
  close(options: { forget: boolean }): Promise<void>;
}
