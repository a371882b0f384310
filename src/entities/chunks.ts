// A stream of bytes in pieces that share one buffer: many megabytes pass without leaving garbage behind, and each piece
// is small enough that others get the isolate's only thread in between.

const SIZE = 64 * 1024;

/** Each piece is valid only until the next one is asked for. Leaving the loop early cancels the stream. */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = byobReader(stream);
  if (reader === null) return yield* slices(stream);
  let buffer = new ArrayBuffer(SIZE);
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done || value === undefined) break;
      yield value;
      buffer = value.buffer as ArrayBuffer;
    }
    ended = true;
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}

/** Null for streams that are not of bytes by nature. */
function byobReader(stream: ReadableStream<Uint8Array>) {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

async function* slices(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length; at += SIZE) yield chunk.subarray(at, at + SIZE);
  }
}
