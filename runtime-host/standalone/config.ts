// The one-machine mode's configuration as a function of (arguments, environment): every flag has a variable of the same
// name.

import { isIP } from "node:net";
import { resolve } from "node:path";
import * as z from "zod";
import { ACTIVATION_STORE_CHOICES, activationStoreModeOf } from "../../src/entities/activation-store-mode.ts";
import { LOG_LEVELS } from "../../src/entities/log-level.ts";
import { isSourceName } from "../../src/entities/source.ts";
import { type Environment, parseCommandLine, type Shape } from "../program/command-line.ts";
import { checkedText, choice, number, readable, repeated, text, toggle, withVariables } from "../program/options.ts";
import type { FeedFiles } from "./feed-files.ts";

export type EngineChoice = "auto" | "docker" | "process";

export interface StandaloneConfig {
  port: number;
  /** Of the web console. `fixed`: it was asked for, and no other does. Null: there is none. */
  console: { port: number; fixed: boolean } | null;
  host: string;
  /** True if only this machine can connect to `host`. */
  loopback: boolean;
  state: string;
  engine: EngineChoice;
  /** MB the runtime host may give to actions; absent = the host decides. */
  memory?: number;
  /** Honour the well-known development keys off loopback as well. */
  developmentKeys: boolean;
  /** Databases that are damaged are moved aside. */
  salvage: boolean;
  /** Serve through `wrangler dev`, with reload. */
  dev: boolean;
  /** Files that feeds may read. */
  feeds: FeedFiles;
  /** Plain variables laid over those of wrangler.toml, for tests and benchmarks. */
  vars: Record<string, string>;
}

export type Parsed =
  /** `json`: the greeting is an object. */
  | { kind: "config"; config: StandaloneConfig; json: boolean }
  | { kind: "help"; text: string }
  | { kind: "version" }
  | { kind: "error"; message: string };

const MAX_MEMORY_MB = 999_999_999;
const MAX_PORT = 65_535;

const STANDALONE_OPTIONS = withVariables("EDGEWHISK_", {
  port: number("port of the API; 0 = any that is free", { min: 0, max: MAX_PORT }, { default: 3233 }),
  "console-port": checkedText(
    z.string().refine((text) => text === "off" || isPort(text), `a port from 1 to ${MAX_PORT}, or off`),
    "N",
    "port of the web console, on the same address; off (or 0): none",
    { defaultText: "the one after the API's, or any that is free" },
  ),
  host: checkedText(
    z.string().refine((host) => host === "localhost" || isIP(host) !== 0, "an IP address or localhost"),
    "ADDR",
    "address to listen on",
    { default: "127.0.0.1" },
  ),
  state: text("DIR", "folder kept between starts", { default: ".edgewhisk" }),
  engine: choice(["auto", "docker", "process"], "auto, docker or process", { default: "auto" }),
  memory: number(
    "memory all actions together may use",
    { min: 256, max: MAX_MEMORY_MB },
    { unit: "MB", defaultText: "the host decides" },
  ),
  "log-level": choice([...LOG_LEVELS], LOG_LEVELS.join(", "), { defaultText: "what wrangler.toml says, else warn" }),
  salvage: toggle("move damaged databases aside and go on"),
  "dev-keys": toggle("honour the well-known keys off loopback as well"),
  "activation-store": checkedText(
    z.string().refine((mode) => activationStoreModeOf(mode) !== undefined, ACTIVATION_STORE_CHOICES),
    "MODE",
    "where records of activations go: d1, r2 or d1+r2",
    { defaultText: "what wrangler.toml says, else d1" },
  ),
  "outbound-allow": checkedText(
    z.string().refine((text) => text.split(",").every(isRange), "ranges such as 10.1.0.0/16, with commas between them"),
    "CIDR",
    "addresses that hooks may reach though they are not public",
    { defaultText: "public addresses alone" },
  ),
  dev: toggle('serve through "wrangler dev", with reload'),
});

const START_OPTIONS = {
  ...STANDALONE_OPTIONS,
  "feed-d1": repeated(
    readable(feedFileOf, "NAME=FILE"),
    "NAME=FILE",
    "an SQLite database that feeds may read, once it is granted (repeatable)",
  ),
  "feed-r2": repeated(
    readable(feedFileOf, "NAME=FOLDER"),
    "NAME=FOLDER",
    "a folder that feeds may read like a bucket, once it is granted (repeatable)",
  ),
  var: repeated(readable(assignmentOf, "NAME=VALUE"), "NAME=VALUE", "lay a variable over wrangler.toml (repeatable)"),
  json: toggle("once it serves, tell where and with which key as one JSON object"),
  version: toggle("the version"),
};

/** What `npm start` and `edgewhisk start` take. */
export const START_SHAPE: Shape<typeof START_OPTIONS> = {
  usage: "edgewhisk start",
  summary:
    "Starts the whole platform on this machine: API, schedulers, stores and a runtime host, in one process tree.",
  options: START_OPTIONS,
  notes: `The same as: npm start -- [options]

What else a runtime host can be told (npx edgewhisk host --help) is told by its variables, e.g. EDGEWHISK_API_HOST for the
address that actions hand to the outside, EDGEWHISK_ALLOW_NET for private networks they may reach.

Other commands: npm run dev, npm run images (action images), npx edgewhisk --help (remote hosts, first administration).`,
};

export function parseConfig(argv: readonly string[], env: Environment): Parsed {
  const parsed = parseCommandLine(START_SHAPE, argv, env);
  if (parsed.kind === "error") return { kind: "error", message: `${parsed.message}.` };
  if (parsed.kind === "help") return parsed;
  const { values } = parsed;
  if (values.version) return { kind: "version" };
  const { port, host, engine, memory, salvage, dev, json } = values;
  if (dev && port === 0) return { kind: "error", message: "--port 0: expected a fixed port with --dev." };
  const feeds = { d1: Object.fromEntries(values["feed-d1"]), r2: Object.fromEntries(values["feed-r2"]) };
  if (dev && values["feed-d1"].length + values["feed-r2"].length > 0) {
    return {
      kind: "error",
      message: "--feed-d1, --feed-r2: not with --dev, where wrangler.toml declares FEED_D1_ and FEED_R2_ bindings.",
    };
  }
  if (values["console-port"] === String(port)) {
    return {
      kind: "error",
      message: `--console-port ${port}: the API has this port; the console needs one of its own.`,
    };
  }
  const loopback = isLoopback(host);
  if (engine === "process" && !loopback) {
    return {
      kind: "error",
      message: `The process engine isolates nothing, so it is not served on ${host}: use --engine docker, or --host 127.0.0.1.`,
    };
  }
  return {
    kind: "config",
    json,
    config: {
      port,
      console: consoleOf(values["console-port"], port),
      host: host === "localhost" ? "127.0.0.1" : host,
      loopback,
      state: resolve(values.state),
      engine,
      ...(memory === undefined ? {} : { memory }),
      developmentKeys: values["dev-keys"],
      salvage,
      dev,
      feeds,
      vars: {
        ...(values["log-level"] === undefined ? {} : { LOG_LEVEL: values["log-level"] }),
        ...(values["activation-store"] === undefined ? {} : { ACTIVATION_STORE: values["activation-store"] }),
        ...(values["outbound-allow"] === undefined ? {} : { OUTBOUND_ALLOW: values["outbound-allow"] }),
        ...Object.fromEntries(values.var),
      },
    },
  };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= MAX_PORT;
}

function consoleOf(asked: string | undefined, port: number): StandaloneConfig["console"] {
  if (asked === "off" || asked === "0") return null;
  if (asked !== undefined) return { port: Number(asked), fixed: true };
  return { port: port === 0 || port === MAX_PORT ? 0 : port + 1, fixed: false };
}

function isRange(text: string): boolean {
  const [address = "", bits = "", ...more] = text.split("/");
  const family = isIP(address);
  return family !== 0 && more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** The address a client on this machine uses to reach a server that listens on `host`. */
export function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`;
}

function feedFileOf(text: string): [name: string, path: string] | null {
  const at = text.indexOf("=");
  const name = text.slice(0, Math.max(0, at));
  const path = text.slice(at + 1);
  return isSourceName({ kind: "d1", name }) && path !== "" ? [name, resolve(path)] : null;
}

function assignmentOf(text: string): [name: string, value: string] | null {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
  return name === undefined || value === undefined ? null : [name, value];
}
