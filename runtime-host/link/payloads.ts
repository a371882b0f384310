// Results and logs too large for a frame: they go to the blob store through the blob API, and the message names them.

import type { ActivationMeta, Payload } from "../../src/entities/activation.ts";
import { logLine } from "../../src/entities/log-line.ts";
import { failure } from "../../src/entities/outcome.ts";
import { type EncodedMessage, encodeMessage } from "../../src/protocol/codec.ts";
import { type Lease, MAX_FRAME, MAX_INLINE } from "../../src/protocol/messages.ts";
import { blobKeyOf } from "../../src/protocol/reported.ts";
import { type Logger, reasonOf } from "../program/logger.ts";
import { type BlobApi, BlobApiError } from "./blob-api.ts";
import type { RecordMessage, ResultMessage } from "./messages.ts";

/** A payload above this leaves the frame if the message as a whole would not fit it: quoting may double every byte. */
const SMALL_BYTES = 16 * 1024;
/** What is known to lie in the blob store, so that sending a record again does not upload it again. */
const MAX_REMEMBERED = 1024;

export class Payloads {
  readonly #blobs: Pick<BlobApi, "putBlob">;
  readonly #log: Logger;
  readonly #coming = new Map<string, Promise<void>>();
  readonly #there = new Set<string>();

  constructor(blobs: Pick<BlobApi, "putBlob">, log: Logger) {
    this.#blobs = blobs;
    this.#log = log;
  }

  /** The message as it travels, if all of it fits a frame; else null, and `upload` is for it. */
  fitting(message: RecordMessage | ResultMessage): EncodedMessage | null {
    const { result, logs } = message.completion;
    if (sizeOf(result) > MAX_INLINE || sizeOf(logs) > MAX_INLINE) return null;
    const text = JSON.stringify(message);
    const bytes = Buffer.byteLength(text);
    return bytes + 2 > MAX_FRAME ? null : { text, bytes };
  }

  /** Puts what is large into the blob store and returns the message that names it. Rejects if the platform cannot be
   * reached now; what it refuses for good is replaced by a text that says so, because a record must end. */
  async upload(message: RecordMessage | ResultMessage, about: ActivationMeta): Promise<EncodedMessage> {
    const limit =
      Math.max(sizeOf(message.completion.result), sizeOf(message.completion.logs)) > MAX_INLINE
        ? MAX_INLINE
        : SMALL_BYTES;
    const namespace = about.namespaceId;
    const grant = { lease: message.lease, about };
    const completion = { ...message.completion };
    const where = `${message.id}/${message.attempt}`;
    try {
      completion.result = await this.#place(completion.result, { key: blobKeyOf("results", message), limit, grant });
    } catch (error) {
      this.#refused(error, { where, part: "result", namespace });
      const outcome = failure(3, { text: "The result of the activation could not be stored." });
      completion.statusCode = outcome.statusCode;
      completion.result = { inline: outcome.result };
      completion.size = outcome.result.length;
    }
    if (completion.logs !== undefined) {
      try {
        completion.logs = await this.#place(completion.logs, { key: blobKeyOf("logs", message), limit, grant });
      } catch (error) {
        this.#refused(error, { where, part: "logs", namespace });
        const line = logLine(
          new Date(),
          "stderr",
          "There was an issue while collecting your logs. Data might be missing.",
        );
        completion.logs = { inline: JSON.stringify([line]) };
      }
    }
    const placed = { ...message, completion };
    return this.fitting(placed) ?? this.#packed(placed, about);
  }

  /** Both parts below MAX_INLINE, but not together: the second look moves all that is not small. */
  #packed(message: RecordMessage | ResultMessage, about: ActivationMeta): Promise<EncodedMessage> | EncodedMessage {
    const { result, logs } = message.completion;
    if (sizeOf(result) <= SMALL_BYTES && sizeOf(logs) <= SMALL_BYTES) return encodeMessage(message);
    return this.upload(message, about);
  }

  async #place(
    payload: Payload,
    options: { key: string; limit: number; grant: { lease: Lease; about: ActivationMeta } },
  ): Promise<Payload> {
    const { key, limit, grant } = options;
    if (!("inline" in payload)) return payload;
    const size = Buffer.byteLength(payload.inline);
    if (size <= limit) return payload;
    if (!this.#there.has(key)) {
      let coming = this.#coming.get(key);
      if (coming === undefined) {
        coming = this.#blobs.putBlob(key, payload.inline, grant).finally(() => this.#coming.delete(key));
        this.#coming.set(key, coming);
      }
      await coming;
      this.#there.add(key);
      for (const oldest of this.#there) {
        if (this.#there.size <= MAX_REMEMBERED) break;
        this.#there.delete(oldest);
      }
    }
    return { blob: key, size };
  }

  /** Passes on what may succeed later. */
  #refused(error: unknown, fields: { where: string; part: string; namespace: string }): void {
    if (!(error instanceof BlobApiError) || !error.final) throw error;
    this.#log.error("payload.refused", { ...fields, reason: reasonOf(error) });
  }
}

function sizeOf(payload: Payload | undefined): number {
  return payload !== undefined && "inline" in payload ? Buffer.byteLength(payload.inline) : 0;
}
