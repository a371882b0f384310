// One name has one meaning: no two exported types of the product are called the same, and words that were given up for
// the field's do not come back. What others build on says what it is, in a docstring. Read from the syntax trees, once
// for both.

import { basename, extname } from "node:path";
import { describe, expect, it } from "vitest";
import { type Declaration, declarations } from "./support/syntax.ts";

const TYPES: ReadonlySet<string> = new Set(["class", "interface", "type", "enum"]);

/** Names of types, functions, methods and exported things that are not used any more, and what is said instead. `in`:
 * where a plain word would be the wrong name, though it may be the right one elsewhere. */
const GIVEN_UP: { names: string[]; instead: string; in?: RegExp }[] = [
  { names: ["Desk", "FireDesk", "RequestDesk"], instead: "InvocationContext, SchedulerState" },
  { names: ["DockerDesk"], instead: "DockerSetup" },
  { names: ["Crew"], instead: "ContainerManager" },
  { names: ["Book"], instead: "RosterStore, PoolState" },
  { names: ["SandboxBook"], instead: "SandboxPool" },
  { names: ["FamilyBook"], instead: "ProcessRegistry" },
  { names: ["Rounds"], instead: "Reconciler" },
  { names: ["HostWords"], instead: "HostMessageHandler" },
  { names: ["Word"], instead: "HostMessage" },
  { names: ["Puller"], instead: "WorkPuller" },
  { names: ["Losses"], instead: "LivenessMonitor" },
  { names: ["Announcer"], instead: "StatusReporter" },
  { names: ["Turns"], instead: "a semaphore" },
  { names: ["Turn"], instead: "Decision" },
  { names: ["Dispatcher"], instead: "OfferQueue, RunController" },
  { names: ["Outbox"], instead: "RecordBatcher", in: /^durable-objects\// },
  { names: ["Records"], instead: "RecordSender", in: /^runtime-host\// },
  { names: ["Kept"], instead: "StoredRecord" },
  { names: ["Told"], instead: "PendingRecord" },
  { names: ["Ledger"], instead: "ActivationRows, RunStore" },
  { names: ["Shelf", "stow"], instead: "blob offload" },
  { names: ["Frame"], instead: "StackFrame", in: /^(src|durable-objects)\/.*composition/ },
  { names: ["Callable", "callableOf"], instead: "ResolvedAction" },
  { names: ["About", "aboutOf"], instead: "ActivationMeta" },
  { names: ["spent"], instead: "argsBlob" },
  { names: ["insist"], instead: "retry" },
  { names: ["contend"], instead: "retryOnConflict" },
  { names: ["heard"], instead: "withoutLogs", in: /^src\// },
  { names: ["vetted"], instead: "payloadChecked" },
  { names: ["standing"], instead: "stepStatus", in: /^src\/invocation\// },
  { names: ["stepwise"], instead: "invokeComposition" },
  { names: ["serve"], instead: "runBuiltin", in: /^src\/invocation\// },
  { names: ["Mood"], instead: "SchedulerState" },
  { names: ["mark", "Mark"], instead: "OfferTarget" },
  { names: ["doubt"], instead: "recheck" },
  { names: ["judge"], instead: "classify", in: /^(src|durable-objects|runtime-host)\// },
  { names: ["doomed"], instead: "retiring" },
  { names: ["settling"], instead: "drainingLogs" },
  { names: ["pace"], instead: "meanRunMs" },
  { names: ["prospect"], instead: "expectedConcurrency" },
  { names: ["held"], instead: "residentMb", in: /^runtime-host\// },
  { names: ["Sheet"], instead: "JournalFile" },
  { names: ["torn"], instead: "incomplete" },
  { names: ["ripe"], instead: "pendingReport" },
  { names: ["early"], instead: "earlyRecord" },
  { names: ["door"], instead: "allowRule" },
  { names: ["Ground", "ground"], instead: "BridgeNetwork" },
  { names: ["SideDoor"], instead: "BlobApi" },
];

const FILES_GIVEN_UP: { files: RegExp; instead: string }[] = [
  {
    files:
      /(^|\/)(desk|crew|book|rounds|host-words|puller|losses|announcer|turns|dispatcher|ledger|shelf|callable)\.ts$/,
    instead: "the names of the types they held",
  },
  { files: /(^|\/)(insist|contend|sandbox-book|family|side-door|both|sheet)\.ts$/, instead: "as their functions" },
  { files: /^src\/invocation\/serve\.ts$/, instead: "run-builtin.ts" },
];

/** Who reads these builds the other end, or a new store, engine or verb. */
const ROOMS: Record<string, RegExp> = {
  protocol: /^src\/protocol\//,
  catalog: /^src\/catalog\//,
  storage: /^src\/storage\//,
  invocation: /^src\/invocation\//,
  engine: /^runtime-host\/engine\/engine\.ts$/,
  pool: /^runtime-host\/pool\//,
};
/** Share of exported things that must have a docstring. */
const WANTED = 0.9;

const STOP_WORDS = new Set("a an the of for to in on as is it its this that and or with by which".split(" "));

const all = declarations();
const product = all.filter((each) => !each.file.startsWith("test/"));

/** A schema and its type share a name and a docstring. */
const things = [
  ...Map.groupBy(
    all.filter((each) => each.exported && each.top),
    (each) => `${each.file} ${each.name}`,
  ).values(),
].map((same) => same.find((each) => each.doc !== "") ?? same[0]!);

describe("names", () => {
  it("have one definition for each exported type", () => {
    const types = product.filter((each) => each.exported && each.top && TYPES.has(each.kind));
    expect(types.length).toBeGreaterThan(400);
    const shared = [...Map.groupBy(types, (each) => each.name).values()].filter((same) => same.length > 1);
    expect(shared.map((same) => same.map(placeOf))).toEqual([]);
  });

  it("that were given up are given up: types, functions, methods, exported things", () => {
    expect(product.filter(isGivenUp).map((each) => `${placeOf(each)}: ${insteadOf(each)}`)).toEqual([]);
  });

  it("of bounds begin with what they are: MAX_", () => {
    expect(all.filter((each) => /^(MOST|LONGEST|LARGEST)_|_MOST$/.test(each.name)).map(placeOf)).toEqual([]);
  });

  it("of files follow", () => {
    const files = [...new Set(product.map((each) => each.file))];
    expect(files.filter((file) => FILES_GIVEN_UP.some((each) => each.files.test(file)))).toEqual([]);
    expect(
      files.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(basename(file, extname(file)).replace(/\.d$/, ""))),
    ).toEqual([]);
  });

  it("would be found", () => {
    const some: Declaration = {
      file: "src/a.ts",
      line: 1,
      kind: "class",
      name: "Crew",
      exported: false,
      top: true,
      doc: "",
    };
    expect(isGivenUp(some)).toBe(true);
    expect(isGivenUp({ ...some, kind: "method", name: "doubt" })).toBe(true);
    expect(isGivenUp({ ...some, kind: "variable", name: "doubt" })).toBe(false);
    expect(isGivenUp({ ...some, kind: "variable", name: "doubt", exported: true })).toBe(true);
    expect(isGivenUp({ ...some, file: "runtime-host/delivery/outbox.ts", name: "Outbox" })).toBe(false);
  });
});

describe("docstrings", () => {
  it.each(Object.keys(ROOMS))("%s: at least nine of ten exported things have one", (room) => {
    const own = things.filter((each) => ROOMS[room]?.test(each.file));
    const bare = own.filter((each) => each.doc === "").map(placeOf);
    expect(own.length).toBeGreaterThan(5);
    expect(bare.length / own.length, bare.join("\n")).toBeLessThanOrEqual(1 - WANTED);
  });

  it("tell more than the name does", () => {
    const echoes = things.filter((each) => each.doc !== "" && repeats(each)).map(placeOf);
    expect(echoes).toEqual([]);
  });

  it("which is measured by words", () => {
    const thing = { ...things[0]!, name: "openRecordTable" };
    expect(repeats({ ...thing, doc: "Opens the record table." })).toBe(true);
    expect(repeats({ ...thing, doc: "The record table with this number; throws if there is none." })).toBe(false);
  });
});

function isGivenUp(each: Declaration): boolean {
  return insteadOf(each) !== undefined;
}

/** What is said instead of its name. Variables inside of functions may be called as their line needs it. */
function insteadOf({ file, kind, name, exported }: Declaration): string | undefined {
  if (kind === "variable" && !exported) return undefined;
  return GIVEN_UP.find((each) => each.names.includes(name) && (each.in?.test(file) ?? true))?.instead;
}

function placeOf({ file, line, kind, name }: Declaration): string {
  return `${file}:${line} ${kind} ${name}`;
}

function repeats({ name, doc }: Declaration): boolean {
  const known = new Set(wordsOf(name.replace(/([a-z0-9])([A-Z])/g, "$1 $2")));
  return wordsOf(doc).every((word) => STOP_WORDS.has(word) || known.has(word));
}

/** In lower case, without the endings that grammar asks for. */
function wordsOf(text: string): string[] {
  return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map((word) => word.replace(/(?<=..)(s|ed|ing)$/, ""));
}
