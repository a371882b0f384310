import { describe, expect, it } from "vitest";
import { whyNoEngine } from "../../../runtime-host/engine/docker/connect.ts";
import { chooseEngine } from "../../../runtime-host/standalone/engine-choice.ts";
import { StartFailure } from "../../../runtime-host/standalone/failure.ts";

type Kinds = string[] | null;

/** What each survey finds in turn (null: no engine answers), and what building answers. */
function choose(
  engine: "auto" | "docker" | "process",
  found: Kinds[],
  options: { loopback?: boolean; build?: string } = {},
) {
  const loopback = options.loopback ?? true;
  return chooseEngine(
    { engine, host: loopback ? "127.0.0.1" : "0.0.0.0", loopback },
    {
      log: () => undefined,
      openDocker: async () => ({
        async survey() {
          const kinds = found.shift() ?? null;
          return kinds === null
            ? { answers: false, reason: whyNoEngine(new Error("ENOENT")) }
            : { answers: true, kinds };
        },
        build: async () => (options.build === undefined ? { ok: true } : { ok: false, reason: options.build }),
      }),
    },
  );
}

describe("choice of the engine", () => {
  it("takes Docker where an engine answers and has a nodejs image", async () => {
    expect(await choose("auto", [["python:3.11", "nodejs:20"]])).toMatchObject({ name: "docker" });
  });

  it("builds the images where there are none, and takes Docker if that works", async () => {
    const chosen = await choose("auto", [[], ["nodejs:20"]]);
    expect(chosen).toEqual({ name: "docker", why: "a Docker engine answers and the images were built" });
  });

  it("takes the process engine otherwise, and says why", async () => {
    expect(await choose("auto", [null])).toEqual({ name: "process", why: "no Docker engine answers (ENOENT)" });
    expect(await choose("auto", [["python:3.11"]], { build: "no base" })).toMatchObject({
      name: "process",
      why: expect.stringContaining("no base"),
    });
    expect(await choose("auto", [[], []])).toMatchObject({ name: "process" });
  });

  it("does not look for Docker when the process engine is asked for", async () => {
    expect(await choose("process", [["nodejs:20"]])).toEqual({ name: "process", why: "as asked" });
  });

  it("fails where Docker is asked for and cannot be had, and where nothing would isolate off loopback", async () => {
    await expect(choose("docker", [null])).rejects.toThrow("--engine docker: no Docker engine answers (ENOENT).");
    await expect(choose("auto", [null], { loopback: false })).rejects.toThrow(StartFailure);
    await expect(choose("auto", [null], { loopback: false })).rejects.toThrow("not served on 0.0.0.0");
  });

  it("says who may use an engine that is there, and how one comes to belong to them", () => {
    const error = Object.assign(new Error("connect EACCES /var/run/docker.sock"), { code: "EACCES" });
    expect(whyNoEngine(error)).toMatch(
      /^a Docker engine is there, but (\S+) may not use it \(connect EACCES \/var\/run\/docker\.sock\): add .* group docker \(sudo usermod -aG docker \1\), then log in anew$/,
    );
  });
});
