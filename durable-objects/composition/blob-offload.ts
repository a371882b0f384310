// Where a composition's larger texts lie: what does not fit a row goes into the blob store, under keys that follow from
// the frame and the step, so that a step prepared twice overwrites itself.

import type { Payload } from "../../src/entities/activation.ts";
import { MAX_INLINE } from "../../src/entities/limits.ts";
import type { RawJson } from "../../src/entities/raw-json.ts";
import type { BlobOwner } from "../../src/storage/blob-store.ts";
import type { CompositionPorts } from "./ports.ts";
import type { StackFrame, Value } from "./state.ts";

const encoder = new TextEncoder();

type Blobs = CompositionPorts["blobs"];

/** Of the payload (or state) of the frame's step with this number. */
export function keyOf({ id, about }: StackFrame, step: number, what: "payload" | "state"): string {
  return `steps/${about.namespaceId}/${id}/${step}-${what}`;
}

/** Of a composition's own result. */
export function resultKey({ id }: StackFrame): string {
  return `results/${id}/1`;
}

export async function offloadLarge(
  blobs: Pick<Blobs, "put">,
  value: Value,
  { key, owner }: { key: string; owner: BlobOwner },
): Promise<Payload> {
  if (!("text" in value)) return value;
  const { text } = value;
  if (text.length * 3 <= MAX_INLINE) return { inline: text };
  const bytes = encoder.encode(text);
  if (bytes.byteLength <= MAX_INLINE) return { inline: text };
  await blobs.put(key, bytes, owner);
  return { blob: key, size: bytes.byteLength };
}

/** Null if it is gone. */
export async function textOf(blobs: Blobs, payload: Payload): Promise<RawJson | null> {
  return "inline" in payload ? payload.inline : blobs.text(payload.blob);
}
