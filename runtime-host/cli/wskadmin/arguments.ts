// Arguments as OpenWhisk's wskadmin takes them: long options that may be cut short, short ones that may stand together
// or have their value attached, "-ns" of two letters, and options of several values. Pure.

export interface Flag {
  /** Without hyphens, as the values are called. */
  readonly name: string;
  /** As they are written: "-ns", "--namespace". */
  readonly spellings: readonly string[];
  readonly takes: "nothing" | "one" | "several";
  readonly placeholder?: string;
  readonly summary: string;
  /** Why a value makes no sense, or null. */
  fault?(text: string): string | null;
}

export interface WordPlace {
  readonly name: string;
  readonly several?: boolean;
  readonly optional?: boolean;
  readonly summary: string;
}

export interface Grammar {
  readonly flags: readonly Flag[];
  readonly places: readonly WordPlace[];
}

export interface GivenWords {
  readonly on: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly placed: readonly string[];
}

export type ParsedWords =
  | { kind: "arguments"; value: GivenWords }
  | { kind: "help" }
  | { kind: "error"; message: string };

const HELP: Flag = { name: "help", spellings: ["-h", "--help"], takes: "nothing", summary: "this text" };
const NUMBER = /^-\d+(\.\d*)?$/;

type Match = { flag: Flag; attached: string | null; more: string };

export function parseArguments(grammar: Grammar, argv: readonly string[]): ParsedWords {
  const flags = [HELP, ...grammar.flags];
  const on = new Set<string>();
  const values = new Map<string, string[]>();
  const placed: string[] = [];
  const queue = [...argv];
  while (queue.length > 0) {
    const token = queue.shift() ?? "";
    if (token === "--") {
      placed.push(...queue.splice(0));
      break;
    }
    if (!isOption(token)) {
      placed.push(token);
      continue;
    }
    const match = matchOf(flags, token);
    if (typeof match === "string") return { kind: "error", message: match };
    const { flag, attached, more } = match;
    if (flag === HELP) return { kind: "help" };
    const label = `argument ${flag.spellings.join("/")}`;
    if (flag.takes === "nothing") {
      if (attached !== null) return { kind: "error", message: `${label}: ignored explicit argument '${attached}'` };
      on.add(flag.name);
      if (more !== "") queue.unshift(`-${more}`);
      continue;
    }
    const given = attached === null ? [] : [attached];
    const most = flag.takes === "one" ? 1 : Number.POSITIVE_INFINITY;
    while (attached === null && given.length < most && queue.length > 0 && !isOption(queue[0] ?? "")) {
      given.push(queue.shift() ?? "");
    }
    if (given.length === 0) {
      return { kind: "error", message: `${label}: expected ${flag.takes === "one" ? "one" : "at least one"} argument` };
    }
    const fault = given.map((text) => flag.fault?.(text) ?? null).find((each) => each !== null);
    if (fault !== undefined) return { kind: "error", message: `${label}: ${fault}` };
    values.set(flag.name, given);
  }
  const missing = grammar.places.slice(placed.length).filter(({ optional }) => optional !== true);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    return { kind: "error", message: `the following arguments are required: ${names}` };
  }
  const room = grammar.places.some(({ several }) => several) ? Number.POSITIVE_INFINITY : grammar.places.length;
  if (placed.length > room) {
    return { kind: "error", message: `unrecognized arguments: ${placed.slice(room).join(" ")}` };
  }
  return { kind: "arguments", value: { on, values, placed } };
}

/** One line of how it is called. `words`: "wskadmin user create". */
export function usageOf(words: string, { flags, places }: Grammar): string {
  const options = flags.map(({ spellings, takes, placeholder = "VALUE" }) => {
    const value = takes === "nothing" ? "" : ` ${placeholder}${takes === "several" ? " ..." : ""}`;
    return `[${spellings[0]}${value}]`;
  });
  const names = places.map(({ name, several, optional }) => {
    const text = several === true ? `${name} [${name} ...]` : name;
    return optional === true ? `[${text}]` : text;
  });
  return ["usage:", words, "[-h]", ...options, ...names].join(" ");
}

export function helpOf(words: string, grammar: Grammar): string {
  const rows = [
    ...grammar.places.map(({ name, summary }) => [name, summary]),
    ...[HELP, ...grammar.flags].map(({ spellings, takes, placeholder = "VALUE", summary }) => [
      spellings.map((each) => (takes === "nothing" ? each : `${each} ${placeholder}`)).join(", "),
      summary,
    ]),
  ];
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  const lines = rows.map(([name = "", summary = ""]) => `  ${name.padEnd(width)}  ${summary}`);
  return `${[usageOf(words, grammar), "", ...lines].join("\n")}\n`;
}

function isOption(token: string): boolean {
  return token.length > 1 && token.startsWith("-") && !NUMBER.test(token) && !/^[^=]* /.test(token);
}

/** Or why it is none of them. */
function matchOf(flags: readonly Flag[], token: string): Match | string {
  const at = token.indexOf("=");
  const [word, attached] = at < 0 ? [token, null] : [token.slice(0, at), token.slice(at + 1)];
  const exact = flags.find(({ spellings }) => spellings.includes(word));
  if (exact !== undefined) return { flag: exact, attached, more: "" };
  if (word.startsWith("--")) {
    const near = flags.filter(({ spellings }) => spellings.some((each) => each.startsWith(word)));
    const [only] = near;
    if (near.length === 1 && only !== undefined) return { flag: only, attached, more: "" };
    if (near.length === 0) return `unrecognized arguments: ${token}`;
    const names = near.flatMap(({ spellings }) => spellings.filter((each) => each.startsWith(word))).join(", ");
    return `ambiguous option: ${word} could match ${names}`;
  }
  const letter = flags.find(({ spellings }) => spellings.includes(token.slice(0, 2)));
  if (letter === undefined) return `unrecognized arguments: ${token}`;
  const rest = token.slice(2);
  return letter.takes === "nothing"
    ? { flag: letter, attached: null, more: rest }
    : { flag: letter, attached: rest, more: "" };
}
