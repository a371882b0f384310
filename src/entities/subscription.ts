// What a trigger hears from a message broker: settings as they are stored, what is promised for them,
// and how a subscription stands.

import * as z from "zod";

const MAX_ADDRESS = 500;
const MAX_TOPIC = 1_024;
const MAX_TOPICS = 50;
const MAX_CERTIFICATE = 20_000;
const DAY_S = 86_400;

/** `mqtt://host:port`, `mqtts:`, `nats:` or `tls:`, alone. Credentials are given beside it. */
function brokerUrl(schemes: readonly string[]): z.ZodType<string> {
  return z
    .string(`must be an address such as ${schemes[0]}://broker.example`)
    .max(MAX_ADDRESS)
    .refine((text) => isBrokerUrl(text, schemes), {
      error: `must be an address such as ${schemes[0]}://broker.example (${schemes.join(", ")}), without user, path or query`,
    });
}

function isBrokerUrl(text: string, schemes: readonly string[]): boolean {
  const url = URL.parse(text);
  if (url === null || !schemes.includes(url.protocol.slice(0, -1))) return false;
  const path = url.pathname === "" || url.pathname === "/";
  return url.hostname !== "" && path && url.username + url.password + url.search + url.hash === "";
}

const topic = z
  .string()
  .min(1, "must not be empty")
  .max(MAX_TOPIC)
  .refine((text) => !text.includes("\0"), "must not hold a zero character");
const common = {
  /** PEM of who vouches for the broker's certificate, where that is none that everybody knows. */
  ca: z.string().max(MAX_CERTIFICATE).optional(),
  /** Messages are JSON, and come as that. One that is not comes as text. */
  isJSONData: z.boolean().default(false),
  /** Messages come in base64. */
  isBinaryValue: z.boolean().default(false),
};

export const MqttSettings = z.strictObject({
  kind: z.literal("mqtt"),
  url: brokerUrl(["mqtt", "mqtts"]),
  /** Filters, with `+` and `#`. */
  topics: z.array(topic).min(1).max(MAX_TOPICS),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)], "must be 0, 1 or 2").default(1),
  /** Of the protocol: 4 is MQTT 3.1.1. */
  version: z.union([z.literal(4), z.literal(5)], "must be 4 (MQTT 3.1.1) or 5").default(5),
  /** Seconds for which the broker keeps what comes while nobody is connected; of version 5. */
  sessionExpiry: z
    .int()
    .min(60)
    .max(30 * DAY_S)
    .default(DAY_S),
  ...common,
});
export type MqttSettings = z.infer<typeof MqttSettings>;

export const NatsSettings = z.strictObject({
  kind: z.literal("nats"),
  url: brokerUrl(["nats", "tls"]),
  /** Of JetStream; absent: what is published while we listen, and no more. */
  stream: z
    .string()
    .regex(/^[^\s.*>/\\]{1,255}$/, "must be a stream's name")
    .optional(),
  /** With `*` and `>`. Of a stream: which of its messages; absent: all. */
  subject: topic.regex(/^\S+$/, "must not hold blanks").optional(),
  /** Where a stream is begun: with what comes, or with its first message. */
  deliver: z.enum(["new", "all"]).default("new"),
  ...common,
});
export type NatsSettings = z.infer<typeof NatsSettings>;

export const SubscriptionSettings = z.discriminatedUnion("kind", [MqttSettings, NatsSettings]);
export type SubscriptionSettings = z.infer<typeof SubscriptionSettings>;
export type BrokerKind = SubscriptionSettings["kind"];

/** What opens the broker. */
export const BrokerCredentials = z.strictObject({
  username: z.string().max(MAX_TOPIC).optional(),
  password: z.string().max(MAX_CERTIFICATE).optional(),
  /** Of NATS. */
  token: z.string().max(MAX_CERTIFICATE).optional(),
});
export type BrokerCredentials = z.infer<typeof BrokerCredentials>;

/** How often a message fires. */
export type DeliveryGuarantee = "at most once" | "at least once" | "exactly once";

export function deliveryOf(settings: SubscriptionSettings): DeliveryGuarantee {
  if (settings.kind === "nats") return settings.stream === undefined ? "at most once" : "exactly once";
  return (["at most once", "at least once", "exactly once"] as const)[settings.qos];
}

/** What came of messages, since the subscription was made. */
export interface MessageCounts {
  received: number;
  /** Their fires are stored. */
  fired: number;
  /** The trigger had no active rule. */
  idle: number;
  /** Told as sent before. */
  duplicates: number;
  /** Too large, or refused for what they are; they are not asked for again. */
  rejected: number;
  /** There was no room for them, and nobody will send them again. */
  dropped: number;
}

export const NO_COUNTS: MessageCounts = { received: 0, fired: 0, idle: 0, duplicates: 0, rejected: 0, dropped: 0 };

/** "waiting": no host has it. */
export type SubscriptionState = "waiting" | "connecting" | "receiving" | "retrying" | "paused" | "stopped";

/** How one stands. */
export interface SubscriptionView {
  state: SubscriptionState;
  /** Why it is not receiving. */
  reason?: string;
  /** Epoch ms at which a host was given it. */
  since?: number;
  /** Messages that the broker still holds for it; null: the broker does not say. */
  lag: number | null;
  unacknowledged: number;
  counts: MessageCounts;
  /** `at`: epoch ms. */
  lastError?: { text: string; at: number };
}
