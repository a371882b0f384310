// The house rules that a tool can hold: who may import whom, no cycles, file sizes, folder READMEs, no `any`.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { samePathShare } from "./support/same-path.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const SOURCES = ["src", "durable-objects", "runtime-host"];

interface Import {
  from: string;
  /** Path from the root for our own files, else the package's name. */
  to: string;
  typeOnly: boolean;
}

/** A room: files whose path matches `files`; `may`: what they may import by value or type; `types`: by type only.
 * First match counts. */
interface Room {
  files: RegExp;
  may: RegExp[];
  types?: RegExp[];
}

const ZOD = /^zod$/;
const ENTITIES = /^src\/entities\//;
const ERRORS = /^src\/errors\.ts$/;
const LOG = /^src\/log\.ts$/;
const PROTOCOL = /^src\/protocol\//;
const CATALOG = /^src\/catalog\//;
const RECORDS = /^src\/records\//;
const EVENTS = /^src\/events\//;
const SERVICES = /^src\/services\//;
const CONSOLE = /^src\/console\//;
const NODE = /^node:/;
const OUTBOUND = /^src\/outbound\//;
const SCHEDULES = /^src\/schedules\//;
const METRICS = /^src\/metrics\//;
const STORAGE_INTERFACE = /^src\/storage\/[a-z-]+\.ts$/;

const ROOMS: Room[] = [
  { files: /^src\/errors\.ts$/, may: [] },
  { files: LOG, may: [ENTITIES, /^node:async_hooks$/] },
  { files: /^src\/entities\//, may: [ENTITIES, ERRORS, ZOD] },
  { files: /^src\/protocol\//, may: [PROTOCOL, ENTITIES, ERRORS, ZOD] },
  {
    files: /^src\/storage\/open\.ts$/,
    may: [/^src\/storage\//, ENTITIES],
    types: [/^src\/env\.ts$/],
  },
  { files: /^src\/storage\/records\//, may: [/^src\/storage\/(records\/|[a-z0-9-]+\.ts$)/, ENTITIES, ERRORS, LOG] },
  { files: /^src\/storage\/(d1|r2)\//, may: [/^src\/storage\//, ENTITIES, ERRORS, LOG] },
  { files: /^src\/storage\/machine\.ts$/, may: [ENTITIES, LOG] },
  { files: /^src\/storage\//, may: [], types: [ENTITIES, STORAGE_INTERFACE] },
  {
    files: /^src\/catalog\//,
    may: [CATALOG, ENTITIES, ERRORS, LOG, /^src\/protocol\/matching\.ts$/],
    types: [STORAGE_INTERFACE, PROTOCOL],
  },
  {
    files: /^src\/invocation\//,
    may: [/^src\/invocation\//, CATALOG, ENTITIES, ERRORS, LOG, /^src\/protocol\/matching\.ts$/],
    types: [STORAGE_INTERFACE, PROTOCOL],
  },
  { files: SCHEDULES, may: [SCHEDULES, /^src\/protocol\/schedule\.ts$/, ENTITIES, ERRORS, /^croner$/] },
  { files: METRICS, may: [METRICS, ENTITIES, ERRORS], types: [PROTOCOL] },
  { files: EVENTS, may: [EVENTS, ENTITIES, ERRORS, ZOD] },
  {
    files: /^src\/system\//,
    may: [/^src\/system\//, EVENTS, /^src\/catalog\//, SCHEDULES, OUTBOUND, ENTITIES, ERRORS],
    types: [/^src\/invocation\/builtin\.ts$/, /^src\/protocol\/(sinks|sources)\.ts$/, STORAGE_INTERFACE],
  },
  { files: OUTBOUND, may: [OUTBOUND, ERRORS] },
  { files: RECORDS, may: [RECORDS, ENTITIES, ERRORS], types: [STORAGE_INTERFACE, PROTOCOL] },
  { files: /^src\/env-schemas\.ts$/, may: [ENTITIES, ZOD] },
  { files: /^src\/env\.ts$/, may: [/^src\/env-schemas\.ts$/, ENTITIES, ZOD], types: [PROTOCOL, STORAGE_INTERFACE] },
  {
    files: SERVICES,
    may: [
      SERVICES,
      /^src\/storage\/open\.ts$/,
      /^src\/system\//,
      /^src\/protocol\/(metrics|names|proofs|sinks|sources)\.ts$/,
      /^src\/invocation\//,
      RECORDS,
      SCHEDULES,
      METRICS,
      OUTBOUND,
      ENTITIES,
      ERRORS,
      LOG,
      /^src\/env(-schemas)?\.ts$/,
      /^cloudflare:/,
    ],
    types: [PROTOCOL, STORAGE_INTERFACE],
  },
  {
    files: /^src\/(http\/|gateway\/|internal\.ts$)/,
    may: [
      /^src\/(http|gateway)\//,
      /^src\/invocation\//,
      OUTBOUND,
      RECORDS,
      CATALOG,
      EVENTS,
      METRICS,
      ENTITIES,
      ERRORS,
      LOG,
      /^src\/protocol\/subscriptions\.ts$/,
      /^hono(\/|$)/,
      ZOD,
      /^cloudflare:/,
    ],
    types: [SERVICES, /^src\/env\.ts$/, PROTOCOL, STORAGE_INTERFACE],
  },
  { files: /^src\/console\/server\//, may: [CONSOLE] },
  // In the browser.
  {
    files: CONSOLE,
    may: [CONSOLE, /^(preact|@preact\/signals|uplot|codemirror)(\/|$)/, /^@(codemirror|lezer)\//],
    types: [ENTITIES],
  },
  { files: /^src\/index\.ts$/, may: [/^src\//, /^durable-objects\//, /^console:assets$/] },
  {
    files: /^durable-objects\//,
    may: [
      /^durable-objects\//,
      PROTOCOL,
      ENTITIES,
      EVENTS,
      SCHEDULES,
      METRICS,
      OUTBOUND,
      LOG,
      /^src\/storage\/open\.ts$/,
      /^src\/env(-schemas)?\.ts$/,
      /^cloudflare:/,
      ZOD,
    ],
    types: [STORAGE_INTERFACE],
  },
  { files: /^runtime-host\/metrics\//, may: [/^runtime-host\//, PROTOCOL, ENTITIES, NODE, /^prom-client$/] },
  {
    files: /^runtime-host\/engine\/docker\//,
    may: [/^runtime-host\//, PROTOCOL, ENTITIES, NODE, /^(dockerode|p-limit)$/],
  },
  {
    files: /^runtime-host\/connectors\//,
    may: [
      /^runtime-host\/(connectors|program)\//,
      PROTOCOL,
      ENTITIES,
      NODE,
      /^(undici|mqtt-packet)$/,
      /^@nats-io\/(transport-node|jetstream)(\/|$)/,
    ],
  },
  { files: /^runtime-host\/runtimes\//, may: [/^runtime-host\//, NODE, /^dockerode$/, /^tar-stream$/] },
  {
    files: /^runtime-host\/standalone/,
    may: [
      /^runtime-host\//,
      /^src\/console\/build\.mjs$/,
      PROTOCOL,
      ENTITIES,
      NODE,
      /^(wrangler|miniflare|esbuild|undici|zod|p-retry)$/,
    ],
  },
  {
    files: /^runtime-host\/(program|cli)\//,
    may: [/^runtime-host\//, PROTOCOL, ENTITIES, NODE, /^(commander|zod)$/],
  },
  { files: /^runtime-host\//, may: [/^runtime-host\//, PROTOCOL, ENTITIES, NODE, /^(undici|ws|zod|p-limit|p-retry)$/] },
];

/** A line that is a comment, or ends with one. */
const COMMENTED = /^\s*(\/\/|\/\*|\*|#|--)|[;,{}()] \/\/ /;

/** Files that stand for themselves in the graph of folders: they put together what lies below,
 * or all below may use them. */
const OWN_ROOM = /^src\/[a-z-]+\.ts$|^src\/http\/app\.ts$|^src\/storage\/open\.ts$/;

/** Of the files with logic, how many have a test at their path. */
const TESTED_SHARE = 0.6;

const files = SOURCES.flatMap((folder) => list(folder)).filter((file) => /\.tsx?$/.test(file));
const imports = files.flatMap(importsOf);

describe("architecture", () => {
  it("lets each room import only what its door says", () => {
    const offences = imports.filter((each) => !allowed(each)).map((each) => `${each.from} -> ${each.to}`);
    expect(offences).toEqual([]);
  });

  it("has no import cycles, types included", () => {
    const graph = Map.groupBy(imports, (each) => each.from);
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, trail: string[]) => {
      if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
      if (done.has(file) || trail.includes(file)) return;
      for (const each of graph.get(file) ?? []) visit(each.to, [...trail, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it("has no two folders that import each other, types included", () => {
    const ways = new Map<string, string>();
    for (const { from, to } of imports) {
      if (files.includes(to)) ways.set(`${folderOf(from)} -> ${folderOf(to)}`, `${from} -> ${to}`);
    }
    const pairs = [...ways].flatMap(([way, example]) => {
      const [from = "", to = ""] = way.split(" -> ");
      const back = ways.get(`${to} -> ${from}`);
      return from < to && back !== undefined ? [`${example}, and ${back}`] : [];
    });
    expect(pairs).toEqual([]);
  });

  it("keeps every file under 400 lines and every Durable Object class under 200", () => {
    const tooLong = files.filter((file) => {
      const text = read(file);
      return text.split("\n").length > (/extends (Durable|Erasable)Object\b/.test(text) ? 200 : 400);
    });
    expect(tooLong).toEqual([]);
  });

  it("keeps routes short, and HTTP out of the rules of entities", () => {
    const routes = files.filter((file) => file.startsWith("src/http/routes/"));
    expect(routes.length).toBeGreaterThan(10);
    expect(routes.filter((file) => read(file).trimEnd().split("\n").length > 60)).toEqual([]);
    const rules = files.filter((file) => CATALOG.test(file));
    expect(rules.length).toBeGreaterThan(10);
    expect(imports.filter(({ from, to }) => CATALOG.test(from) && /^hono(\/|$)|^src\/http\//.test(to))).toEqual([]);
    expect(
      rules.filter((file) => /\b(new (Response|Headers)|Response\.json|: Response|AppContext)\b/.test(read(file))),
    ).toEqual([]);
  });

  it("writes to the log in one way: src/log.ts of Worker and objects, its logger of the host", () => {
    // What runs in a browser, in an action, or as an action.
    const elsewhere = /^src\/(log\.ts$|console\/|system\/)|^runtime-host\/(contract\/actions\.ts$|runtimes\/)/;
    const raw = files.filter(
      (file) => !elsewhere.test(file) && /\bconsole\.(log|debug|info|warn|error)\b/.test(read(file)),
    );
    expect(raw).toEqual([]);
  });

  it("lets only the catalog say what a caller may write", () => {
    const said = files.filter((file) => /\bas (OwnKey|OwnPath|PackageKey|WritePlace\["key"\])/.test(read(file)));
    expect(said).toEqual(["src/catalog/action-place.ts", "src/catalog/own.ts", "src/catalog/packages.ts"]);
  });

  it("names only d1 and r2 through storage/open.ts and dockerode in the engine room", () => {
    const offences = imports.filter(
      (each) =>
        /^src\/storage\/(d1|r2|records)\//.test(each.to) &&
        !/^src\/storage\/(open\.ts$|d1\/|r2\/|records\/)/.test(each.from),
    );
    expect(offences).toEqual([]);
  });

  it("imports zod as a namespace, of which a bundle has only what is used", () => {
    const named = files.filter((file) => /^import \{[^}]*\} from "zod";$/m.test(read(file)));
    expect(named).toEqual([]);
  });

  it("has no comment with a line of more than 120 characters", () => {
    const commented = ["src", "durable-objects", "runtime-host", "test", ".ci"]
      .flatMap((folder) => list(folder))
      .filter((file) => /(\.(tsx?|m?js|css|py|c|sql|toml)|Dockerfile|\.ci\/run)$/.test(file));
    expect(commented.length).toBeGreaterThan(1_000);
    const long = [...commented, "wrangler.toml"].flatMap((file) =>
      read(file)
        .split("\n")
        .flatMap((line, at) => (line.length > 120 && COMMENTED.test(line) ? [`${file}:${at + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });

  it("opens every file with a plate", () => {
    expect(files.filter((file) => !read(file).startsWith("//"))).toEqual([]);
  });

  it("has a test at the same path for most files with logic", () => {
    const { files: logic, tested, untested } = samePathShare();
    expect(logic).toBeGreaterThan(300);
    const lacking = `${tested} of ${logic} files with logic have a test at their path. Among those without one:`;
    expect(tested / logic, [lacking, ...untested.slice(0, 20)].join("\n")).toBeGreaterThanOrEqual(TESTED_SHARE);
  });

  it("names tests in SPECIFICATION.md that are there", () => {
    const named = [...read("SPECIFICATION.md").matchAll(/`((?:[\w-]+\/)+[\w.-]+\.test\.ts)`/g)].map(
      (match) => match[1] ?? "",
    );
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((each) => !existsSync(join(ROOT, "test", each)))).toEqual([]);
  });

  it("has a README in every room with code", () => {
    const rooms = new Set(
      files
        .map((file) => (file.startsWith("runtime-host/") ? dirname(file) : file.split("/").slice(0, 2).join("/")))
        .filter((room) => !room.endsWith(".ts")),
    );
    const bare = [...SOURCES, ...rooms].filter((room) => {
      const names = readdirSync(join(ROOT, room));
      return !names.includes("README.md") && !names.includes("PROTOCOL.md");
    });
    expect(bare).toEqual([]);
  });
});

function allowed({ from, to, typeOnly }: Import): boolean {
  const room = ROOMS.find((each) => each.files.test(from));
  if (room === undefined) return false;
  return room.may.some((each) => each.test(to)) || (typeOnly && (room.types ?? []).some((each) => each.test(to)));
}

function importsOf(file: string): Import[] {
  const text = read(file);
  const found: Import[] = [];
  const pattern =
    /^(?:import|export)\s+(type\s+)?([^;"']*?from\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/gm;
  for (const match of text.matchAll(pattern)) {
    const name = match[3] ?? match[4] ?? "";
    const names = match[2] ?? "";
    const inlineTypes = /^\{[^}]*\}\s*from/.test(names) && namesIn(names).every((each) => each.startsWith("type "));
    const to = name.startsWith(".") ? normalize(join(dirname(file), name)) : name;
    found.push({ from: file, to, typeOnly: match[1] !== undefined || inlineTypes });
  }
  return found;
}

/** A folder below a room is a folder of its own. */
function folderOf(file: string): string {
  return OWN_ROOM.test(file) ? file : dirname(file);
}

function namesIn(clause: string): string[] {
  return clause
    .slice(clause.indexOf("{") + 1, clause.indexOf("}"))
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

function list(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = join(folder, name);
    return statSync(join(ROOT, path)).isDirectory() ? list(path) : [relative(ROOT, join(ROOT, path))];
  });
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}
