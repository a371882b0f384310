// The host's configuration as a function of (arguments, environment). Each flag has a variable; the flag wins.

import { totalmem } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { isLabel, MAX_LABELS } from "../src/protocol/matching.ts";
import { hostOfToken } from "../src/protocol/names.ts";
import { parseNetworks } from "./engine/networks.ts";
import { isRegistry, parsePull, type RegistryOptions } from "./engine/registry/registry-rules.ts";
import { LEVELS, type Level } from "./engine/security-level.ts";
import { type Prewarm, parsePrewarm } from "./pool/prewarm-spec.ts";
import { complaintOf, joined } from "./program/flags.ts";
import type { Level as LogLevel } from "./program/logger.ts";

export interface HostConfig {
  /** Origin of the platform, without a trailing slash. */
  readonly url: string;
  /** Secret. */
  readonly token: string;
  readonly name: string;
  /** Replace another process of this host that is connected. */
  readonly takeOver: boolean;
  readonly state: string;
  readonly engine: "auto" | "docker" | "process";
  /** MB for running activations, over all shards. */
  readonly memory: number;
  /** A host that enforces less does not start. */
  readonly requireLevel: Level;
  /** MB that must be free on the disks of host and engine; 0 = not watched. */
  readonly minDisk: number;
  /** What containers are told as the API's address ("" = as api-host.ts decides), and private networks they may reach. */
  readonly network: { readonly apiHost: string; readonly allow: readonly string[] };
  readonly shards: number;
  /** What actions may ask a host to have. */
  readonly labels: readonly string[];
  readonly prewarm: readonly Prewarm[];
  readonly images: { readonly prefix: string; readonly tag: string; readonly registries: RegistryOptions };
  readonly container: {
    readonly pids: number;
    readonly cpuShares: number;
    readonly disk: number;
    readonly idleTimeout: number;
    readonly pauseGrace: number;
    readonly max: number;
  };
  /** Bounds of what is kept until the store confirms it. */
  readonly outbox: { readonly records: number; readonly bytes: number; readonly fsync: boolean };
  /** Bytes of action code kept on disk. */
  readonly codeCache: number;
  /** ms a SIGTERM waits for what runs, and then for records to be confirmed. */
  readonly drain: number;
  /** "": that of this checkout. */
  readonly build: string;
  readonly logLevel: LogLevel;
  /** Stop everything when the parent goes away (stdin or the IPC channel closes). */
  readonly dieWithParent: boolean;
}

export type ParsedConfig =
  | { kind: "config"; config: HostConfig }
  | { kind: "help" }
  | { kind: "error"; message: string };

type Flag = Exclude<keyof typeof OPTIONS, "help" | "take-over">;

const OPTIONS = {
  url: { type: "string" },
  token: { type: "string" },
  name: { type: "string" },
  "take-over": { type: "boolean" },
  state: { type: "string" },
  engine: { type: "string" },
  memory: { type: "string" },
  "require-level": { type: "string" },
  "min-disk": { type: "string" },
  "api-host": { type: "string" },
  "allow-net": { type: "string" },
  shards: { type: "string" },
  labels: { type: "string" },
  prewarm: { type: "string" },
  "image-prefix": { type: "string" },
  "image-tag": { type: "string" },
  pull: { type: "string" },
  "user-registry": { type: "string" },
  "registry-auth": { type: "string" },
  pids: { type: "string" },
  "cpu-shares": { type: "string" },
  disk: { type: "string" },
  "idle-timeout": { type: "string" },
  "pause-grace": { type: "string" },
  containers: { type: "string" },
  "outbox-records": { type: "string" },
  "outbox-mb": { type: "string" },
  "outbox-fsync": { type: "string" },
  "code-cache-mb": { type: "string" },
  drain: { type: "string" },
  build: { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

export const HELP = `Usage: edgewhisk host --url URL [options]

Runs actions of the platform at URL on this machine. Each option has a variable, e.g. EDGEWHISK_IMAGE_TAG for --image-tag.

  --url URL             origin of the platform, e.g. https://edgewhisk.example.workers.dev
  --token TOKEN         this host's token; better given as EDGEWHISK_TOKEN, which other users cannot see
  --name NAME           only to be checked: the token says who this is
  --take-over           replace another process of this host that is connected
  --state DIR           folder for unconfirmed records and caches          .edgewhisk-host
  --engine NAME         auto, docker or process (isolates nothing)         auto
  --memory MB           for running activations                            half of this machine's
  --require-level NAME  do not start with less: none, containers, confined, strict   none
  --min-disk MB         less free disk, and nothing new is taken           256
  --api-host URL        the API's address for actions (__OW_API_HOST);     the platform's, or the bridge's gateway
                        "gateway": always the forwarder on the bridge      where that is this machine alone
  --allow-net LIST      private networks that containers may reach,        none
                        e.g. 10.1.0.0/16,192.168.7.9
  --shards N            schedulers this host is split over, 1 to 16        1
  --labels LIST         e.g. gpu,zone=eu: actions annotated with invoker-resources go to hosts that have them
  --prewarm LIST        e.g. nodejs:24=2,python:3.13=1@512; "none";        nodejs:default=1
                        nodejs:24=1..8 follows demand; or the text of an OpenWhisk manifest with stemCells
  --image-prefix TEXT   registry and prefix of action images               edgewhisk/action-
  --image-tag TEXT      their tag                             the newest image here of each kind
  --pull RULES          black box images: always, missing, never or auto;  auto
                        per registry: registry.example:5000=missing,*=auto
  --user-registry HOST  where black box images without a registry are      Docker Hub
  --registry-auth FILE  credentials in the form of Docker's config.json; the variable also takes the text itself
  --containers N        most containers at once, idle ones included        900
  --pids N              processes and threads in a container               1024
  --cpu-shares N        CPU shares per 128 MB; 0 = engine's default        0
  --disk MB             a container may use; 0 = not bounded               2048
  --idle-timeout S      a container without work is removed                600
  --pause-grace MS      an idle container is paused                        10000
  --outbox-records N    unconfirmed records kept before the host is busy   100000
  --outbox-mb MB        the same in MB                                     512
  --outbox-fsync 0|1    survive power loss too, at the price of latency    0
  --code-cache-mb MB    action code kept on disk                           2048
  --drain S             wait for running activations at SIGTERM            30
  --log-level LEVEL     debug, info, warn or error                         info
`;

/** Collects the first complaint; later ones are not evaluated for their own sake. */
class Complaint extends Error {}

export function parseHostConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedConfig {
  try {
    const values = parseFlags(argv);
    if (values.help) return { kind: "help" };
    const read = (flag: Flag, fallback: string): string => {
      const given = values[flag] ?? env[`EDGEWHISK_${flag.toUpperCase().replaceAll("-", "_")}`];
      return given === undefined || given === "" ? fallback : given;
    };
    const takeOver = values["take-over"] ?? env.EDGEWHISK_TAKE_OVER === "1";
    return { kind: "config", config: Object.freeze({ ...build(read, env), takeOver }) };
  } catch (error) {
    if (error instanceof Complaint) return { kind: "error", message: error.message };
    throw error;
  }
}

function build(
  read: (flag: Flag, fallback: string) => string,
  env: Readonly<Record<string, string | undefined>>,
): Omit<HostConfig, "takeOver"> {
  const number = (flag: Flag, fallback: number, range: { min: number; max: number }): number => {
    const text = read(flag, String(fallback));
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value < range.min || value > range.max) {
      throw new Complaint(`--${flag} ${text}: expected a number from ${range.min} to ${range.max}.`);
    }
    return value;
  };
  const choice = <T extends string>(flag: Flag, fallback: T, allowed: readonly T[]): T => {
    const text = read(flag, fallback);
    const found = allowed.find((each) => each === text);
    if (found === undefined) throw new Complaint(`--${flag} ${text}: expected one of ${allowed.join(", ")}.`);
    return found;
  };

  const token = read("token", "");
  if (token === "") throw new Complaint("No token: set EDGEWHISK_TOKEN to the one that `edgewhisk bootstrap` printed.");
  if (!/^[\x21-\x7e]{8,512}$/.test(token)) throw new Complaint("The token is not one line of visible characters.");
  const host = hostOfToken(token);
  if (host === null) throw new Complaint("The token is none of a host: it looks like ewh.<name>.<43 characters>.");
  const name = read("name", host);
  if (name !== host) throw new Complaint(`--name ${name.slice(0, 64)}: the token is for ${host}.`);
  const labels = read("labels", "")
    .split(",")
    .filter((label) => label !== "");
  const wrong = labels.length > MAX_LABELS ? labels[MAX_LABELS] : labels.find((label) => !isLabel(label));
  if (wrong !== undefined) {
    throw new Complaint(`--labels ${wrong.slice(0, 100)}: expected at most ${MAX_LABELS} words, e.g. gpu,zone=eu.`);
  }
  const prewarm = parsePrewarm(read("prewarm", "nodejs:default=1"));
  if (prewarm === null) {
    throw new Complaint(
      `--prewarm ${read("prewarm", "").slice(0, 100)}: expected e.g. nodejs:24=2,python:3.13=1..4@512, or none.`,
    );
  }
  const prefix = read("image-prefix", "edgewhisk/action-");
  const tag = read("image-tag", "");
  if (!/^[a-z0-9][\w.:/-]{0,200}$/.test(prefix))
    throw new Complaint(`--image-prefix ${prefix}: not a start of an image name.`);
  if (tag !== "" && !/^\w[\w.-]{0,127}$/.test(tag)) throw new Complaint(`--image-tag ${tag}: not an image tag.`);

  const pull = parsePull(read("pull", "auto"));
  if (pull === null) {
    throw new Complaint(`--pull ${read("pull", "")}: expected e.g. always, or registry.example=missing,*=auto.`);
  }
  const userRegistry = read("user-registry", "");
  if (userRegistry !== "" && !isRegistry(userRegistry)) {
    throw new Complaint(`--user-registry ${userRegistry}: expected a host, with a port if it needs one.`);
  }

  const apiHost = read("api-host", "");
  const allow = parseNetworks(read("allow-net", ""));
  if (allow === null) {
    throw new Complaint(`--allow-net ${read("allow-net", "")}: expected IPv4 networks, e.g. 10.1.0.0/16,192.168.7.9.`);
  }
  const shards = number("shards", 1, { min: 1, max: 16 });
  const memory = number("memory", Math.max(256, Math.floor(totalmem() / 2 / 1024 ** 2)), { min: 128, max: 10_000_000 });
  if (memory / shards < 128) throw new Complaint(`--memory ${memory}: each of ${shards} shards needs at least 128 MB.`);
  const cache = number("code-cache-mb", 2048, { min: 64, max: 1_000_000 });
  const outboxMb = number("outbox-mb", 512, { min: 32, max: 1_000_000 });
  return {
    url: origin(read("url", "")),
    token,
    name,
    state: resolve(read("state", ".edgewhisk-host")),
    engine: choice("engine", "auto", ["auto", "docker", "process"]),
    memory,
    requireLevel: choice("require-level", "none", LEVELS),
    minDisk: number("min-disk", 256, { min: 0, max: 10_000_000 }),
    network: { apiHost: apiHost === "" || apiHost === "gateway" ? apiHost : origin(apiHost, "--api-host"), allow },
    shards,
    labels: [...new Set(labels)],
    prewarm,
    images: { prefix, tag, registries: { pull, userRegistry, credentials: credentialsOf(read("registry-auth", "")) } },
    container: {
      pids: number("pids", 1024, { min: 16, max: 100_000 }),
      cpuShares: number("cpu-shares", 0, { min: 0, max: 100_000 }),
      disk: number("disk", 2048, { min: 0, max: 10_000_000 }),
      idleTimeout: number("idle-timeout", 600, { min: 1, max: 86_400 }) * 1000,
      pauseGrace: number("pause-grace", 10_000, { min: 0, max: 3_600_000 }),
      max: number("containers", 900, { min: 1, max: 10_000 }),
    },
    outbox: {
      records: number("outbox-records", 100_000, { min: 100, max: 10_000_000 }),
      bytes: outboxMb * 1024 ** 2,
      fsync: choice("outbox-fsync", "0", ["0", "1"]) === "1",
    },
    codeCache: cache * 1024 ** 2,
    drain: number("drain", 30, { min: 0, max: 3600 }) * 1000,
    build: read("build", ""),
    logLevel: choice("log-level", "info", ["debug", "info", "warn", "error"]),
    dieWithParent: env.EDGEWHISK_DIE_WITH_PARENT === "1",
  };
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: joined(argv, OPTIONS), options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new Complaint(`${complaintOf(error)}: see --help.`);
  }
}

function credentialsOf(text: string): RegistryOptions["credentials"] {
  if (text === "") return null;
  return text.trimStart().startsWith("{") ? { text } : { file: resolve(text) };
}

function origin(text: string, flag = "--url"): string {
  if (text === "")
    throw new Complaint("No --url: give the platform's origin, e.g. https://edgewhisk.example.workers.dev.");
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new Complaint(`${flag} ${text.slice(0, 200)}: expected http://… or https://….`);
  }
  if (url.username !== "" || url.password !== "" || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new Complaint(`${flag}: expected an origin alone, without user, path or query.`);
  }
  return url.origin;
}
