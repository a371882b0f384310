// A batch of messages that a queue delivers: each is acknowledged when all feeds that take it keep it on their disk;
// else it comes again.

import { base64Of } from "../../entities/base64.ts";
import { faultText } from "../../entities/log-level.ts";
import type { RawJson } from "../../entities/raw-json.ts";
import { log } from "../../log.ts";
import type { TakenMessage } from "../../protocol/sources.ts";
import type { Services } from "../../services/services.ts";

/** What of a batch and its messages is used. */
export interface Batch {
  readonly queue: string;
  readonly messages: readonly QueuedMessage[];
}

export interface QueuedMessage {
  readonly id: string;
  readonly timestamp: Date;
  readonly body: unknown;
  ack(): void;
  retry(options?: { delaySeconds: number }): void;
}

/** Seconds after which a message comes again that nobody took. */
const AGAIN_S = 60;

/** Never rejects: what is not known to be kept comes again. */
export async function consume(services: Pick<Services, "stores" | "feedsOf">, batch: Batch): Promise<void> {
  const { queue, messages } = batch;
  const bodies = messages.map(({ body }) => bodyOf(body));
  const good = messages.filter((_, at) => bodies[at] !== null);
  const told = messages.flatMap(({ id, timestamp }, at): TakenMessage[] => {
    const body = bodies[at];
    return body === null || body === undefined ? [] : [{ id, at: timestamp.getTime(), body }];
  });
  const taken = await take(services, queue, told);
  for (const [at, message] of good.entries()) {
    if (taken[at] === true) message.ack();
    else message.retry({ delaySeconds: AGAIN_S });
  }
  // What is no JSON never fires: who set up the queue gets it where its dead letters go.
  for (const message of messages) if (!good.includes(message)) message.retry({ delaySeconds: AGAIN_S });
}

/** Of each, whether somebody took it, and nobody who wants it could not. */
async function take(
  services: Pick<Services, "stores" | "feedsOf">,
  queue: string,
  messages: readonly TakenMessage[],
): Promise<boolean[]> {
  if (messages.length === 0) return [];
  try {
    const readers = await services.stores.sources.readers({ kind: "queue", name: queue });
    if (readers.length === 0) {
      log.warn("queue-without-feed", { queue, text: `its messages come again in ${AGAIN_S} s` });
      return messages.map(() => false);
    }
    const answers = await Promise.all(readers.map((id) => services.feedsOf(id).take(queue, [...messages])));
    return messages.map((_, at) => isTaken(answers.map((each) => each[at])));
  } catch (error) {
    log.warn("messages-not-taken", { queue, text: faultText(error) });
    return messages.map(() => false);
  }
}

function isTaken(answers: readonly (string | undefined)[]): boolean {
  return answers.includes("taken") && !answers.includes("again") && !answers.includes(undefined);
}

/** JSON text; bytes as base64; null: it is none. */
function bodyOf(body: unknown): RawJson | null {
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    const bytes =
      body instanceof ArrayBuffer
        ? new Uint8Array(body)
        : new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    return JSON.stringify(base64Of(bytes));
  }
  try {
    return JSON.stringify(body) ?? "null";
  } catch {
    return null;
  }
}
