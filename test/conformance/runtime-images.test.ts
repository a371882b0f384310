// The runtime contract against the images, where a container engine answers; and what the image itself promises.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localCommon } from "../../runtime-host/runtimes/base-common.ts";
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
  const said: string[] = [];
  const { missing: notHere } = missing === undefined ? await localCommon() : { missing: [] };
  for (const sentence of notHere) console.warn(`not tested: ${sentence}`);

  beforeAll(async () => {
    // Of a run that was killed.
    await removeImages();
    built = await buildImages({ base: "local", prefix: PREFIX, kinds }, (line) => said.push(line));
  });

  afterAll(removeImages);

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

  it("say what this machine does not have for them", () => {
    for (const sentence of notHere) expect(said).toContain(sentence);
    expect(said.filter((line) => line.includes("base-common"))).toHaveLength(1);
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

      it("finds time zones and the usual programs, and they work", async () => {
        const checks = TOOLS.filter(([tool]) => !notHere.some((each) => new RegExp(`[ (]${tool}[,.)]`).test(each)));
        expect(checks.length).toBeGreaterThan(TOOLS.length / 2);
        const client = new RuntimeClient(await start());
        const code = { nodejs: NODEJS_SHELL, python: PYTHON_SHELL, native: NATIVE_SHELL };
        expect((await client.init({ main: "main", code: code[family] })).status).toBe(200);
        for (const [tool, script, expected] of checks) {
          const { body } = await client.run({ script: Buffer.from(script).toString("base64") });
          expect([tool, body]).toEqual([tool, { text: expected }]);
        }
        await client.close();
      });
    });
  }
});

/** A program (or the package of time zones), what a script does with it, and what must come out, base64 aside. */
const TOOLS: [string, string, string][] = [
  [
    "tzdata",
    "TZ=Europe/Berlin date -d @0 +%H:%M; TZ=Asia/Kolkata date -d @0 +%H:%M; date -d @0 +%H:%M",
    "01:00 05:30 00:00",
  ],
  ["ls", "cd $(mktemp -d) && touch b a && ls && /usr/bin/env ls | wc -l", "a b 2"],
  ["curl", "curl --version | grep -o https | head -n 1; curl -s http://127.0.0.1:1/ || echo $?", "https 7"],
  ["wget", "wget -q http://127.0.0.1:1/ || echo $?", "4"],
  [
    "git",
    "cd $(mktemp -d) && git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one && git log --format=%s; git ls-remote https://127.0.0.1:1/x 2>&1 | grep -o 'Failed to connect'",
    "one Failed to connect",
  ],
  [
    "openssl",
    "printf x | openssl dgst -sha256 -r | cut -c1-8; openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=a 2>/dev/null | head -n 1",
    "2d711642 -----BEGIN CERTIFICATE-----",
  ],
  ["zip", "cd $(mktemp -d) && echo hi > f && zip -q f.zip f && unzip -p f.zip f", "hi"],
  ["jq", "echo '{\"a\":[1,2]}' | jq -c .a", "[1,2]"],
  [
    "perl",
    "perl -MJSON::PP -MPOSIX=floor -MList::Util=sum -MDigest::MD5=md5_hex -MEncode -MData::Dumper -MTime::HiRes -MFile::Temp -e 'use utf8; print encode_json([sum(1,2), floor(2.5), md5_hex(\"\")])'",
    '[3,2,"d41d8cd98f00b204e9800998ecf8427e"]',
  ],
  ["xz", "echo x | xz | xz -d; echo y | bzip2 | bunzip2; echo z | gzip | zcat", "x y z"],
  ["ps", "ps -o comm= -p $$ | wc -l; pgrep -x no-such-thing | wc -l", "1 0"],
  [
    "diff",
    "cd $(mktemp -d) && echo a > a && echo b > b && diff a b | wc -l && diff -u a b | patch -s a && cat a",
    "4 b",
  ],
  ["getent", "getent hosts localhost | wc -l; getent services https | awk '{print $2}'", "1 443/tcp"],
  ["bc", "echo '2^70' | bc", "1180591620717411303424"],
];
const NATIVE_SHELL = `text=$(jq -r .script 2>/dev/null | base64 -d | sh 2>&1 | tr '\\n' ' ' | sed 's/ $//')
jq -cn --arg text "$text" '{text: $text}'`;
const NODEJS_SHELL = `const { spawnSync } = require("node:child_process");
function main({ script }) {
  const { stdout } = spawnSync("/bin/sh", ["-c", Buffer.from(script, "base64").toString() ], { encoding: "utf8" });
  return { text: stdout.trim().replaceAll("\\n", " ") };
}`;
const PYTHON_SHELL = `import base64, subprocess
def main(args):
    done = subprocess.run(["/bin/sh", "-c", base64.b64decode(args["script"])], capture_output=True, text=True)
    return {"text": done.stdout.strip().replace("\\n", " ")}
`;

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

async function removeImages(): Promise<void> {
  const ours = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  for (const each of ours.filter((tag) => tag.startsWith(PREFIX))) await docker.getImage(each).remove({ force: true });
}
