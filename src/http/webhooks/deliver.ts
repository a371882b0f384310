// One event on its way to a sink: the request, and what came of it as a value.

import type { SinkAnswer, SinkSettings } from "../../entities/sink.ts";
import { sinkMessage } from "../../events/sink-event.ts";
import type { Outbound } from "../../outbound/outbound.ts";
import type { SinkEvent } from "../../protocol/sinks.ts";
import type { Services } from "../../services/services.ts";

export async function deliver(
  { stores, outbound }: Pick<Services, "stores"> & { outbound: Outbound },
  { namespaceId, settings, event }: { namespaceId: string; settings: SinkSettings; event: SinkEvent },
): Promise<SinkAnswer> {
  const data = "inline" in event.data ? event.data.inline : await stores.blobs.text(event.data.blob);
  if (data === null) return { kind: "none", reason: "its data is not kept any more", permanent: true };
  const message = sinkMessage(event, data, settings);
  if (message === null) return { kind: "none", reason: "it has gone round too often", permanent: true };
  const reply = await outbound.call(namespaceId, { url: settings.url, method: "POST", ...message });
  if (!reply.ok) return { kind: "none", reason: reply.reason, permanent: reply.permanent };
  const { status, text, retryAfter } = reply;
  return { kind: "answer", status, text, retryAfter };
}
