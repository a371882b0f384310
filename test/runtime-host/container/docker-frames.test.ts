import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DockerFrames } from "../../../runtime-host/engine/docker/frames.ts";

describe("Docker's frames", () => {
  it("are taken apart whatever way they are cut", () => {
    const part = fc.record({ stream: fc.constantFrom(1 as const, 2 as const), text: fc.string({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (parts, cuts) => {
        const bytes = Buffer.concat(
          parts.map(({ stream, text }) => {
            const body = Buffer.from(text);
            const head = Buffer.alloc(8);
            head[0] = stream;
            head.writeUInt32BE(body.length, 4);
            return Buffer.concat([head, body]);
          }),
        );
        const seen = { 1: "", 2: "" };
        const frames = new DockerFrames((stream, chunk) => {
          seen[stream] += chunk.toString("latin1");
        });
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const next = at + (cuts[cut % cuts.length] ?? 1);
          frames.push(bytes.subarray(at, next));
          at = next;
        }
        for (const stream of [1, 2] as const) {
          const wanted = parts.filter((each) => each.stream === stream).map((each) => each.text);
          expect(Buffer.from(seen[stream], "latin1").toString("utf8")).toBe(wanted.join(""));
        }
      }),
    );
  });
});
