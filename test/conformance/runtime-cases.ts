// Actions both families must run alike.
import { gzipSync } from "node:zlib";
import { zip, zipCode } from "../support/zip.ts";
import { archive, type Case, type Family } from "./runtime-case.ts";

type SharedCase = (family: Family) => Case;

const either = (family: Family, nodejs: string, python: string) => (family === "nodejs" ? nodejs : python);
const entry = (family: Family) => either(family, "index.js", "__main__.py");
const echo = (family: Family) =>
  either(family, "exports.main = (args) => ({ echo: args });", "def main(args):\n    return {'echo': args}\n");
const damaged = (error: RegExp): Pick<Case, "initAnswer" | "stderr"> => ({
  initAnswer: { status: 502, error },
  stderr: /uncompressing the action archive/,
});

export const SHARED_CASES: SharedCase[] = [
  (family) => ({
    name: "gives the arguments to main and its result back, unicode included",
    init: either(
      family,
      "function main(args) { return { got: args, winter: args.s + ' ☃ ' + args.s }; }",
      "def main(args):\n    return {'got': args, 'winter': args['s'] + ' ☃ ' + args['s']}\n",
    ),
    args: { s: "❄", n: [1, 2.5, null, true], o: { ключ: "𝄞" } },
    answer: {
      status: 200,
      body: { got: { s: "❄", n: [1, 2.5, null, true], o: { ключ: "𝄞" } }, winter: "❄ ☃ ❄" },
    },
  }),
  (family) => ({
    name: "takes and returns arrays",
    init: either(family, "function main(args) { return args; }", "def main(args):\n    return args\n"),
    args: ["a", { b: 1 }],
    answer: { status: 200, body: ["a", { b: 1 }] },
  }),
  (family) => ({
    name: "calls the function that main names",
    init: {
      name: "test",
      main: "niam",
      code: either(family, "function niam() { return { ok: 1 }; }", "def niam(args):\n    return {'ok': 1}\n"),
    },
    answer: { status: 200, body: { ok: 1 } },
  }),
  (family) => ({
    name: "waits for an asynchronous result",
    init: either(
      family,
      "async function main() { await new Promise((r) => setTimeout(r, 20)); return { done: true }; }",
      "import asyncio\nasync def main(args):\n    await asyncio.sleep(0.02)\n    return {'done': True}\n",
    ),
    answer: { status: 200, body: { done: true } },
  }),
  (family) => ({
    name: "carries a megabyte both ways",
    init: either(family, "function main(args) { return args; }", "def main(args):\n    return args\n"),
    args: { big: "é".repeat(1_048_576) },
    answer: { status: 200, body: { big: "é".repeat(1_048_576) } },
  }),
  (family) => ({
    name: "shows an error the action returned as its result",
    init: either(
      family,
      "function main() { return { error: 'sorry' }; }",
      "def main(a):\n    return {'error': 'sorry'}\n",
    ),
    answer: { status: 200, body: { error: "sorry" } },
  }),
  (family) => ({
    name: "refuses a result that is neither dictionary nor array",
    init: either(family, "function main() { return 'text'; }", "def main(a):\n    return 'text'\n"),
    answer: {
      status: 502,
      body: {
        error: `The action did not return a dictionary${family === "nodejs" ? "" : " or array"}.`,
      },
    },
    stderr: /Result must be/,
  }),
  (family) => ({
    name: "passes null on for the platform to judge",
    init: either(family, "function main() { return null; }", "def main(a):\n    return None\n"),
    answer: { status: 200, body: null },
  }),
  (family) => ({
    name: "exports what init and run bring as environment variables, and hides its own",
    init: {
      name: "test",
      main: "main",
      env: { __OW_NAMESPACE: "early", SOME_VAR: "xyz", EMPTY: "", STRUCTURE: { a: 1 } },
      code: either(
        family,
        `const early = process.env.__OW_NAMESPACE + process.env.SOME_VAR;
         function main() { const seen = { early };
           for (const k in process.env) if (/^(__OW_|EDGEWHISK|EMPTY|STRUCTURE)/.test(k)) seen[k] = process.env[k];
           return seen; }`,
        `import os, re
early = os.environ['__OW_NAMESPACE'] + os.environ['SOME_VAR']
def main(args):
    found = {k: v for k, v in os.environ.items() if re.match('__OW_|EDGEWHISK|EMPTY|STRUCTURE', k)}
    return {'early': early, **found}
`,
      ),
    },
    env: { __OW_API_HOST: "http://host:1" },
    context: {
      namespace: "n s",
      action_name: "/n s/a",
      activation_id: "iii",
      deadline: "123",
      api_key: "k:s",
      skip: 7,
    },
    answer: {
      status: 200,
      body: {
        early: "earlyxyz",
        EMPTY: "",
        STRUCTURE: either(family, '{"a":1}', '{"a": 1}'),
        __OW_API_HOST: "http://host:1",
        __OW_NAMESPACE: "n s",
        __OW_ACTION_NAME: "/n s/a",
        __OW_ACTIVATION_ID: "iii",
        __OW_DEADLINE: "123",
        __OW_API_KEY: "k:s",
      },
    },
  }),
  (family) => ({
    name: "gives the environment to child processes",
    init: either(
      family,
      `function main() { const { execFileSync } = require("node:child_process");
         return { id: execFileSync(process.execPath, ["-p", "process.env.__OW_ACTIVATION_ID"], { encoding: "utf8" }) }; }`,
      `import subprocess, sys
def main(args):
    code = "import os; print(os.environ['__OW_ACTIVATION_ID'])"
    return {'id': subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout}
`,
    ),
    context: { activation_id: "abc" },
    answer: { status: 200, body: { id: "abc\n" } },
  }),
  (family) => ({
    name: "keeps the order of what the action prints, before an end marker on a line of its own",
    init: either(
      family,
      `console.log("load");
       function main() { process.stdout.write("x".repeat(200000)); console.log("y"); console.error("e"); process.stdout.write("z");
         return {}; }`,
      `import sys
print("load")
def main(args):
    sys.stdout.write("x" * 200000); print("y"); print("e", file=sys.stderr); print("z", end="")
    return {}
`,
    ),
    answer: { status: 200, body: {} },
    stdout: /^load\nx{200000}y\nz\nXXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n$/,
    stderr: /^e\nXXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n$/,
  }),
  (family) => ({
    name: "runs an archive in its own folder",
    init: archive(
      zipCode({
        [entry(family)]: either(
          family,
          `const fs = require("node:fs");
           exports.main = () => ({ text: fs.readFileSync("work/file.txt", "utf8"), other: require("./lib/other.js"),
             here: __dirname === process.cwd() });`,
          `import os, lib.other
def main(args):
    with open('work/file.txt') as file:
        return {'text': file.read(), 'other': lib.other.name, 'here': os.path.dirname(__file__) == os.getcwd()}
`,
        ),
        "work/file.txt": "from the archive",
        "lib/other.js": 'module.exports = "other";',
        "lib/other.py": "name = 'other'\n",
      }),
    ),
    answer: { status: 200, body: { text: "from the archive", other: "other", here: true } },
  }),
  (family) => ({
    name: "unpacks stored entries, folders and links that stay inside",
    init: archive(
      zip([
        { name: "lib/", content: "", stored: true },
        { name: `lib/${entry(family)}`, content: echo(family), stored: true },
        { name: entry(family), content: `lib/${entry(family)}`, mode: 0o120777, stored: true },
      ]),
    ),
    args: { a: 1 },
    answer: { status: 200, body: { echo: { a: 1 } } },
  }),
  (family) => ({
    name: "runs a tar.gz archive",
    init: archive(gzipSync(tar(entry(family), echo(family)))),
    args: { a: 1 },
    answer: { status: 200, body: { echo: { a: 1 } } },
  }),
  (family) => ({
    name: "refuses code that does not parse",
    init: "\n 10 PRINT 'Hello' {\n 20 GOTO 10\n",
    initAnswer: { status: 502, error: /^Initialization has failed due to: [\s\S]*SyntaxError|IndentationError/ },
    stderr: either(family, "SyntaxError", "IndentationError") === "SyntaxError" ? /SyntaxError/ : /IndentationError/,
  }),
  (family) => ({
    name: "refuses code that throws while it loads",
    init: either(family, "throw new Error('not today');", "raise ValueError('not today')\n"),
    initAnswer: { status: 502, error: /^Initialization has failed due to: (Value)?Error: not today/ },
    stderr: /not today[\s\S]*XXX_THE_END/,
  }),
  (family) => ({
    name: "refuses code without the function it is asked for",
    init: either(family, "const x = 1;", "x = 1\n"),
    initAnswer: { status: 502, error: /Action entrypoint 'main' is not a function/ },
    stderr: /Action entrypoint/,
  }),
  () => ({
    name: "refuses an archive that is none",
    init: archive(Buffer.from("Ceci n'est pas un zip.\n")),
    ...damaged(/uncompressing the action archive\. The file type is unsupported/),
  }),
  () => ({
    name: "refuses a cut-off archive",
    init: archive(zip([{ name: "index.js", content: "x".repeat(9999) }]).subarray(0, 60)),
    ...damaged(/uncompressing the action archive: it (has no directory|is damaged)/),
  }),
  ...["../evil", "/tmp/evil", "a/../../evil", "..\\evil"].map(
    (name): SharedCase =>
      () => ({
        name: `refuses an archive with an entry named ${name}`,
        init: archive(zip([{ name, content: "x" }])),
        ...damaged(/leaves the action's folder/),
      }),
  ),
  (family) => ({
    name: "makes the links of an archive, wherever they lead, as a virtualenv and npm's workspaces have them",
    init: archive(
      zip([
        { name: "virtualenv/bin/python", content: "/usr/bin/python3", mode: 0o120777 },
        { name: "virtualenv/bin/activate_this.py", content: "" },
        { name: "node_modules/shared", content: "../../packages/shared", mode: 0o120777 },
        { name: "etc", content: "/etc", mode: 0o120777 },
        { name: "nowhere", content: "nothing", mode: 0o120777 },
        { name: entry(family), content: LINKS[family] },
      ]),
    ),
    answer: {
      status: 200,
      body: { links: ["/usr/bin/python3", "../../packages/shared", "/etc", "nothing"], through: true },
    },
  }),
  (family) => ({
    name: "makes a copy of a file that an archive names twice",
    init: archive(
      gzipSync(
        Buffer.concat([
          tar("lib/code", echo(family)).subarray(0, -1024),
          tar(entry(family), "", { type: "1", target: "lib/code" }),
        ]),
      ),
    ),
    args: { a: 1 },
    answer: { status: 200, body: { echo: { a: 1 } } },
  }),
  ...["../code", "/etc/passwd", "not/there", "lib"].map(
    (target): SharedCase =>
      (family) => ({
        name: `refuses an archive with another name for ${target}`,
        init: archive(
          gzipSync(
            Buffer.concat([
              tar("lib/code", echo(family)).subarray(0, -1024),
              tar(entry(family), "", { type: "1", target }),
            ]),
          ),
        ),
        ...damaged(/leaves the action's folder|is another name for a file that is not there/),
      }),
  ),
  ...["", "x".repeat(4096), "a\0b"].map(
    (target): SharedCase =>
      () => ({
        name: `refuses a link to ${JSON.stringify(target.slice(0, 5))} of ${target.length} characters`,
        init: archive(zip([{ name: "out", content: target, mode: 0o120777 }])),
        ...damaged(/has no target that can be/),
      }),
  ),
  (family) => ({
    name: "refuses to write through a link of the archive",
    init: archive(
      zip([
        { name: "out", content: "a/../..", mode: 0o120777 },
        { name: "a/file", content: "x" },
        { name: "out/evil", content: "/etc/passwd", mode: 0o120777 },
        { name: entry(family), content: echo(family) },
      ]),
    ),
    ...damaged(/stands where something else does/),
  }),
  (family) => ({
    name: "refuses a file behind a link of the archive",
    init: archive(
      zip([
        { name: "out", content: "/tmp", mode: 0o120777 },
        { name: "out/evil", content: "x" },
        { name: entry(family), content: echo(family) },
      ]),
    ),
    ...damaged(/stands where something else does/),
  }),
  () => ({
    name: "refuses an archive that unpacks to more than it may",
    init: archive(zip(bomb(18))),
    ...damaged(/too large when unpacked/),
  }),
  () => ({
    name: "refuses an archive whose entry is larger than it says",
    init: archive(understated(zip(bomb(1)), 10)),
    ...damaged(/damaged|too large when unpacked/),
  }),
];

/** n times 32 MB of zeros, about 33 KB each when packed. */
function bomb(n: number) {
  const content = Buffer.alloc(32 * 1024 * 1024);
  return Array.from({ length: n }, (_, index) => ({ name: `f${index}`, content }));
}

/** The directory of a zip with one entry says that it unpacks to so many bytes. */
function understated(zipped: Buffer, bytes: number): Buffer {
  zipped.writeUInt32LE(bytes, zipped.lastIndexOf(Buffer.from("PK\x01\x02", "latin1")) + 24);
  return zipped;
}

/** Where each of the links above leads, and whether what is behind one can be read. */
const LINKS = {
  nodejs: `const { readlinkSync, existsSync } = require("node:fs");
    exports.main = () => ({ links: ["virtualenv/bin/python", "node_modules/shared", "etc", "nowhere"].map((each) => readlinkSync(each)),
      through: existsSync("etc/passwd") });`,
  python: `import os
def main(args):
    return {'links': [os.readlink(each) for each in ("virtualenv/bin/python", "node_modules/shared", "etc", "nowhere")],
            'through': os.path.exists('etc/passwd')}
`,
};

/** One file, or another name for one. */
function tar(name: string, content: string, options: { type?: string; target?: string } = {}): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write(`        ${options.type ?? "0"}`, 148);
  header.write(options.target ?? "", 157);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}
