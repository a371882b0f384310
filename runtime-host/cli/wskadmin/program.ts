// OpenWhisk's `wskadmin` over the admin API: the same commands, flags, lines and exit codes, so that scripts go on.

import { openAdmin } from "../shared/administering.ts";
import type { Io } from "../shared/command.ts";
import { type GivenWords, helpOf, parseArguments, usageOf } from "./arguments.ts";
import { COMMANDS, ELSEWHERE } from "./grammar.ts";
import { deleteNamespaceLimits, getNamespaceLimits, setNamespaceLimits } from "./limits.ts";
import {
  type AdminRun,
  blockUsers,
  createUser,
  deleteUser,
  getUser,
  listUsers,
  localAnswer,
  whoisUser,
} from "./user.ts";

/** argparse's, and what wskadmin says where it does not know where to go. */
const USAGE_EXIT = 2;

const RUNS: Readonly<Record<string, (run: AdminRun) => Promise<number>>> = {
  "user create": createUser,
  "user delete": deleteUser,
  "user get": getUser,
  "user whois": whoisUser,
  "user list": listUsers,
  "user block": (run) => blockUsers(run, "block"),
  "user unblock": (run) => blockUsers(run, "unblock"),
  "limits set": setNamespaceLimits,
  "limits get": getNamespaceLimits,
  "limits delete": deleteNamespaceLimits,
};

/** Resolves to the exit code. `argv`: without node and script. With --json, which upstream has not,
 * all of it is one JSON value. */
export async function runWskadmin(argv: readonly string[], io: Io): Promise<number> {
  if (!argv.includes("--json")) return run(argv, io);
  let out = "";
  const stdout = (text: string) => {
    out += text;
  };
  const words = argv.filter((word) => word !== "--json");
  const exit = await run(words, { ...io, stdout });
  io.stdout(`${JSON.stringify({ exit, lines: out.split("\n").slice(0, -1) })}\n`);
  return exit;
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const say = (line: string) => io.stdout(`${line}\n`);
  const asked = wordsIn(argv);
  if (asked.kind === "answer") {
    (asked.exit === 0 ? io.stdout : io.stderr)(asked.text);
    return asked.exit;
  }
  const { words, given } = asked;
  const local = words === "user create" ? localAnswer(given, say) : null;
  if (local !== null) return local;
  const opened = await openAdmin({
    options: { url: undefined, state: undefined },
    positionals: [],
    io,
    print: (_, text) => say(text),
    heading: say,
    progress: (line) => io.stderr(`${line}\n`),
  });
  if (!opened.ok) {
    io.stderr(`wskadmin: ${opened.reason}\n`);
    return USAGE_EXIT;
  }
  const command = RUNS[words];
  if (command === undefined) throw new Error(`nothing runs ${words}`);
  return command({ admin: opened.admin, given, say });
}

type Asked = { kind: "command"; words: string; given: GivenWords } | { kind: "answer"; text: string; exit: number };

/** Before the command -v may stand, and after "user" the view to query (-w), which there is none of here. */
function wordsIn(argv: readonly string[]): Asked {
  const rest = [...argv];
  const groups = [...Object.keys(COMMANDS), ...Object.keys(ELSEWHERE)];
  while (rest[0] === "-v" || rest[0] === "--verbose") rest.shift();
  const [group] = rest;
  const usage = `usage: wskadmin [-h] [-v] {${groups.join(",")}} ...`;
  if (group === "-h" || group === "--help") return { kind: "answer", text: `${usage}\n`, exit: 0 };
  const commands = COMMANDS[group ?? ""];
  if (commands === undefined) {
    const elsewhere = ELSEWHERE[group ?? ""];
    if (elsewhere !== undefined) return { kind: "answer", text: `wskadmin: ${elsewhere}\n`, exit: 1 };
    return refusal(usage, "wskadmin", unknown("cmd", group, groups));
  }
  rest.shift();
  if (group === "user" && (rest[0] === "-w" || rest[0] === "--view")) rest.splice(0, 2);
  const [command] = rest;
  const names = Object.keys(commands);
  const inner = `usage: wskadmin ${group} [-h] {${names.join(",")}} ...`;
  if (command === "-h" || command === "--help") return { kind: "answer", text: `${inner}\n`, exit: 0 };
  const grammar = commands[command ?? ""];
  if (grammar === undefined) return refusal(inner, `wskadmin ${group}`, unknown("subcmd", command, names));
  const words = `${group} ${command}`;
  const parsed = parseArguments(grammar, rest.slice(1));
  if (parsed.kind === "help") return { kind: "answer", text: helpOf(`wskadmin ${words}`, grammar), exit: 0 };
  if (parsed.kind === "error") {
    return refusal(usageOf(`wskadmin ${words}`, grammar), `wskadmin ${words}`, parsed.message);
  }
  return { kind: "command", words, given: parsed.value };
}

function unknown(place: string, given: string | undefined, names: readonly string[]): string {
  if (given === undefined) return `the following arguments are required: ${place}`;
  const choices = names.map((each) => `'${each}'`).join(", ");
  return `argument ${place}: invalid choice: '${given.slice(0, 100)}' (choose from ${choices})`;
}

function refusal(usage: string, words: string, message: string): Asked {
  return { kind: "answer", text: `${usage}\n${words}: error: ${message}\n`, exit: USAGE_EXIT };
}
