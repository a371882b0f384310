// The host's configuration as a function of (arguments, environment). Each flag has a variable; the flag wins.

import { BlockList, isIP } from "node:net";
import { totalmem } from "node:os";
import { resolve } from "node:path";
import * as z from "zod";
import { isLabel, MAX_LABELS } from "../src/protocol/matching.ts";
import { hostOfToken } from "../src/protocol/names.ts";
import { type AllowList, parseAllowList } from "./connectors/addresses.ts";
import { parseNetworks } from "./engine/networks.ts";
import { isRegistry, parsePull, type RegistryOptions } from "./engine/registry/registry-rules.ts";
import { LEVELS, type Level } from "./engine/security-level.ts";
import type { MetricsAddress } from "./metrics/server.ts";
import { type Prewarm, parsePrewarm } from "./pool/prewarm-spec.ts";
import { type Environment, parseCommandLine, type Shape } from "./program/command-line.ts";
import type { LogLevel } from "./program/logger.ts";
import {
  checkedText,
  choice,
  number,
  readable,
  text,
  toggle,
  type ValuesOf,
  withVariables,
} from "./program/options.ts";

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
  /** What containers are told as the API's address ("" = as api-host.ts decides),
   * and private networks they may reach. */
  readonly network: { readonly apiHost: string; readonly allow: readonly string[] };
  /** Private networks in which brokers may be dialled; null: no subscriptions are asked for. */
  readonly connectors: { readonly allowed: AllowList } | null;
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
  /** Where its metrics are told; null: nowhere. */
  readonly metrics: MetricsAddress | null;
  /** Stop everything when the parent goes away (stdin or the IPC channel closes). */
  readonly dieWithParent: boolean;
}

export type ParsedConfig =
  | { kind: "config"; config: HostConfig }
  | { kind: "help"; text: string }
  | { kind: "error"; message: string };

const HALF = "half of this machine's";

const ORIGIN_ALONE = "an origin alone, without user, path or query: http://… or https://…";
const origin = readable(originAlone, ORIGIN_ALONE);
const IMAGE_PREFIX = z.string().regex(/^[a-z0-9][\w.:/-]{0,200}$/, "the start of an image name");
const IMAGE_TAG = z.string().regex(/^\w[\w.-]{0,127}$/, "an image tag");
const PREWARM = "e.g. nodejs:24=2,python:3.13=1..4@512, or none";
const PULL = "e.g. always, or registry.example=missing,*=auto";

const CONFIGURED = withVariables("EDGEWHISK_", {
  url: checkedText(origin, "URL", "origin of the platform, e.g. https://edgewhisk.example.workers.dev"),
  token: text("TOKEN", "this host's token; better as the variable, which other users cannot see", { secret: true }),
  name: text("NAME", "only to be checked: the token says who this is"),
  "take-over": toggle("replace another process of this host that is connected"),
  state: text("DIR", "folder for unconfirmed records and caches", { default: ".edgewhisk-host" }),
  engine: choice(["auto", "docker", "process"], "auto, docker or process (which isolates nothing)", {
    default: "auto",
  }),
  memory: number("for running activations", { min: 128, max: 10_000_000 }, { unit: "MB", defaultText: HALF }),
  "require-level": choice(LEVELS, `do not start with less: ${LEVELS.join(", ")}`, { default: "none" }),
  "min-disk": number(
    "less free disk, and nothing new is taken; 0 = not watched",
    { min: 0, max: 10_000_000 },
    { unit: "MB", default: 256 },
  ),
  "api-host": checkedText(
    readable((given) => (given === "gateway" ? given : originAlone(given)), ORIGIN_ALONE),
    "URL",
    'the API\'s address for actions (__OW_API_HOST); "gateway": always the forwarder on the bridge',
    { default: "", defaultText: "the platform's, or the bridge's gateway where that is this machine alone" },
  ),
  "allow-net": checkedText(
    readable(parseNetworks, "IPv4 networks, e.g. 10.1.0.0/16,192.168.7.9"),
    "LIST",
    "private networks that containers may reach, e.g. 10.1.0.0/16,192.168.7.9",
    { default: [], defaultText: "none" },
  ),
  connectors: choice(["on", "off"], "on: subscriptions to message brokers are run here", { default: "on" }),
  "broker-net": checkedText(
    readable(parseAllowList, "networks or addresses, e.g. 10.1.0.0/16,fd00::/8"),
    "LIST",
    "private networks where brokers may be, e.g. 10.1.0.0/16",
    { default: new BlockList(), defaultText: "none" },
  ),
  shards: number("schedulers this host is split over", { min: 1, max: 16 }, { default: 1 }),
  labels: text("LIST", "e.g. gpu,zone=eu: actions annotated with invoker-resources go to hosts that have them"),
  prewarm: checkedText(
    readable(parsePrewarm, PREWARM),
    "LIST",
    "containers started ahead, e.g. nodejs:24=2,python:3.13=1@512; none; nodejs:24=1..8 follows demand; or the text of an " +
      "OpenWhisk manifest with stemCells",
    { default: parsePrewarm("nodejs:default=1") ?? [], defaultText: "nodejs:default=1" },
  ),
  "image-prefix": checkedText(IMAGE_PREFIX, "TEXT", "registry and prefix of action images", {
    default: "edgewhisk/action-",
  }),
  "image-tag": checkedText(IMAGE_TAG, "TEXT", "their tag", {
    default: "",
    defaultText: "the newest image here of each kind",
  }),
  pull: checkedText(
    readable(parsePull, PULL),
    "RULES",
    "black box images: always, missing, never or auto; per registry: registry.example:5000=missing,*=auto",
    { default: parsePull("auto") ?? new Map(), defaultText: "auto" },
  ),
  "user-registry": checkedText(
    z.string().refine(isRegistry, "a host, with a port if it needs one"),
    "HOST",
    "where black box images without a registry are",
    { default: "", defaultText: "Docker Hub" },
  ),
  "registry-auth": text(
    "FILE",
    "credentials in the form of Docker's config.json; the variable also takes the text itself",
    { secret: true },
  ),
  containers: number("most containers at once, idle ones included", { min: 1, max: 10_000 }, { default: 900 }),
  pids: number("processes and threads in a container", { min: 16, max: 100_000 }, { default: 1024 }),
  "cpu-shares": number("CPU shares per 128 MB; 0 = engine's default", { min: 0, max: 100_000 }, { default: 0 }),
  disk: number("a container may use; 0 = not bounded", { min: 0, max: 10_000_000 }, { unit: "MB", default: 2048 }),
  "idle-timeout": number("a container without work is removed", { min: 1, max: 86_400 }, { unit: "s", default: 600 }),
  "pause-grace": number("an idle container is paused", { min: 0, max: 3_600_000 }, { unit: "ms", default: 10_000 }),
  "outbox-records": number(
    "unconfirmed records kept before the host is busy",
    { min: 100, max: 10_000_000 },
    { default: 100_000 },
  ),
  "outbox-mb": number("the same in MB", { min: 32, max: 1_000_000 }, { unit: "MB", default: 512 }),
  "outbox-fsync": choice(["0", "1"], "1: survive power loss too, at the price of latency", {
    default: "0",
    placeholder: "0|1",
  }),
  "code-cache-mb": number("action code kept on disk", { min: 64, max: 1_000_000 }, { unit: "MB", default: 2048 }),
  drain: number("wait for running activations at SIGTERM", { min: 0, max: 3600 }, { unit: "s", default: 30 }),
  build: text("TEXT", "what this host says it is built from", { default: "", defaultText: "that of this checkout" }),
  metrics: text("ADDR:PORT", "serve GET /metrics there, e.g. 127.0.0.1:9464", { defaultText: "not served" }),
  "metrics-token": text("TOKEN", "what opens it; needed off loopback", { secret: true }),
  "log-level": choice(["debug", "info", "warn", "error"], "debug, info, warn or error", { default: "info" }),
});

const HOST_OPTIONS = {
  ...CONFIGURED,
  json: toggle("as of every command: here what is printed is JSON anyway, one line once it is ready"),
};

/** What `edgewhisk host` takes. */
export const HOST_SHAPE: Shape<typeof HOST_OPTIONS> = {
  usage: "edgewhisk host",
  summary: "Runs actions of a platform on this machine, until it is told to stop.",
  options: HOST_OPTIONS,
};

/** A configuration that makes no sense: the first complaint; later ones are not evaluated for their own sake. */
class Complaint extends Error {}

export function parseHostConfig(argv: readonly string[], env: Environment): ParsedConfig {
  const parsed = parseCommandLine(HOST_SHAPE, argv, env);
  if (parsed.kind === "error") return { kind: "error", message: `${parsed.message}.` };
  if (parsed.kind === "help") return parsed;
  try {
    return { kind: "config", config: Object.freeze(build(parsed.values, env)) };
  } catch (error) {
    if (error instanceof Complaint) return { kind: "error", message: error.message };
    throw error;
  }
}

function build(given: ValuesOf<typeof HOST_OPTIONS>, env: Environment): HostConfig {
  const { token, name } = identityOf(given);
  const { url, shards, memory = Math.max(256, Math.floor(totalmem() / 2 / 1024 ** 2)) } = given;
  if (url === undefined)
    throw new Complaint("No --url: give the platform's origin, e.g. https://edgewhisk.example.workers.dev.");
  if (memory / shards < 128) throw new Complaint(`--memory ${memory}: each of ${shards} shards needs at least 128 MB.`);
  return {
    url,
    token,
    name,
    takeOver: given["take-over"],
    state: resolve(given.state),
    engine: given.engine,
    memory,
    requireLevel: given["require-level"],
    minDisk: given["min-disk"],
    network: { apiHost: given["api-host"], allow: given["allow-net"] },
    connectors: given.connectors === "on" ? { allowed: given["broker-net"] } : null,
    shards,
    labels: labelsOf(given.labels ?? ""),
    prewarm: given.prewarm,
    images: {
      prefix: given["image-prefix"],
      tag: given["image-tag"],
      registries: {
        pull: given.pull,
        userRegistry: given["user-registry"],
        credentials: credentialsOf(given["registry-auth"] ?? ""),
      },
    },
    container: {
      pids: given.pids,
      cpuShares: given["cpu-shares"],
      disk: given.disk,
      idleTimeout: given["idle-timeout"] * 1000,
      pauseGrace: given["pause-grace"],
      max: given.containers,
    },
    outbox: {
      records: given["outbox-records"],
      bytes: given["outbox-mb"] * 1024 ** 2,
      fsync: given["outbox-fsync"] === "1",
    },
    codeCache: given["code-cache-mb"] * 1024 ** 2,
    drain: given.drain * 1000,
    build: given.build,
    logLevel: given["log-level"],
    metrics: metricsOf(given.metrics, given["metrics-token"]),
    dieWithParent: env.EDGEWHISK_DIE_WITH_PARENT === "1",
  };
}

function identityOf({ token, name }: Pick<ValuesOf<typeof HOST_OPTIONS>, "token" | "name">) {
  if (token === undefined)
    throw new Complaint("No token: set EDGEWHISK_TOKEN to the one that `edgewhisk bootstrap` printed.");
  if (!/^[\x21-\x7e]{8,512}$/.test(token)) throw new Complaint("The token is not one line of visible characters.");
  const host = hostOfToken(token);
  if (host === null) throw new Complaint("The token is none of a host: it looks like ewh.<name>.<43 characters>.");
  if (name !== undefined && name !== host)
    throw new Complaint(`--name ${name.slice(0, 64)}: the token is for ${host}.`);
  return { token, name: host };
}

function metricsOf(listen: string | undefined, token: string | undefined): MetricsAddress | null {
  if (listen === undefined) return null;
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([\d.]+)):(\d{1,5})$/i.exec(listen) ?? [];
  const address = bracketed ?? plain ?? "";
  const port = Number(digits);
  if (isIP(address) === 0 || port > 65_535)
    throw new Complaint(`--metrics ${listen.slice(0, 64)}: expected an address and a port, e.g. 127.0.0.1:9464.`);
  const isOwn = address === "::1" || address.startsWith("127.");
  if (!isOwn && token === undefined)
    throw new Complaint(`--metrics ${listen.slice(0, 64)}: off loopback it takes EDGEWHISK_METRICS_TOKEN.`);
  return { address, port, token: token ?? null };
}

function labelsOf(list: string): readonly string[] {
  const labels = list.split(",").filter((label) => label !== "");
  const wrong = labels.length > MAX_LABELS ? labels[MAX_LABELS] : labels.find((label) => !isLabel(label));
  if (wrong === undefined) return [...new Set(labels)];
  throw new Complaint(`--labels ${wrong.slice(0, 100)}: expected at most ${MAX_LABELS} words, e.g. gpu,zone=eu.`);
}

function credentialsOf(text: string): RegistryOptions["credentials"] {
  if (text === "") return null;
  return text.trimStart().startsWith("{") ? { text } : { file: resolve(text) };
}

function originAlone(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  const bare =
    url.username === "" && url.password === "" && url.pathname === "/" && url.search === "" && url.hash === "";
  return bare ? url.origin : null;
}
