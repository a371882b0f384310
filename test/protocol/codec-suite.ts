// The table's assertions; codec.test.ts runs them in Node, codec.worker.test.ts in workerd.

import { describe, expect, test } from "vitest";
import { byteLength } from "../../src/entities/byte-length.ts";
import { decodeHostFrame, decodeSchedulerFrame, encodeFrames } from "../../src/protocol/codec.ts";
import { HostMessage, MAX_BATCH, MAX_FRAME } from "../../src/protocol/messages.ts";
import {
  BATCHES,
  FROM_HOST,
  FROM_SCHEDULER,
  REFUSED,
  TOO_LARGE,
  WRONG_FROM_HOST,
  WRONG_FROM_SCHEDULER,
} from "./cases.ts";

export function codecSuite(where: string): void {
  describe(`frames in ${where}`, () => {
    test.each(Object.entries(FROM_HOST))("%s travels from host to scheduler unchanged", (_name, message) => {
      expect(encodeFrames([message]).map(decodeHostFrame)).toEqual([{ ok: true, messages: [message] }]);
    });

    test.each(Object.entries(FROM_SCHEDULER))("%s travels from scheduler to host unchanged", (_name, message) => {
      expect(encodeFrames([message]).map(decodeSchedulerFrame)).toEqual([{ ok: true, messages: [message] }]);
    });

    test.each(Object.entries(REFUSED))("%s is refused by both sides", (_name, { frame, reason }) => {
      for (const decode of [decodeHostFrame, decodeSchedulerFrame]) {
        expect(decode(frame)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
      }
    });

    test.each(Object.entries(WRONG_FROM_HOST))("a scheduler leaves out %s, and takes the rest", (_name, message) => {
      const good = FROM_HOST.refused;
      const skipped = expect.stringMatching(/./);
      expect(decodeHostFrame(JSON.stringify([message, good]))).toEqual({ ok: true, messages: [good], skipped });
      expect(HostMessage.safeParse(message).success).toBe(false);
    });

    test.each(Object.entries(WRONG_FROM_SCHEDULER))("a host refuses %s", (_name, message) => {
      expect(decodeSchedulerFrame(JSON.stringify([message])).ok).toBe(false);
    });

    test.each(Object.entries(BATCHES))(
      "%s: every frame keeps the limits and nothing is lost or reordered",
      (_name, messages) => {
        const frames = encodeFrames(messages);
        const decoded = frames.flatMap((frame) => {
          expect(byteLength(frame)).toBeLessThanOrEqual(MAX_FRAME);
          const result = decodeHostFrame(frame);
          if (!result.ok) throw new Error(result.reason);
          expect(result.messages.length).toBeLessThanOrEqual(MAX_BATCH);
          return result.messages;
        });
        expect(decoded).toEqual(messages);
      },
    );

    test("a message larger than a frame is the sender's bug", () => {
      expect(() => encodeFrames([TOO_LARGE])).toThrow(RangeError);
    });

    test("bytes are counted as UTF-8 has them", () => {
      for (const text of ["", "abc", "äöü", "€", "😀", "a😀b", "\ud800", "x\udc00y", "𝒳€ä1"]) {
        expect(byteLength(text)).toBe(new TextEncoder().encode(text).length);
      }
    });
  });
}
