// `edgewhisk images` with wishes it cannot meet: one sentence and a code, never a stack.

import { expect, it } from "vitest";
import { edgewhisk } from "../run.ts";

it("explains itself", async () => {
  const { code, out } = await edgewhisk(["images", "--help"]);
  expect(code).toBe(0);
  expect(out).toContain("--base <local|registry>");
});

it.each<[string[], number, RegExp]>([
  [["--base", "moon"], 2, /^edgewhisk images: --base moon: expected local or registry\n$/],
  [["--bass", "local"], 2, /^edgewhisk images: Unknown option '--bass' \(did you mean --base\?\): see --help\n$/],
  [["--engine-socket", "/nonexistent/docker.sock"], 1, /^edgewhisk images: no Docker engine answers \(.*ENOENT.*\)\n$/],
])("%j ends with %i and a sentence", async (args, exit, sentence) => {
  const { code, out, err } = await edgewhisk(["images", ...args]);
  expect([code, out]).toEqual([exit, ""]);
  expect(err).toMatch(sentence);
});
