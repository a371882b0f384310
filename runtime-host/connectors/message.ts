// A message of a broker as its connection takes it, and as a trigger's rules get it. Pure.

import { jsonFault } from "../../src/entities/json-check.ts";
import type { MqttSettings, SubscriptionSettings } from "../../src/entities/subscription.ts";
import type { HostFire } from "../../src/protocol/subscriptions.ts";

/** On its way from the broker to its fire. */
export interface Message extends HostFire {
  /** The broker says that it sent it before. */
  again: boolean;
  /** It is lost when there is no room: nobody will send it again. */
  fleeting: boolean;
  /** Its fire is stored, or never will be: the broker may forget it. */
  done(): void;
}

type Format = Pick<SubscriptionSettings, "isJSONData" | "isBinaryValue">;

/** What a trigger gets of a message of MQTT: text of a JSON object. */
export function mqttEvent(
  { topic, payload, qos, retain }: { topic: string; payload: Buffer; qos: number; retain: boolean },
  settings: MqttSettings,
): string {
  return eventOf(
    [["topic", topic]],
    payload,
    [
      ["qos", qos],
      ["retain", retain],
    ],
    settings,
  );
}

/** What a trigger gets of a message of NATS. `stream`, `sequence` and `timestamp` (ISO 8601) are those of JetStream. */
export function natsEvent(
  {
    subject,
    payload,
    headers,
    ...origin
  }: {
    subject: string;
    payload: Uint8Array;
    headers?: Record<string, string[]>;
    stream?: string;
    sequence?: number;
    timestamp?: string;
  },
  settings: Format,
): string {
  const about = Object.entries({ ...(headers === undefined ? {} : { headers }), ...origin });
  return eventOf([["subject", subject]], Buffer.from(payload), about, settings);
}

/** The message itself is never parsed and written again: numbers stay as they are. */
function eventOf(before: [string, unknown][], payload: Buffer, after: [string, unknown][], settings: Format): string {
  const member = ([name, value]: [string, unknown]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  return `{${[...before.map(member), ...contentOf(payload, settings), ...after.map(member)].join(",")}}`;
}

/** Text that is no UTF-8 comes in base64, and says so. */
function contentOf(payload: Buffer, { isJSONData, isBinaryValue }: Format): string[] {
  const text = isBinaryValue ? null : utf8(payload);
  if (text === null) return [`"message":"${payload.toString("base64")}"`, '"encoding":"base64"'];
  if (isJSONData && jsonFault(text) === null) return [`"message":${text}`];
  return [`"message":${JSON.stringify(text)}`];
}

function utf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
