// Arguments as OpenWhisk's wskadmin takes them: each spelling, what is cut short, what stands together, and what is
// refused in which words.

import { describe, expect, it } from "vitest";
import {
  type Flag,
  type Grammar,
  helpOf,
  parseArguments,
  usageOf,
} from "../../../../runtime-host/cli/wskadmin/arguments.ts";

const FLAGS: readonly Flag[] = [
  { name: "auth", spellings: ["-u", "--auth"], takes: "one", placeholder: "AUTH", summary: "the key" },
  { name: "namespace", spellings: ["-ns", "--namespace"], takes: "one", summary: "the namespace" },
  { name: "force", spellings: ["-f", "--force"], takes: "nothing", summary: "whatever is there" },
  { name: "silent", spellings: ["-s", "--silent"], takes: "nothing", summary: "no word" },
  { name: "kinds", spellings: ["--allowedKinds"], takes: "several", placeholder: "KIND", summary: "the kinds" },
  {
    ...{ name: "pick", spellings: ["-p", "--pick"], takes: "one", summary: "how many" },
    fault: (text) => (/^-?\d+$/.test(text) ? null : `invalid int value: '${text}'`),
  },
];
const ONE: Grammar = { flags: FLAGS, places: [{ name: "subject", summary: "who" }] };
const MANY: Grammar = { flags: FLAGS, places: [{ name: "subject", several: true, summary: "who" }] };
const NONE: Grammar = { flags: FLAGS, places: [{ name: "subject", optional: true, summary: "who" }] };

/** Flags that are on, values by name, and words in their places. */
function given(words: string, grammar = ONE): unknown {
  const parsed = parseArguments(grammar, words === "" ? [] : words.split(" "));
  if (parsed.kind !== "arguments") return parsed.kind === "help" ? "help" : parsed.message;
  const { on, values, placed } = parsed.value;
  return { on: [...on], values: Object.fromEntries(values), placed };
}

const took = (values: Record<string, string[]>, { on = [] as string[], placed = ["me"] } = {}) => ({
  on,
  values,
  placed,
});

describe("an option of one value", () => {
  it.each([
    ["me -u key", { auth: ["key"] }],
    ["-u key me", { auth: ["key"] }],
    ["me -ukey", { auth: ["key"] }],
    ["me --auth key", { auth: ["key"] }],
    ["me --auth=key", { auth: ["key"] }],
    ["me --auth=", { auth: [""] }],
    ["me -u=key", { auth: ["key"] }],
    ["me --au key", { auth: ["key"] }],
    ["me --n=ns", { namespace: ["ns"] }],
    ["me -ns ns", { namespace: ["ns"] }],
    ["me -ns=ns", { namespace: ["ns"] }],
    ["me --auth=a=b", { auth: ["a=b"] }],
    ["me -u one -u two", { auth: ["two"] }],
    ["me -p -5", { pick: ["-5"] }],
  ])("is taken: %s", (words, values) => expect(given(words)).toEqual(took(values)));

  it.each([
    ["me -u", "argument -u/--auth: expected one argument"],
    ["me -u -f", "argument -u/--auth: expected one argument"],
    ["-u me", "the following arguments are required: subject"],
    ["me -p x", "argument -p/--pick: invalid int value: 'x'"],
    ["me --pick=x", "argument -p/--pick: invalid int value: 'x'"],
  ])("is refused: %s", (words, message) => expect(given(words)).toBe(message));
});

describe("an option without a value", () => {
  it("is on however often it is said, and may stand with others behind one hyphen", () => {
    expect(given("me -f --force")).toEqual(took({}, { on: ["force"] }));
    expect(given("me -fs")).toEqual(took({}, { on: ["force", "silent"] }));
    expect(given("me -fsukey")).toEqual(took({ auth: ["key"] }, { on: ["force", "silent"] }));
    expect(given("me -fu key")).toEqual(took({ auth: ["key"] }, { on: ["force"] }));
  });

  it("takes none", () => {
    expect(given("me --force=yes")).toBe("argument -f/--force: ignored explicit argument 'yes'");
    expect(given("me -fx")).toBe("unrecognized arguments: -x");
  });
});

describe("an option of several values", () => {
  it("takes all words up to the next option, or the one that is attached", () => {
    expect(given("me --allowedKinds a b -f")).toEqual(took({ kinds: ["a", "b"] }, { on: ["force"] }));
    expect(given("me --allowedKinds=a")).toEqual(took({ kinds: ["a"] }));
    expect(given("--allowedKinds=a me")).toEqual(took({ kinds: ["a"] }));
    expect(given("--allowedKinds a me")).toBe("the following arguments are required: subject");
    expect(given("--allowedKinds a -- me")).toEqual(took({ kinds: ["a"] }));
  });

  it("wants one at least", () => {
    expect(given("me --allowedKinds")).toBe("argument --allowedKinds: expected at least one argument");
  });
});

describe("a long option that is cut short", () => {
  it("must be one option alone; an exact one is", () => {
    const like: Flag = { name: "forced", spellings: ["--forced"], takes: "nothing", summary: "" };
    const grammar = { ...ONE, flags: [...FLAGS, like] };
    expect(given("me --for", grammar)).toBe("ambiguous option: --for could match --force, --forced");
    expect(given("me --force", grammar)).toEqual(took({}, { on: ["force"] }));
    expect(given("me --nonsense=1")).toBe("unrecognized arguments: --nonsense=1");
  });

  it("may be that for help, whatever else is wrong behind it", () => {
    for (const words of ["-h", "--help", "--he", "me -h -u", "-fh"])
      expect([words, given(words)]).toEqual([words, "help"]);
    expect(given("-u -h")).not.toBe("help");
  });
});

describe("words in their places", () => {
  it("are as many as there are places", () => {
    expect(given("a b c")).toBe("unrecognized arguments: b c");
    expect(given("a b c", MANY)).toEqual(took({}, { placed: ["a", "b", "c"] }));
    expect(given("")).toBe("the following arguments are required: subject");
    expect(given("", MANY)).toBe("the following arguments are required: subject");
    expect(given("", NONE)).toEqual(took({}, { placed: [] }));
  });

  it("may look like options behind --, be numbers, a hyphen, or hold blanks", () => {
    expect(given("-- -f")).toEqual(took({}, { placed: ["-f"] }));
    expect(given("-f -- --", NONE)).toEqual(took({}, { on: ["force"], placed: ["--"] }));
    for (const word of ["-5", "-1.5", "-"]) expect(given(word)).toEqual(took({}, { placed: [word] }));
    expect(parseArguments(ONE, ["-f x"])).toMatchObject({ kind: "arguments", value: { placed: ["-f x"] } });
  });

  it("that are missing are all named", () => {
    const places = [...ONE.places, { name: "namespace", summary: "" }];
    expect(given("", { flags: [], places })).toBe("the following arguments are required: subject, namespace");
    expect(given("me", { flags: [], places })).toBe("the following arguments are required: namespace");
  });
});

describe("the help", () => {
  it("names all in one line, and each with its summary below", () => {
    expect(usageOf("wskadmin user create", ONE)).toBe(
      "usage: wskadmin user create [-h] [-u AUTH] [-ns VALUE] [-f] [-s] [--allowedKinds KIND ...] [-p VALUE] subject",
    );
    expect(usageOf("w", { flags: [], places: [...MANY.places, ...NONE.places] })).toBe(
      "usage: w [-h] subject [subject ...] [subject]",
    );
    expect(helpOf("w", { flags: FLAGS.slice(0, 1), places: ONE.places })).toBe(
      "usage: w [-h] [-u AUTH] subject\n\n  subject               who\n  -h, --help            this text\n  -u AUTH, --auth AUTH  the key\n",
    );
  });
});
