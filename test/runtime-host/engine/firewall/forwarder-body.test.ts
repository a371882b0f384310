import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { patience, receive, SlowSender } from "../../../../runtime-host/engine/firewall/forwarder-body.ts";

const PACE = { heldBytes: 10, silenceMs: 1_000, bytesPerS: 100 };
/** A request that says what it is told, when it is told. */
const sender = () => new PassThrough() as PassThrough & IncomingMessage;

describe("the patience with a sender", () => {
  it("is the silence that is allowed, less where it has been slow on the whole", () => {
    expect(patience({ waited: 0, received: 0 }, PACE)).toBe(1_000);
    expect(patience({ waited: 600, received: 0 }, PACE)).toBe(400);
    expect(patience({ waited: 600, received: 50 }, PACE)).toBe(900);
    expect(patience({ waited: 600, received: 10_000 }, PACE)).toBe(1_000);
    expect(patience({ waited: 5_000, received: 100 }, PACE)).toBeLessThanOrEqual(0);
  });
});

describe("a body", () => {
  it("that is short is had whole before anybody else is asked", async () => {
    const request = sender();
    request.write("abc");
    request.end("def");
    expect(await receive(request, PACE)).toEqual({ whole: Buffer.from("abcdef") });
  });

  it("that is long flows on behind its start, in order", async () => {
    const request = sender();
    for (const piece of ["0123456", "789abcd", "efg"]) request.write(piece);
    const body = await receive(request, PACE);
    if (!("flow" in body)) throw new Error("it is not long");
    request.end("h");
    const chunks: Buffer[] = [];
    for await (const chunk of body.flow) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("0123456789abcdefgh");
  });

  it("that stops coming ends as a slow sender's, in its start and later", async () => {
    const pace = { ...PACE, silenceMs: 20 };
    const silent = sender();
    silent.write("abc");
    await expect(receive(silent, pace)).rejects.toBeInstanceOf(SlowSender);
    const later = sender();
    later.write("0123456789");
    const body = await receive(later, pace);
    if (!("flow" in body)) throw new Error("it is not long");
    const read = async () => {
      for await (const chunk of body.flow) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toBeInstanceOf(SlowSender);
  });
});
