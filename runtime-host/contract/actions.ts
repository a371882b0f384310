// The actions the checks need, in the languages shipped here.

import { zipOf } from "./archive.ts";

/** What each does is told where the command explains itself (`NEEDS`). */
export type ActionSample = "echo" | "error" | "raise" | "text" | "env" | "log" | "broken" | "archive";

export interface Code {
  readonly code: string;
  readonly binary: boolean;
  readonly main?: string;
}

export type Actions = Partial<Record<ActionSample, Code>>;

export const NEEDS: Readonly<Record<ActionSample, string>> = {
  echo: "returns its argument",
  error: 'returns {"error": {"code": 7}}',
  raise: 'fails in its language\'s way (exception, exit code) with the text "raised"',
  text: "returns something that is neither dictionary nor array",
  env: "returns a dictionary of the environment variables CONTRACT, __OW_ACTIVATION_ID and __OW_API_HOST",
  log: 'prints "out <n>" to stdout and "err <n>" to stderr, n from its argument, and returns {}',
  broken: "does not compile or load",
  archive: 'a zip whose entry uses another file of it, and returns {"from": "another file"}',
};

const source = (code: string): Code => ({ code, binary: false });
const archive = (files: Record<string, string>): Code => ({ code: zipOf(files).toString("base64"), binary: true });
const NAMES = ["CONTRACT", "__OW_ACTIVATION_ID", "__OW_API_HOST"];

const NODEJS: Actions = {
  echo: source("function main(args) { return args; }"),
  error: source("function main() { return { error: { code: 7 } }; }"),
  raise: source("function main() { throw new Error('raised'); }"),
  text: source("function main() { return 'text'; }"),
  env: source(
    `function main() { return Object.fromEntries(${JSON.stringify(NAMES)}.map((name) => [name, process.env[name]])); }`,
  ),
  log: source("function main(args) { console.log('out ' + args.n); console.error('err ' + args.n); return {}; }"),
  broken: source("function main( {"),
  archive: archive({
    "package.json": '{"main":"lib/entry.js"}',
    "lib/entry.js": "exports.main = () => ({ from: require('dependency') });",
    "node_modules/dependency/index.js": "module.exports = 'another file';",
  }),
};

const PYTHON: Actions = {
  echo: source("def main(args):\n    return args\n"),
  error: source("def main(args):\n    return {'error': {'code': 7}}\n"),
  raise: source("def main(args):\n    raise ValueError('raised')\n"),
  text: source("def main(args):\n    return 'text'\n"),
  env: source(
    `import os\ndef main(args):\n    return {name: os.environ.get(name) for name in ${JSON.stringify(NAMES)}}\n`,
  ),
  log: source(
    "import sys\ndef main(args):\n    print('out %d' % args['n'])\n    print('err %d' % args['n'], file=sys.stderr)\n    return {}\n",
  ),
  broken: source("def main(args:\n"),
  archive: archive({
    "__main__.py": "from dependency import name\ndef main(args):\n    return {'from': name}\n",
    "dependency/__init__.py": "name = 'another file'\n",
  }),
};

const NATIVE: Actions = {
  echo: source("#!/bin/sh\ncat\n"),
  error: source('#!/bin/sh\necho \'{"error":{"code":7}}\'\n'),
  raise: source("#!/bin/sh\necho raised >&2\nexit 1\n"),
  text: source("#!/bin/sh\necho text\n"),
  env: source(
    '#!/bin/sh\nprintf \'{"CONTRACT":"%s","__OW_ACTIVATION_ID":"%s","__OW_API_HOST":"%s"}\' "$CONTRACT" "$__OW_ACTIVATION_ID" "$__OW_API_HOST"\n',
  ),
  log: source("#!/bin/sh\nn=$(grep -o '[0-9]*')\necho \"out $n\"\necho \"err $n\" >&2\necho '{}'\n"),
  broken: source("#!/bin/sh\nif (((\n"),
  archive: archive({
    exec: '#!/bin/sh\n. ./lib/name.sh\necho \'{"from":"\'"$NAME"\'"}\'\n',
    "lib/name.sh": "NAME='another file'\n",
  }),
};

/** By the first word of a kind. */
export const ACTIONS: Readonly<Record<string, Actions>> = { nodejs: NODEJS, python: PYTHON, native: NATIVE };
