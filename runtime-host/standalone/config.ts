// The one-machine mode's configuration as a function of (arguments, environment): every flag has a variable of the same name.

import { isIP } from "node:net";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { complaintOf, joined } from "../program/flags.ts";

export type EngineChoice = "auto" | "docker" | "process";

export interface StandaloneConfig {
  port: number;
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
  /** Plain variables laid over those of wrangler.toml, for tests and benchmarks. */
  vars: Record<string, string>;
}

export type Parsed =
  | { kind: "config"; config: StandaloneConfig }
  | { kind: "help" }
  | { kind: "version" }
  | { kind: "error"; message: string };

export const HELP = `Usage: npm start -- [options]          (or: npx edgewhisk start [options])

Starts the whole platform on this machine: API, schedulers, stores and a runtime host, in one process tree.

  --port N          port of the API                                   EDGEWHISK_PORT    3233
  --host ADDR       address to listen on                              EDGEWHISK_HOST    127.0.0.1
  --state DIR       folder kept between starts                        EDGEWHISK_STATE   .edgewhisk
  --engine NAME     auto, docker or process                           EDGEWHISK_ENGINE  auto
  --memory MB       memory all actions together may use               EDGEWHISK_MEMORY  the host decides
  --salvage         move damaged databases aside and go on            EDGEWHISK_SALVAGE=1
  --dev-keys        honour the well-known keys off loopback as well   EDGEWHISK_DEV_KEYS=1
  --dev             serve through "wrangler dev", with reload         EDGEWHISK_DEV=1
  --var NAME=VALUE  lay a variable over wrangler.toml (repeatable)
  --help            this text
  --version         the version

What else a runtime host can be told (npx edgewhisk host --help) is told by its variables, e.g. EDGEWHISK_API_HOST for the
address that actions hand to the outside, EDGEWHISK_ALLOW_NET for private networks they may reach.

Other commands: npm run dev, npm run images (action images), npx edgewhisk --help (remote hosts, first administration).
`;

const OPTIONS = {
  port: { type: "string" },
  host: { type: "string" },
  state: { type: "string" },
  engine: { type: "string" },
  memory: { type: "string" },
  "dev-keys": { type: "boolean" },
  salvage: { type: "boolean" },
  dev: { type: "boolean" },
  var: { type: "string", multiple: true },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

export function parseConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Parsed {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(argv).values;
  } catch (error) {
    return { kind: "error", message: `${complaintOf(error)}: see --help.` };
  }
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };

  const text = (name: "port" | "host" | "state" | "engine" | "memory", fallback: string) =>
    values[name] ?? (env[`EDGEWHISK_${name.toUpperCase()}`] || fallback);

  const port = integer(text("port", "3233"));
  if (port === null || port > 65535) return wrong("port", text("port", ""), "a number from 0 to 65535");
  const host = text("host", "127.0.0.1");
  if (host !== "localhost" && isIP(host) === 0) return wrong("host", host, "an IP address or localhost");
  const engine = text("engine", "auto");
  if (engine !== "auto" && engine !== "docker" && engine !== "process") {
    return wrong("engine", engine, "auto, docker or process");
  }
  const memory = text("memory", "");
  const megabytes = memory === "" ? undefined : integer(memory);
  if (megabytes === null || (megabytes !== undefined && megabytes < 256)) {
    return wrong("memory", memory, "a number of MB, at least 256");
  }
  const vars: Record<string, string> = {};
  for (const each of values.var ?? []) {
    const split = each.indexOf("=");
    if (!/^[A-Z][A-Z0-9_]*$/.test(each.slice(0, Math.max(0, split)))) return wrong("var", each, "NAME=VALUE");
    vars[each.slice(0, split)] = each.slice(split + 1);
  }
  const dev = values.dev ?? env.EDGEWHISK_DEV === "1";
  if (dev && port === 0) return wrong("port", "0", "a fixed port with --dev");
  const loopback = isLoopback(host);
  const developmentKeys = values["dev-keys"] ?? env.EDGEWHISK_DEV_KEYS === "1";
  if (engine === "process" && !loopback) {
    return {
      kind: "error",
      message: `The process engine isolates nothing, so it is not served on ${host}: use --engine docker, or --host 127.0.0.1.`,
    };
  }
  return {
    kind: "config",
    config: {
      port,
      host: host === "localhost" ? "127.0.0.1" : host,
      loopback,
      state: resolve(text("state", ".edgewhisk")),
      engine,
      ...(megabytes === undefined ? {} : { memory: megabytes }),
      developmentKeys,
      salvage: values.salvage ?? env.EDGEWHISK_SALVAGE === "1",
      dev,
      vars,
    },
  };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** The address a client on this machine uses to reach a server that listens on `host`. */
export function urlOf(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`;
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: joined(argv, OPTIONS), options: OPTIONS, strict: true, allowPositionals: false });
}

function integer(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function wrong(name: string, value: string, expected: string): Parsed {
  return { kind: "error", message: `--${name} ${value}: expected ${expected}.` };
}
