// The native kind through the whole platform, on both engines: programs and scripts as actions.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { zipCode } from "../support/zip.ts";
import { type Bench, onEngines, put, recordOf } from "./engines.ts";

const C = `#include <stdio.h>
#include <stdlib.h>
int main(void) { char in[256]; fgets(in, sizeof in, stdin);
  printf("said to C\\n{\\"c\\":%s,\\"ns\\":\\"%s\\"}", in, getenv("__OW_NAMESPACE")); }`;

onEngines("native actions", (bench: Bench) => {
  const run = async (name: string, args: object = {}) =>
    bench.request(`actions/${name}?blocking=true`, { method: "POST", body: args });

  it("runs a script: argument in, last line out, the rest in the logs, numbers kept", async () => {
    await put(bench, "native-script", { kind: "native", code: "#!/bin/sh\necho hello\necho oh >&2\ncat" });
    const answer = await bench.request("actions/native-script?blocking=true", { method: "POST", text: '{"n":1.0}' });
    expect(answer.json.response).toMatchObject({ status: "success", result: { n: 1 } });
    expect(answer.text).toContain('{"n":1.0}');
    const { logs } = await recordOf(bench, answer.json.activationId);
    expect(logs.map((each: string) => each.slice(31)).sort()).toEqual(["stderr: oh", "stdout: hello"]);
    const got = await bench.request("actions/native-script");
    expect(got.json.exec).toMatchObject({ kind: "native", binary: false });
  });

  it("shows exit code and stderr of a script that failed in the record, and goes on with the next", async () => {
    await put(bench, "native-fails", { kind: "native:default", code: "echo no luck >&2; exit 7" });
    for (let times = 0; times < 2; times++) {
      const { json } = await run("native-fails");
      expect(json.response).toMatchObject({
        status: "application error",
        result: { error: { exitCode: 7, stderr: "no luck\n", message: "The action ended with exit code 7." } },
      });
    }
  });

  it("runs a zip of files, and refuses one without an executable", async () => {
    const code = zipCode({ exec: '#!/bin/sh\nprintf \'{"from":"%s"}\' "$(cat data.txt)"', "data.txt": "zip" });
    await put(bench, "native-zip", { kind: "native", code });
    expect((await run("native-zip")).json.response.result).toEqual({ from: "zip" });
    await put(bench, "native-none", { kind: "native", code: zipCode({ "data.txt": "zip" }) });
    const { json } = await run("native-none");
    expect(json.response.status).toBe("action developer error");
    expect(json.response.result.error).toMatch(/failed to generate or locate a binary/);
  });

  it("runs what `wsk action create --native` sends, without pulling its image", async () => {
    const image = "openwhisk/dockerskeleton";
    await put(bench, "native-wsk", { kind: "blackbox", image, code: "#!/bin/sh\necho hello\ncat" });
    const { json } = await run("native-wsk", { a: 1 });
    expect(json.response).toMatchObject({ status: "success", result: { a: 1 } });
    const record = await recordOf(bench, json.activationId);
    expect(record.logs.map((each: string) => each.slice(31))).toEqual(["stdout: hello"]);
    expect(record.annotations).toContainEqual({ key: "kind", value: "native" });
    expect((await bench.request("actions/native-wsk")).json.exec).toMatchObject({
      kind: "blackbox",
      image,
      binary: false,
    });
    const code = zipCode({ exec: "#!/bin/sh\ncat data.json", "data.json": '{"from":"zip"}' });
    await put(bench, "native-wsk-zip", { kind: "blackbox", image: `${image}:nightly`, code });
    expect((await run("native-wsk-zip")).json.response.result).toEqual({ from: "zip" });
  });

  it("runs machine code", async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "edgewhisk-test-"));
    try {
      writeFileSync(join(folder, "a.c"), C);
      try {
        execFileSync("cc", ["-static", "-o", join(folder, "a"), join(folder, "a.c")]);
      } catch (error) {
        context.skip(`no C compiler here: ${(error as Error).message.split("\n", 1)[0]}`);
      }
      await put(bench, "native-c", { kind: "native", code: readFileSync(join(folder, "a")).toString("base64") });
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect((await run("native-c", { x: [1] })).json.response.result).toEqual({ c: { x: [1] }, ns: "guest" });
  });

  it("names memory where a program takes more than it may, and the end of its server where it ends that", async () => {
    const limits = { memory: 128, timeout: 30_000 };
    await put(bench, "native-hog", {
      kind: "native",
      code: "x=$(head -c 600000000 /dev/zero | tr '\\0' x); echo '{}'",
      limits,
    });
    const hog = await run("native-hog");
    expect(hog.json.response.result.error).toBe("The action exhausted its memory and was aborted.");
    await put(bench, "native-kills", { kind: "native", code: "kill $PPID; sleep 5; echo '{}'", limits });
    const killed = await run("native-kills");
    expect(killed.json.response.result.error).toMatch(/did not produce a valid response and exited unexpectedly/);
  });

  it("gives the file a web caller sends to the program as it is", async () => {
    const annotations = [
      { key: "web-export", value: true },
      { key: "raw-http", value: true },
    ];
    await put(bench, "native-file", {
      kind: "native",
      code: `printf '{"body":{"sum":"%s","query":%s}}' "$(sha256sum | cut -c1-64)" "$(echo "$1" | grep -o '"a=1"')"`,
      annotations,
    });
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => (at * 31) % 256));
    const answer = await fetch(`${bench.platform().url}/api/v1/web/guest/default/native-file.json?a=1`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: bytes,
    });
    const sum = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
    expect(await answer.json()).toEqual({ body: { sum, query: "a=1" } });
  });
});
