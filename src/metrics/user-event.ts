// Events as OpenWhisk's own service for user events reads them: one when an activation has ended, and ones of a
// namespace's limits. Pure.

import type { ActivationMeta, ActivationRecord } from "../entities/activation.ts";
import type { LimitEvent, MetricName } from "../entities/limit-event.ts";
import { resultStatusCode } from "./activations.ts";

/** In what order upstream writes the members is kept: whoever compares texts finds them where he looks. */
export interface UserEvent {
  source: string;
  body: ActivationBody | MetricBody;
  subject: string;
  /** Who called, not whose action it is. */
  namespace: string;
  /** Permanent id of that namespace. */
  userId: string;
  eventType: "Activation" | "Metric";
  /** Epoch ms at which it was made. */
  timestamp: number;
}

/** Times in ms, memory in MB, size in bytes. */
export interface ActivationBody {
  /** `namespace/[package/]action`, whoever called it by which name. */
  name: string;
  activationId: string;
  statusCode: number;
  duration: number;
  waitTime: number;
  initTime: number;
  kind: string;
  conductor: boolean;
  memory: number;
  causedBy?: string;
  size?: number;
  userDefinedStatusCode?: number;
}

export interface MetricBody {
  metricName: MetricName;
  metricValue: number;
}

/** Who tells it where no host ran anything. */
export const CONTROLLER = "controller";

/** `now`: epoch ms. */
export function activationEvent(
  record: ActivationRecord,
  about: Pick<
    ActivationMeta,
    "namespace" | "namespaceId" | "path" | "kind" | "conductor" | "causedBy" | "topmost" | "acceptedAt" | "limits"
  >,
  now: number,
): UserEvent {
  const { activationId, statusCode, duration, size, start, subject, meta } = record;
  const isComposed = about.topmost !== undefined;
  const code = resultStatusCode(record);
  const body: ActivationBody = {
    ...{ name: about.path, activationId, statusCode, duration },
    waitTime: meta?.waitMs ?? (isComposed ? Math.max(0, start - about.acceptedAt) : 0),
    initTime: meta?.initMs ?? 0,
    ...{ kind: about.kind, conductor: about.conductor === true, memory: about.limits.memory },
    ...(about.causedBy === undefined ? {} : { causedBy: about.causedBy }),
    size,
    ...(code === null ? {} : { userDefinedStatusCode: code }),
  };
  const { namespace, namespaceId: userId } = about;
  const source = meta?.host ?? CONTROLLER;
  return { source, body, subject, namespace, userId, eventType: "Activation", timestamp: now };
}

/** `namespaceId`: permanent id of the namespace whose limits they are. */
export function limitEvent(event: LimitEvent, namespaceId: string): UserEvent {
  const { metricName, metricValue, subject, namespace, at } = event;
  const body = { metricName, metricValue };
  return { source: CONTROLLER, body, subject, namespace, userId: namespaceId, eventType: "Metric", timestamp: at };
}
