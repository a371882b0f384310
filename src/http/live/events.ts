// A log as server-sent events. Each line is one event (JSON text; its id is the line's number, from 1), the last event
// is `end`. Who comes again with Last-Event-ID goes on from there.

import type { ActivationRecord } from "../../entities/activation.ts";
import type { FollowEvent } from "../../invocation/follow.ts";

export const EVENT_STREAM = "text/event-stream";
/** A client whose stream ended without `end` asks again after so many ms. */
export const RETRY = "retry: 1000\n\n";

export class EventLog {
  #seen: number;

  /** `seen`: lines the client has already. */
  constructor(seen: number) {
    this.#seen = seen;
  }

  /** What the client is sent; "" for what it has already. */
  text(event: FollowEvent): string {
    switch (event.kind) {
      case "lines": {
        const before = event.count - event.lines.length;
        return event.lines
          .map((line, at) => (before + at < this.#seen ? "" : lineEvent(line, before + at + 1)))
          .join("");
      }
      case "again":
        this.#seen = 0;
        return "event: again\ndata: null\n\n";
      case "idle":
        return ": still there\n\n";
      case "end":
        return `event: end\ndata: ${summaryOf(event.record)}\n\n`;
      case "unknown":
        return `event: end\ndata: null\n\n`;
    }
  }
}

function lineEvent(line: string, number: number): string {
  return `id: ${number}\ndata: ${JSON.stringify(line)}\n\n`;
}

function summaryOf({ activationId, statusCode }: ActivationRecord): string {
  return JSON.stringify({ activationId, statusCode });
}
