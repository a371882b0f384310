// Server-sent events out of a stream of bytes, as far as ours go: one line of data each.

export interface ServerEvent {
  type: string;
  data: string;
  id: string;
}

/** An event is at most so long (characters). */
const MAX_EVENT_CHARS = 1024 * 1024;

export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n\n");
    rest = parts.pop() ?? "";
    if (rest.length > MAX_EVENT_CHARS) throw new Error("an event is too long");
    for (const part of parts) {
      const event = eventOf(part);
      if (event !== null) yield event;
    }
  }
}

/** Null for comments and settings. */
function eventOf(text: string): ServerEvent | null {
  const event = { type: "message", data: "", id: "" };
  let said = false;
  for (const line of text.split("\n")) {
    const colon = line.indexOf(": ");
    const value = line.slice(colon + 2);
    const field = line.slice(0, Math.max(0, colon));
    if (field === "event") event.type = value;
    else if (field === "id") event.id = value;
    else if (field === "data") event.data = value;
    said ||= field === "data";
  }
  return said ? event : null;
}
