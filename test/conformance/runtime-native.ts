// What the native runtime promises, whatever starts it: any program or script, told its argument as JSON on stdin,
// answers with the last thing on its stdout; how it ended and what it complained about stand in the result.
import { describe, expect, it } from "vitest";
import { perContainer } from "../../src/entities/runtimes.ts";
import { pacedMs } from "../support/machine-pace.ts";
import { count, RuntimeClient, SENTINEL, type StartRuntime, using } from "../support/runtime-client.ts";
import { zip, zipCode } from "../support/zip.ts";
import { archive, type Case } from "./runtime-case.ts";
import { play } from "./runtime-play.ts";

const BIG = "é".repeat(524_288);
const BYTES = Buffer.from([0, 1, 2, 250, 251, 10, 13, 0, 255]);
const file = (body: string, type?: string) => ({
  __ow_method: "post",
  __ow_headers: type === undefined ? {} : { "content-type": type },
  __ow_query: "a=1",
  __ow_body: body,
});
const measure = `printf '{"bytes":%s,"query":"%s"}\\n' $(wc -c) "$(echo "$1" | grep -o 'a=1')"`;
const failed = (exitCode: number, more: object = {}) => ({
  status: 200,
  body: { error: { message: `The action ended with exit code ${exitCode}.`, exitCode, ...more } },
});

const CASES: Case[] = [
  {
    name: "gives the argument on stdin and as first argument, and takes the last line as the result",
    init: `read -r line; echo "logged $#"; printf '{"in":%s,"arg":%s}' "$line" "$1"`,
    args: { s: "❄", n: [1, 2.5, null, true] },
    answer: {
      status: 200,
      body: { in: { s: "❄", n: [1, 2.5, null, true] }, arg: { s: "❄", n: [1, 2.5, null, true] } },
    },
    stdout: new RegExp(`^logged 1\\n${SENTINEL}\\n$`),
  },
  {
    name: "takes and returns arrays",
    init: "cat",
    args: ["a", { b: 1 }],
    answer: { status: 200, body: ["a", { b: 1 }] },
  },
  {
    name: "carries a megabyte both ways",
    init: "cat",
    args: { big: BIG },
    answer: { status: 200, body: { big: BIG } },
  },
  {
    name: "takes a result that was printed prettily",
    init: `echo '{'; echo no; printf '{\\n  "a": [\\n    1\\n  ]\\n}\\n\\n'`,
    answer: { status: 200, body: { a: [1] } },
    stdout: new RegExp(`^{\\nno\\n${SENTINEL}\\n$`),
  },
  {
    name: "keeps the order of a flood before the result",
    init: `seq 1 200000; echo err >&2; echo '{"ok":true}'`,
    answer: { status: 200, body: { ok: true } },
    stdout: new RegExp(`^1\\n2\\n[\\s\\S]*\\n199999\\n200000\\n${SENTINEL}\\n$`),
    stderr: new RegExp(`^err\\n${SENTINEL}\\n$`),
  },
  {
    name: "refuses a result that is neither dictionary nor array, and shows it as log",
    init: "echo first; echo text",
    answer: { status: 502, body: { error: "The action did not return a dictionary or array." } },
    stdout: new RegExp(`^first\\ntext\\n${SENTINEL}\\n$`),
    stderr: /Result must be/,
  },
  {
    name: "passes on an error the program printed",
    init: `echo '{"error":"sorry"}'`,
    answer: { status: 200, body: { error: "sorry" } },
  },
  {
    name: "names exit code and stderr of a program that failed",
    init: "echo tried; echo broken >&2; exit 3",
    answer: failed(3, { stderr: "broken\n" }),
    stdout: /^tried\nXXX/,
    stderr: /^broken\nXXX/,
  },
  {
    name: "keeps the result of a program that failed",
    init: `echo '{"half":1}'; exit 4`,
    answer: failed(4, { result: { half: 1 } }),
  },
  {
    name: "names the signal that ended a program",
    init: "kill -9 $$",
    answer: { status: 200, body: { error: { message: "The action was ended by SIGKILL.", exitCode: 137 } } },
  },
  {
    name: "gives a file's bytes to stdin as they are, and what came with it as argument",
    init: measure,
    args: file(BYTES.toString("base64"), "image/png"),
    answer: { status: 200, body: { bytes: BYTES.length, query: "a=1" } },
  },
  {
    name: "gives a picture's bytes to stdin though they are characters",
    init: measure,
    args: file(Buffer.from("<svg/>").toString("base64"), "image/svg+xml"),
    answer: { status: 200, body: { bytes: 6, query: "a=1" } },
  },
  {
    name: "opens stdin, stdout and stderr by name, and hears what is written so",
    init: `got=$(cat /dev/stdin); echo log > /dev/stdout; echo err > /dev/stderr; printf '%s' "$got" > /proc/self/fd/1`,
    args: { a: 1 },
    answer: { status: 200, body: { a: 1 } },
    stdout: new RegExp(`^log\\n${SENTINEL}\\n$`),
    stderr: new RegExp(`^err\\n${SENTINEL}\\n$`),
  },
  {
    name: "gives a text file's characters to stdin",
    init: measure,
    args: file("héllo", "text/plain"),
    answer: { status: 200, body: { bytes: 6, query: "a=1" } },
  },
  {
    name: "exports what init and run bring as environment variables, and hides its own",
    init: {
      name: "t",
      main: "main",
      env: { SOME_VAR: "x y", STRUCTURE: { a: 1 } },
      code: `printf '{"some":"%s","structure":%s,"ns":"%s","host":"%s","own":"%s"}' "$SOME_VAR" "$STRUCTURE" "$__OW_NAMESPACE" "$__OW_API_HOST" "$EDGEWHISK_LISTEN"`,
    },
    env: { __OW_API_HOST: "http://host:1", EDGEWHISK_OTHER: "x" },
    context: { namespace: "n s", skip: 7 },
    answer: { status: 200, body: { some: "x y", structure: { a: 1 }, ns: "n s", host: "http://host:1", own: "" } },
  },
  {
    name: "runs an archive's exec in the archive's folder, executable bit or not",
    init: archive(
      zipCode({ exec: '#!/bin/sh\n. ./lib/name.sh\nprintf \'{"from":"%s"}\' $NAME', "lib/name.sh": "NAME=lib" }),
    ),
    answer: { status: 200, body: { from: "lib" } },
  },
  {
    name: "runs the file of an archive that main names",
    init: {
      ...archive(zipCode({ exec: "#!/bin/sh\nfalse", "bin/other": "#!/bin/sh\necho '[1]'" })),
      main: "bin/other",
    },
    answer: { status: 200, body: [1] },
  },
  {
    name: "runs what a link of the archive leads to, and changes nothing there",
    init: archive(zip([{ name: "exec", content: "/bin/echo", mode: 0o120777 }])),
    args: { a: 1 },
    answer: { status: 200, body: { a: 1 } },
  },
  {
    name: "runs one executable sent as bytes",
    init: archive(Buffer.from("#!/bin/sh\necho '{\"bytes\":true}'\n")),
    answer: { status: 200, body: { bytes: true } },
  },
  {
    name: "refuses an archive without an executable",
    init: archive(zipCode({ "readme.md": "hello" })),
    initAnswer: { status: 502, error: /failed to generate or locate a binary\. See logs/ },
    stderr: /locate a binary/,
  },
  {
    name: "refuses an archive that leaves its folder",
    init: archive(zip([{ name: "../evil", content: "x" }])),
    initAnswer: { status: 502, error: /leaves the action's folder/ },
    stderr: /leaves/,
  },
  {
    name: "refuses a main that leaves the folder",
    init: { ...archive(zipCode({ "a.md": "x" })), main: "../../../bin/sh" },
    initAnswer: { status: 502, error: /locate a binary/ },
    stderr: /locate/,
  },
  {
    name: "refuses a script that does not parse",
    init: "if true; then (((",
    initAnswer: { status: 502, error: /^Initialization has failed due to: The script does not parse: [\s\S]*exec/ },
    stderr: /does not parse/,
  },
  {
    name: "refuses a script whose interpreter is not there, by name",
    init: "#!/no/such/perl -w\nprint;",
    initAnswer: { status: 502, error: /The script asks for \/no\/such\/perl, which is not here\./ },
    stderr: /perl/,
  },
  {
    name: "refuses machine code of another machine",
    init: archive(zipCode({ exec: `\x7fELF${"\0".repeat(60)}` })),
    initAnswer: { status: 502, error: /The executable is not for this machine/ },
    stderr: /not for this machine/,
  },
];

export function registerNativeContract(start: StartRuntime): void {
  describe("programs", () => {
    for (const each of CASES) it(each.name, () => using(start, each.env, (client) => play(client, each)));
  });

  describe("protocol", () => {
    it("says hello", () =>
      using(start, {}, async (client) => {
        const { body } = await client.hello();
        expect(body).toEqual({
          edgewhisk: 1,
          kind: "native",
          version: expect.stringMatching(/^\d+\./),
          concurrent: perContainer({ kind: "native", limits: { concurrency: 2 } }) === 2,
          journals: true,
        });
      }));

    it("keeps every byte of numbers and text on their way in and out", () =>
      using(start, {}, async (client) => {
        await client.init({ code: "cat" });
        const value =
          '{"value":7, "n":18446744073709551616,"f":1.0,"d":0.123456789012345678901234567890,"s":"a\\u00e9\\"}"}';
        const answer = await client.request("/run", { body: `{"namespace":"x","value": ${value} ,"deadline":"1"}` });
        expect(answer.text).toBe(value);
      }));

    it("leaves the first argument out where the system would not take it", () =>
      using(start, {}, async (client) => {
        await client.init({ code: `printf '{"args":%d,"bytes":%d}' $# $(wc -c)` });
        expect((await client.run({ x: "y".repeat(131_100) })).body).toEqual({ args: 0, bytes: 131_108 });
      }));

    it("runs again and again, each run a program of its own with its own end markers", () =>
      using(start, {}, async (client) => {
        await client.init({ code: `n=$((n + 1)); echo "run $n" ; printf '{"n":%d}' $n` });
        for (let at = 0; at < 3; at++) expect((await client.run({})).body).toEqual({ n: 1 });
        await expect.poll(() => client.runtime.logs().stdout).toBe(`run 1\n${SENTINEL}\n`.repeat(3));
        await expect.poll(() => count(client.runtime.logs().stderr)).toBe(3);
      }));

    it("says busy to a second run while one is running", () =>
      using(start, {}, async (first) => {
        await first.init({ code: "sleep 0.4; cat" });
        const second = new RuntimeClient({ ...first.runtime, stop: async () => {} });
        const answers = await Promise.all([first.run({ n: 1 }), second.run({ n: 2 })]);
        await second.close();
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 503]);
      }));

    it("answers when the program has ended, though a child of it lives on", () =>
      using(start, {}, async (client) => {
        await client.init({ code: "sleep 300 & echo '{}'" });
        const took = await pacedMs(async () => expect((await client.run({})).body).toEqual({}));
        expect(took).toBeLessThan(5_000);
        await expect.poll(() => count(client.runtime.logs().stdout)).toBe(1);
      }));

    it("hears nothing of an earlier run's children in a later one, and uses its pipes again otherwise", () =>
      using(start, {}, async (client) => {
        // The child writes when its run is over and another one, which waits for that, goes on.
        const late = `(trap '' PIPE; until test -e "$PWD/../go"; do sleep 0.02; done
          echo late; echo late; echo late > /tmp/not-there/x; touch "$PWD/../gone") &`;
        const waits = `touch "$PWD/../go"; until test -e "$PWD/../gone"; do sleep 0.02; done`;
        await client.init({
          code: `case "$1" in *stay*) ${late} ;; *go*) ${waits} ;; esac\nls "$PWD/../pipes" >&2; echo '{}'`,
        });
        for (const value of [{}, { stay: 1 }, { go: 1 }, {}]) expect((await client.run(value)).status).toBe(200);
        await expect.poll(() => count(client.runtime.logs().stderr)).toBe(4);
        await expect.poll(() => count(client.runtime.logs().stdout)).toBe(4);
        expect(client.runtime.logs().stdout).toBe(`${SENTINEL}\n`.repeat(4));
        const names = client.runtime
          .logs()
          .stderr.split(`${SENTINEL}\n`)
          .map((text) => text.trim());
        expect(names).toEqual(["1\n2", "1\n2", "3\n4", "3\n4", ""]);
      }));

    it("runs though an action has emptied the temporary folder's pipes", () =>
      using(start, {}, async (client) => {
        await client.init({ code: `rm -rf "$PWD/../pipes"; cat` });
        for (const value of [{ n: 1 }, { n: 2 }, { n: 3 }]) expect((await client.run(value)).body).toEqual(value);
      }));

    it("does not wait for programs that read nothing of a large argument", () =>
      using(start, {}, async (client) => {
        await client.init({ code: "echo '{}'" });
        expect((await client.run({ big: BIG })).status).toBe(200);
      }));

    it("leaves out the end markers of a quiet run where the host allows it, and no others", () =>
      using(start, {}, async (client) => {
        await client.init({ code: 'echo "$1" | grep -q loud && echo loud; echo "{}"' });
        const run = (value: object) =>
          client.request("/run", { body: JSON.stringify({ value }), headers: { "x-edgewhisk-quiet": "1" } });
        expect((await run({})).headers["x-edgewhisk-quiet"]).toBe("1");
        expect((await run({ be: "loud" })).headers["x-edgewhisk-quiet"]).toBeUndefined();
        await expect.poll(() => client.runtime.logs().stdout).toBe(`loud\n${SENTINEL}\n`);
      }));

    it("refuses a longer last line than a result may have, and stays usable", () =>
      using(start, {}, async (client) => {
        await client.init({
          code: `echo "$1" | grep -q big && { printf '{"x":"'; head -c 20000000 /dev/zero | tr '\\0' a; printf '"}'; } || echo '{}'`,
        });
        const answer = await client.run({ big: 1 });
        expect(answer).toMatchObject({
          status: 502,
          body: { error: expect.stringMatching(/longer than the \d+ bytes/) },
        });
        expect((await client.run({})).body).toEqual({});
      }));

    it("refuses init and run after an init that failed, a second init, and a run before init", () =>
      using(start, {}, async (client) => {
        expect(await client.run({})).toMatchObject({ status: 403, body: { error: "System not initialized." } });
        expect((await client.init({ code: "cat" })).status).toBe(200);
        const again = { error: "Cannot initialize the action more than once." };
        expect(await client.init({ code: "cat" })).toMatchObject({ status: 403, body: again });
        expect((await client.run("text")).status).toBe(403);
        expect((await client.request("/run", { body: "nonsense" })).status).toBe(500);
        expect((await client.run({ a: 1 })).body).toEqual({ a: 1 });
      }));
  });
}
