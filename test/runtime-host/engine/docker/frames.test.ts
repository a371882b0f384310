import { expect, it } from "vitest";
import { DockerFrames } from "../../../../runtime-host/engine/docker/frames.ts";

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

it("the two streams are told apart however their bytes are cut", () => {
  const bytes = Buffer.concat([frame(1, "out\n"), frame(2, "err"), frame(1, ""), frame(2, "or\n"), frame(1, "end")]);
  for (let size = 1; size <= bytes.length; size++) {
    const heard = { 1: "", 2: "" };
    const frames = new DockerFrames((stream, piece) => {
      heard[stream] += piece.toString();
    });
    for (let at = 0; at < bytes.length; at += size) frames.push(bytes.subarray(at, at + size));
    expect(heard).toEqual({ 1: "out\nend", 2: "error\n" });
  }
});

it("a payload that is announced and does not come costs nothing, and what comes of it is passed on at once", () => {
  const header = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  const heard: number[] = [];
  const frames = new DockerFrames((_, piece) => heard.push(piece.length));
  const before = process.memoryUsage().arrayBuffers;
  frames.push(header);
  frames.push(Buffer.from("abc"));
  expect(heard).toEqual([3]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
});
