// One event on its way to a sink: the request, and what came of it as a value.

import type { SinkAnswer, SinkRefusal, SinkSettings } from "../../entities/sink.ts";
import { sinkMessage } from "../../events/sink-event.ts";
import type { Outbound } from "../../outbound/outbound.ts";
import type { SinkEvent } from "../../protocol/sinks.ts";
import type { Services } from "../../services/services.ts";

export async function deliver(
  { stores, outbound }: Pick<Services, "stores"> & { outbound: Outbound },
  {
    namespaceId,
    settings,
    event,
    dead,
  }: { namespaceId: string; settings: SinkSettings; event: SinkEvent; dead: SinkRefusal | null },
): Promise<SinkAnswer> {
  const data = "inline" in event.data ? event.data.inline : await stores.blobs.text(event.data.blob);
  if (data === null) return { kind: "none", reason: "its data is not kept any more", permanent: true };
  const message = sinkMessage(event, data, settings, dead);
  if (message === null) return { kind: "none", reason: "it has gone round too often", permanent: true };
  const to = await addressee(stores, { namespaceId, settings, dead });
  if ("reason" in to) return to;
  const headers = { ...to.headers, ...message.headers };
  const reply = await outbound.call(namespaceId, { url: to.url, method: "POST", headers, body: message.body });
  if (!reply.ok) return { kind: "none", reason: reply.reason, permanent: reply.permanent };
  const { status, text, retryAfter } = reply;
  return { kind: "answer", status, text, retryAfter };
}

/** The secret headers are the sink's alone. Nothing is sent without them. */
async function addressee(
  { sinkSecrets }: Services["stores"],
  { namespaceId, settings, dead }: { namespaceId: string; settings: SinkSettings; dead: SinkRefusal | null },
): Promise<{ url: string; headers: Readonly<Record<string, string>> } | Extract<SinkAnswer, { kind: "none" }>> {
  const { url, deadLetterSink, secret } = settings;
  if (dead !== null) {
    return deadLetterSink === undefined
      ? { kind: "none", reason: "there is no dead letter sink any more", permanent: true }
      : { url: deadLetterSink, headers: {} };
  }
  if (secret === undefined) return { url, headers: {} };
  try {
    return { url, headers: await sinkSecrets.open(namespaceId, secret) };
  } catch (error) {
    return { kind: "none", reason: error instanceof Error ? error.message : String(error), permanent: false };
  }
}
