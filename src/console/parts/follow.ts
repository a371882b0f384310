// A log as it is written: server-sent events over `fetch`, so that the key stands in a header.

import { type AskFault, askRaw, ownPath } from "./api.ts";

/** A stream that breaks off is taken up again so often, and after so long (ms). */
const MAX_TRIES = 20;
const PAUSE_MS = 500;

/** Resolves when the activation has ended, `signal` is set, or with why it cannot be followed. `onLine`:
 * each line, once. */
export async function followLogs(
  id: string,
  { onLine, signal }: { onLine: (line: string) => void; signal: AbortSignal },
): Promise<AskFault | null> {
  let seen = 0;
  for (let tries = 1; ; tries++) {
    const answer = await askRaw(ownPath("activations", id, "logs"), {
      query: { follow: true },
      accept: "text/event-stream",
      ...(seen === 0 ? {} : { headers: { "Last-Event-ID": String(seen) } }),
      endless: true,
      signal,
    });
    if (signal.aborted) return null;
    if (answer.ok) {
      const ended = await eachEvent(answer.value, (event) => {
        if (event.type === "end") return;
        seen = Number(event.id) || seen + 1;
        onLine(JSON.parse(event.data) as string);
      });
      if (ended || signal.aborted) return null;
    } else if (answer.fault.status !== 404 && answer.fault.status !== 0) return answer.fault;
    if (tries === MAX_TRIES) return answer.ok ? null : answer.fault;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

interface StreamEvent {
  type: string;
  id: string;
  data: string;
}

/** True: the last event was `end`; false: the stream broke off. */
async function eachEvent(answer: Response, take: (event: StreamEvent) => void): Promise<boolean> {
  if (answer.body === null) return false;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const event = eventOf(part);
        if (event === null) continue;
        take(event);
        if (event.type === "end") return true;
      }
    }
  } catch {
    // The connection was lost, or nobody wants to know any more.
    return false;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** Null: a comment, or a word to the browser's own reader. */
function eventOf(text: string): StreamEvent | null {
  const event: StreamEvent = { type: "message", id: "", data: "" };
  for (const line of text.split("\n")) {
    const [, name, value = ""] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
    if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
    else if (name === "data") event.data += value;
  }
  return event.data === "" ? null : event;
}
