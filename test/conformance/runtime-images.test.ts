// The runtime contract against the images, where a container engine answers; and what the image itself promises.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BuiltImage, buildImages } from "../../runtime-host/runtimes/build-images.ts";
import { findLocalRuntimes } from "../../runtime-host/runtimes/local.ts";
import { RuntimeClient } from "../support/runtime-client.ts";
import { docker, startContainer, whyNoEngine } from "../support/runtime-container.ts";
import type { Family } from "./runtime-case.ts";
import { registerRuntimeContract } from "./runtime-contract.ts";
import { registerNativeContract } from "./runtime-native.ts";

const PREFIX = "edgewhisk-test/action-";
const missing = await whyNoEngine();
if (missing !== undefined) console.warn(`not run: no container engine answers (${missing})`);

describe.skipIf(missing !== undefined)("images made without a registry", async () => {
  const locals = missing === undefined ? await findLocalRuntimes() : [];
  const kinds = (["nodejs", "python", "native"] as const).flatMap(
    (family) => locals.findLast((each) => each.family === family)?.kind ?? [],
  );
  let built: BuiltImage[] = [];

  beforeAll(async () => {
    built = await buildImages({ base: "local", prefix: PREFIX, kinds }, () => {});
  });

  afterAll(async () => {
    for (const { image, base } of built)
      for (const each of [image, base]) await docker.getImage(each).remove({ force: true });
  });

  it("are named by their content, labelled with their kind, and not built twice", async () => {
    for (const { kind, image, id } of built) {
      expect(image).toMatch(new RegExp(`^${PREFIX}${kind.replace(":", "-")}:[0-9a-f]{12}$`));
      const { Config, Id } = await docker.getImage(image).inspect();
      expect(Id).toBe(id);
      expect(Config.Labels).toMatchObject({ "io.edgewhisk.kind": kind, "io.edgewhisk.build": image.split(":")[1] });
      expect(Config.User).toMatch(/^\d{4,}:\d{4,}$/);
    }
    const again = await buildImages({ base: "local", prefix: PREFIX, kinds }, () => {});
    expect(again).toEqual(built.map((each) => ({ ...each, built: false })));
  });

  it("refuse kinds nobody has, by name", async () => {
    const attempt = (kind: string) => buildImages({ base: "local", prefix: PREFIX, kinds: [kind] }, () => {});
    await expect(attempt("nodejs:4")).rejects.toThrow(/^nodejs:4: no such interpreter on this machine/);
    await expect(attempt("cobol:85")).rejects.toThrow("cobol:85: we ship no runtime of that kind.");
  });

  for (const kind of kinds) {
    const family = kind.split(":")[0] as Family | "native";
    const start = (env?: Record<string, string>) =>
      startContainer(built.find((each) => each.kind === kind)?.image ?? "", env);

    describe(kind, () => {
      if (family === "native") registerNativeContract(start);
      else registerRuntimeContract(family, start);

      it("runs the action as a user who owns nothing but the temporary folder", async () => {
        const client = new RuntimeClient(await start());
        const code = { nodejs: NODEJS, python: PYTHON, native: SHELL };
        expect((await client.init({ main: "main", code: code[family] })).status).toBe(200);
        expect((await client.run({})).body).toEqual({ user: 1001, wrote: "EACCES", shell: "hi\n" });
        await client.close();
      });
    });
  }
});

const SHELL = `(echo x > /edgewhisk/x) 2>/dev/null && wrote=yes || wrote=EACCES
printf '{"user":%d,"wrote":"%s","shell":"hi\\\\n"}' $(id -u) $wrote`;

const NODEJS = `const { execSync } = require("node:child_process"); const fs = require("node:fs");
function main() {
  let wrote = "yes";
  try { fs.writeFileSync("/edgewhisk/x", "x"); } catch (error) { wrote = error.code; }
  return { user: process.getuid(), wrote, shell: execSync("echo hi", { encoding: "utf8" }) };
}`;

const PYTHON = `import errno, os, ssl, sqlite3, subprocess, zoneinfo
def main(args):
    wrote = 'yes'
    try:
        open('/edgewhisk/x', 'w')
    except OSError as error:
        wrote = errno.errorcode[error.errno]
    return {'user': os.getuid(), 'wrote': wrote, 'shell': subprocess.check_output('echo hi', shell=True, text=True)}
`;
