// What a container sends as a body: read up to a bound before anybody else is asked to wait for it, and at a pace.

import type { IncomingMessage } from "node:http";

export interface Pace {
  /** Bytes read before the rest has to flow. */
  readonly heldBytes: number;
  /** ms without a byte. */
  readonly silenceMs: number;
  /** Bytes per second that must come on the whole, beyond the first `silence`. */
  readonly bytesPerS: number;
}

/** The body came too slowly, or stopped coming. */
export class SlowSender extends Error {}

/** ms the sender may still let us wait for its next byte. What it has sent earns time,
 * what we have waited for uses it up. */
export function patience({ waited, received }: { waited: number; received: number }, pace: Pace): number {
  return Math.min(pace.silenceMs, pace.silenceMs + (received / pace.bytesPerS) * 1000 - waited);
}

/** The whole body where it is short; else its start, and the rest as it comes. Reading rejects with SlowSender. */
export type Body = { whole: Buffer } | { flow: AsyncIterable<Buffer> };

export async function receive(request: IncomingMessage, pace: Pace): Promise<Body> {
  // The answer goes over the same connection: it outlives the reading.
  const chunks: AsyncIterator<Buffer> = request.iterator({ destroyOnReturn: false });
  const sofar = { waited: 0, received: 0 };
  const next = async (): Promise<Buffer | null> => {
    const began = performance.now();
    const { done, value } = await within(chunks.next(), patience(sofar, pace));
    sofar.waited += performance.now() - began;
    if (done === true) return null;
    sofar.received += value.length;
    return value;
  };
  const start: Buffer[] = [];
  while (sofar.received < pace.heldBytes) {
    const chunk = await next();
    if (chunk === null) return { whole: Buffer.concat(start) };
    start.push(chunk);
  }
  async function* flow() {
    yield* start.splice(0);
    for (let chunk = await next(); chunk !== null; chunk = await next()) yield chunk;
  }
  return { flow: flow() };
}

async function within<T>(coming: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SlowSender()), Math.max(0, ms));
  });
  try {
    return await Promise.race([coming, late]);
  } catch (error) {
    // Nobody waits for it any more.
    if (error instanceof SlowSender) coming.catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
