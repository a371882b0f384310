// `edgewhisk contract` where nothing can be tried: each is told in a sentence, with its own code.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { edgewhisk } from "../run.ts";

beforeEach(() => void vi.stubEnv("DOCKER_HOST", "unix:///nonexistent/docker.sock"));
afterEach(() => vi.unstubAllEnvs());

it.each([[[]], [["one", "two"]]])("wants one image: %j", async (images) => {
  const { code, out, err } = await edgewhisk(["contract", ...images]);
  expect([code, out, err]).toEqual([2, "", "edgewhisk contract: name one image; see --help\n"]);
});

it("fails where no engine answers", async () => {
  const { code, out, err } = await edgewhisk(["contract", "some/image"]);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/^edgewhisk contract: .*(ENOENT|no .*engine|engine)/i);
  expect(err.trim()).not.toContain("\n");
});

it("says in its help which files make actions of one's own", async () => {
  const { out } = await edgewhisk(["contract", "--help"]);
  expect(out).toMatch(/Files of --actions:\n {2}\w+\.\* /);
});
