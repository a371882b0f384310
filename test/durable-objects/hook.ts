// A receiver of forwarded records, in memory, which fares as a test says.

import { gunzipSync } from "node:zlib";
import type { HookReply } from "../../durable-objects/activations/forward-batch.ts";
import type { HookPort } from "../../durable-objects/activations/ports.ts";
import type { RecordHook } from "../../src/entities/record-hook.ts";

export interface Delivery {
  url: string;
  headers: Record<string, string>;
  lines: { activationId: string }[];
  text: string;
}

export class MemoryHook implements HookPort {
  hook: RecordHook | null = { url: "https://sink.example/records", format: "ndjson", gzip: true };
  secrets = { signing: "a secret that is long enough", authorization: null as string | null };
  readonly blobs = new Map<string, string>();
  readonly deliveries: Delivery[] = [];
  /** Batches that are being compressed and signed, which takes its own time, whatever a test's clock says. */
  busy = 0;
  /** Batches are taken, unless this says otherwise. "hangs": no answer comes. */
  answer: (delivery: Delivery) => HookReply | "hangs" = () => ({ ok: true, status: 200, text: "" });

  open: HookPort["open"] = async (namespaceId) => {
    const { hook, secrets } = this;
    if (hook !== null) this.busy++;
    return hook === null ? null : { ...{ namespaceId, revision: 1, on: true, changed: 0, told: 1 }, hook, secrets };
  };

  send: HookPort["send"] = async (_, { url, headers, body }) => {
    this.busy--;
    const text = new TextDecoder().decode(headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
    const lines = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    const delivery = { url, headers, text, lines };
    this.deliveries.push(delivery);
    const answer = this.answer(delivery);
    return answer === "hangs" ? new Promise(() => undefined) : answer;
  };

  text: HookPort["text"] = async (key) => this.blobs.get(key) ?? null;

  /** Ids as they came, however often. */
  get ids(): string[] {
    return this.deliveries.flatMap(({ lines }) => lines.map((each) => each.activationId));
  }
}
