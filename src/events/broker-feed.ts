// What a client gave the feeds of message brokers, as settings and credentials, or why not. Parsed once,
// from a feed's arguments.

import type { z } from "zod";
import type { RawJson } from "../entities/raw-json.ts";
import {
  BrokerCredentials,
  type BrokerKind,
  MqttSettings,
  NatsSettings,
  type SubscriptionSettings,
} from "../entities/subscription.ts";
import { fail, ok, type Result } from "../errors.ts";

export interface SubscriptionWish {
  settings: SubscriptionSettings;
  /** Null: the broker wants none. */
  credentials: BrokerCredentials | null;
}

/** What is known of each, and what of it can be changed: a broker keeps the rest for its subscriber. */
const KNOWN: Readonly<Record<BrokerKind, { schema: typeof MqttSettings | typeof NatsSettings; fixed: string[] }>> = {
  mqtt: { schema: MqttSettings, fixed: ["url", "topic", "topics", "qos", "version"] },
  nats: { schema: NatsSettings, fixed: ["url", "stream", "subject", "deliver"] },
};
const CREDENTIALS: Readonly<Record<BrokerKind, readonly (keyof BrokerCredentials)[]>> = {
  mqtt: ["username", "password"],
  nats: ["username", "password", "token"],
};

/** Arguments that it does not know are others'. Fails with `bad-request`. */
export function newSubscription(kind: BrokerKind, args: RawJson): Result<SubscriptionWish> {
  const given = JSON.parse(args) as Record<string, unknown>;
  const settings = settingsOf(kind, given);
  if (!settings.ok) return settings;
  const credentials = credentialsOf(kind, given);
  return credentials.ok ? ok({ settings: settings.value, credentials: credentials.value }) : credentials;
}

/** What is not named stays; `credentials` is absent where none are named, null where they are taken away.
 * Fails with `bad-request`. */
export function changedSubscription(
  settings: SubscriptionSettings,
  args: RawJson,
): Result<{ settings: SubscriptionSettings; credentials?: BrokerCredentials | null }> {
  const { kind } = settings;
  const given = JSON.parse(args) as Record<string, unknown>;
  const { schema, fixed } = KNOWN[kind];
  const told = fixed.find((name) => given[name] !== undefined);
  if (told !== undefined) {
    return fail("bad-request", `The parameter '${told}' cannot be changed: create the feed anew.`);
  }
  const changeable = [...Object.keys(schema.shape), ...CREDENTIALS[kind]].filter(
    (name) => name !== "kind" && !fixed.includes(name),
  );
  if (changeable.every((name) => given[name] === undefined)) {
    return fail("bad-request", `No parameter that can be changed was given: ${changeable.sort().join(", ")}.`);
  }
  const { kind: _, ...stored } = settings;
  const merged = settingsOf(kind, { ...stored, ...defined(given) });
  if (!merged.ok) return merged;
  if (CREDENTIALS[kind].every((name) => given[name] === undefined)) return ok({ settings: merged.value });
  const credentials = credentialsOf(kind, given);
  return credentials.ok ? ok({ settings: merged.value, credentials: credentials.value }) : credentials;
}

function settingsOf(kind: BrokerKind, given: Record<string, unknown>): Result<SubscriptionSettings> {
  const { schema } = KNOWN[kind];
  const topics = given.topics ?? (given.topic === undefined ? undefined : [given.topic].flat());
  const all = kind === "mqtt" ? { ...given, topics } : given;
  const named = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, all[name] ?? undefined]));
  const parsed = schema.safeParse({ ...defined(named), kind });
  if (!parsed.success) return fault(parsed.error);
  const settings = parsed.data;
  if (settings.isJSONData && settings.isBinaryValue) {
    return fail("bad-request", "The parameters 'isJSONData' and 'isBinaryValue' exclude each other.");
  }
  if (settings.kind === "nats" && settings.stream === undefined && settings.subject === undefined) {
    return fail(
      "bad-request",
      "The parameter 'stream' or 'subject' is missing: of a stream of JetStream, or of plain NATS.",
    );
  }
  return ok(settings);
}

function credentialsOf(kind: BrokerKind, given: Record<string, unknown>): Result<BrokerCredentials | null> {
  const named = Object.fromEntries(CREDENTIALS[kind].map((name) => [name, given[name] ?? undefined]));
  const parsed = BrokerCredentials.safeParse(defined(named));
  if (!parsed.success) return fault(parsed.error);
  const { username, password } = parsed.data;
  if (password !== undefined && username === undefined) {
    return fail("bad-request", "The parameter 'username' is missing beside 'password'.");
  }
  return ok(Object.keys(parsed.data).length === 0 ? null : parsed.data);
}

function defined(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

function fault({ issues }: z.ZodError): Result<never> {
  const [issue] = issues;
  const [name = "", ...inner] = (issue?.path ?? []).map(String);
  const message = issue?.message ?? "is wrong";
  const where = inner.length === 0 ? "" : ` (${inner.join(".")})`;
  return fail(
    "bad-request",
    `The parameter '${name}'${where} ${/^must /.test(message) ? message : `is wrong: ${message}`}.`,
  );
}
