// Events out of a stream of bytes, wherever it is cut.

import { expect, it } from "vitest";
import { type ServerEvent, serverEvents } from "../../../runtime-host/client/server-events.ts";

async function eventsIn(...chunks: (string | Uint8Array)[]): Promise<ServerEvent[]> {
  const encoder = new TextEncoder();
  const bytes = chunks.map((each) => (typeof each === "string" ? encoder.encode(each) : each));
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(ReadableStream.from(bytes))) events.push(event);
  return events;
}

it("are messages unless they say otherwise; comments and settings are none", async () => {
  expect(await eventsIn(': hello\n\nretry: 1\n\nid: 1\ndata: "a: b"\n\nevent: end\ndata: {}\n\ndata: cut')).toEqual([
    { type: "message", data: '"a: b"', id: "1" },
    { type: "end", data: "{}", id: "" },
  ]);
});

it("are whole however their bytes come", async () => {
  const bytes = new TextEncoder().encode("id: 1\ndata: ❄\n\nid: 2\ndata: x\n\n");
  const whole = await eventsIn(bytes);
  expect(whole.map((each) => each.data)).toEqual(["❄", "x"]);
  expect(await eventsIn(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
});

it("are bounded", async () => {
  await expect(eventsIn(`data: ${"x".repeat(1024 * 1024)}`)).rejects.toThrow("too long");
});
