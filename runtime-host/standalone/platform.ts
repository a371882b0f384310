// THE adapter to what Cloudflare calls unstable or unsafe: it runs the Worker of wrangler.toml in one workerd, through
// Miniflare, the very one wrangler was made with, listening on a direct socket. Pinned versions; platform.test.ts is
// its canary.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as MiniflareModule from "miniflare";
import { StartFailure } from "./failure.ts";
import { cacheOf, keepText, parseKept, readKept } from "./kept-text.ts";
import { workerLine } from "./terminal-line.ts";
import { statementsOf, workerOptionsOf } from "./wrangler.ts";

export interface PlatformOptions {
  /** Folder of wrangler.toml. */
  root: string;
  /** The bundled Worker, one ES module. */
  script: string;
  host: string;
  /** 0 = any free one; it stays the same when workerd is restarted. */
  port: number;
  /** The same for the Worker's entrypoint `Console`; null: it gets no port. */
  consolePort: number | null;
  /** Folder for D1, R2 and the objects' databases. */
  state: string;
  /** Laid over the [vars] of wrangler.toml; secrets come this way. */
  vars: Readonly<Record<string, string>>;
  log: (line: string) => void;
  /** Answers the Worker's binding MACHINE, which is there only with it. */
  machine?: (path: string) => Promise<{ status: number; body: string }>;
  /** Answers the Worker's binding FEEDS, which is there only with it. */
  feeds?: (path: string, body: string) => Promise<{ status: number; body: string }>;
  /** workerd died and runs again, on the same port and state. */
  onRestart: () => void;
  /** workerd died and did not come back: this platform is of no further use. */
  onFailure: (reason: string) => void;
}

export interface Platform {
  port: number;
  consolePort: number | null;
  /** Miniflare's own entry. Nobody is meant to use it; the canary looks whether anybody could. */
  entry: URL;
  /** The bindings of wrangler.toml's D1 databases. */
  bindings: readonly string[];
  /** One of them. */
  database(binding: string): Promise<PlatformDatabase>;
  /** Calls the Worker's `scheduled` handler. */
  tick(cron: string): Promise<void>;
  /** The crons of wrangler.toml. */
  crons: readonly string[];
  close(): Promise<void>;
}

/** What migrations need of a D1 database. */
export interface PlatformDatabase {
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Several statements, all or none. */
  script(sql: string): Promise<void>;
}

/** What we look at of the options wrangler makes. */
interface WorkerOptions {
  bindings?: Record<string, unknown>;
  cronTriggers?: string[];
  d1Databases?: Record<string, unknown>;
}

/** How V8 collects garbage in workerd. With a young generation of 16 MB and more, the default, each collection of it
 * stops the only thread for 20 to 100 ms; with 1 MB for less than 1. One of the old generation takes 30 to 50 ms,
 * whatever has become garbage meanwhile: it comes each 2,200 calls, and not each 1,500. Miniflare takes V8's flags from
 * the environment only. */
const COLLECTING = ["--max-semi-space-size=1", "--min-semi-space-size=1", "--heap-growing-percent=300"];
const V8_FLAGS = "MINIFLARE_WORKERD_V8_FLAGS";

/** wrangler.toml as Miniflare takes it. */
const KEPT_OPTIONS = "worker.json";

/** What serves the web console. */
const CONSOLE_ENTRYPOINT = "Console";

/** Every path of Miniflare's own entry is moved below this URL's, so that none of its built-in routes (local R2 objects
 * without credentials, error pages with stacks) can be asked for there. */
const NOWHERE = "http://entry.invalid/-/";

/** Throws StartFailure if the port is taken. The socket is the Worker's own: beside HTTP it only takes the CONNECT by
 * which Miniflare speaks to the same handlers. It does not tell who connects:
 * that is decided by the address it listens on. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const miniflare = loadMiniflare();
  const { machine, feeds } = options;
  const worker = await workerOptions(options);
  const settings = miniflare.convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    upstream: NOWHERE,
    cf: false,
    logRequests: false,
    log: quietLog(miniflare, options),
    handleStructuredLogs({ level, message }) {
      // workerd's notes to its own makers.
      if (!message.startsWith("NOSENTRY")) options.log(workerLine({ level, message }));
    },
    unsafeHandleRuntimeRestart: options.onRestart,
    resourcePersistencePath: join(options.state, "v3"),
    resourceTmpPath: join(options.state, "tmp"),
    workers: [
      {
        ...worker,
        name: "edgewhisk",
        bindings: { ...worker.bindings, ...options.vars },
        modules: true,
        script: options.script,
        unsafeDirectSockets: [
          { host: options.host, port: options.port },
          ...(options.consolePort === null
            ? []
            : [{ host: options.host, port: options.consolePort, entrypoint: CONSOLE_ENTRYPOINT }]),
        ],
        serviceBindings: {
          // Names are looked up here, so that one which comes to another address is refused where it is dialled.
          OUTBOUND: {
            network: { allow: ["public", ...rangesIn(options.vars)], tlsOptions: { trustBrowserCas: true } },
          },
          ...(machine === undefined
            ? {}
            : {
                MACHINE: async ({ url }: { url: string }) => {
                  const { status, body } = await machine(new URL(url).pathname);
                  return new miniflare.Response(body, { status });
                },
              }),
          ...(feeds === undefined
            ? {}
            : {
                FEEDS: async (request: { url: string; text(): Promise<string> }) => {
                  const { status, body } = await feeds(new URL(request.url).pathname, await request.text());
                  return new miniflare.Response(body, { status });
                },
              }),
        },
      },
    ],
  } as MiniflareModule.V4MiniflareOptions);

  process.env[V8_FLAGS] ??= COLLECTING.join(" ");
  const before = SIGNALS.map((signal) => process.listeners(signal));
  const instance = new miniflare.Miniflare(settings);
  // Miniflare ends the process at the first signal; ending it in order is our part. Its "exit" hook stays.
  SIGNALS.forEach((signal, at) => {
    for (const listener of process.listeners(signal)) {
      if (!before[at]?.includes(listener)) process.removeListener(signal, listener);
    }
  });
  try {
    const entry = await instance.ready;
    const url = await instance.unsafeGetDirectURL();
    const consoleUrl =
      options.consolePort === null ? null : await instance.unsafeGetDirectURL(undefined, CONSOLE_ENTRYPOINT);
    return {
      port: Number(url.port),
      consolePort: consoleUrl === null ? null : Number(consoleUrl.port),
      entry,
      crons: worker.cronTriggers ?? [],
      bindings: Object.keys(worker.d1Databases ?? {}),
      database: async (binding) => databaseOf(await instance.getD1Database(binding), options),
      async tick(cron) {
        // Asked for each time: handles do not outlive a restart of workerd.
        const handle = await instance.getWorker();
        await handle.scheduled({ cron, scheduledTime: new Date() });
      },
      close: () => instance.dispose(),
    };
  } catch (error) {
    await instance.dispose().catch(() => undefined);
    if ((error as { code?: string }).code !== "ERR_ADDRESS_IN_USE") throw error;
    throw new StartFailure(takenBy(options));
  }
}

export interface LocalDatabases {
  bindings: readonly string[];
  database(binding: string): Promise<PlatformDatabase>;
  close(): Promise<void>;
}

/** The D1 databases of wrangler.toml in a state folder, without the Worker: of `npm start` or `wrangler dev`,
 * which may run. */
export async function openDatabases(options: Pick<PlatformOptions, "root" | "state">): Promise<LocalDatabases> {
  const miniflare = loadMiniflare();
  const { d1Databases = {} } = await workerOptions(options);
  const settings = miniflare.convertV4MiniflareOptions({
    ...{ host: "127.0.0.1", port: 0, cf: false, logRequests: false },
    resourcePersistencePath: join(options.state, "v3"),
    workers: [{ name: "databases", modules: true, script: "export default {};", d1Databases }],
  } as MiniflareModule.V4MiniflareOptions);
  const instance = new miniflare.Miniflare(settings);
  return {
    bindings: Object.keys(d1Databases),
    database: async (binding) => databaseOf(await instance.getD1Database(binding), options),
    close: () => instance.dispose(),
  };
}

type D1 = Awaited<ReturnType<InstanceType<typeof MiniflareModule.Miniflare>["getD1Database"]>>;

function databaseOf(d1: D1, options: Pick<PlatformOptions, "root">): PlatformDatabase {
  return {
    query: async (sql) => (await d1.prepare(sql).all()).results,
    async script(sql) {
      const statements = await statementsIn(sql, options);
      await d1.batch(statements.map((statement) => d1.prepare(statement)));
    },
  };
}

/** Miniflare does not say which port it was. */
function takenBy({ host, port, consolePort }: PlatformOptions): string {
  const [ports, flags] =
    consolePort === null || consolePort === 0
      ? [`Port ${port}`, "--port"]
      : [`Port ${port} or ${consolePort}`, "--port and --console-port"];
  return `${ports} on ${host} is taken: stop what uses it, or choose another with ${flags}.`;
}

/** Ranges that the Worker reaches besides public addresses. */
function rangesIn({ OUTBOUND_ALLOW = "" }: PlatformOptions["vars"]): string[] {
  return OUTBOUND_ALLOW.split(",").filter((range) => range !== "");
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Beside wrangler.toml, with secrets in them, also of one environment:
 * what is made of these stays in the state folder. */
const SECRET_FILE = /^\.(dev\.vars|env)(\.|$)/;

/** wrangler.toml as Miniflare takes it, kept until the files it was made from change. */
async function workerOptions({ root, state }: Pick<PlatformOptions, "root" | "state">): Promise<WorkerOptions> {
  const hash = createHash("sha256").update(JSON.stringify([root, wranglerVersion(), process.env.CLOUDFLARE_ENV]));
  const isFile = (name: string) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile() === true;
  const secrets = readdirSync(root).filter((name) => SECRET_FILE.test(name) && isFile(name));
  for (const name of ["wrangler.toml", ...secrets.toSorted()].filter(isFile)) {
    hash.update(`\0${name}\0${readFileSync(join(root, name), "utf8")}`);
  }
  const key = hash.digest("hex");
  const folders = secrets.length > 0 ? [state] : [cacheOf(root), state];
  const found = parseKept<{ key: string; worker: WorkerOptions }>(readKept(folders, KEPT_OPTIONS));
  if (found?.key === key) return found.worker;
  const worker: WorkerOptions = await workerOptionsOf(join(root, "wrangler.toml"));
  keepText(folders, KEPT_OPTIONS, JSON.stringify({ key, worker }));
  return worker;
}

/** The statements of a migration, kept for the next state folder. */
async function statementsIn(sql: string, { root }: Pick<PlatformOptions, "root">): Promise<string[]> {
  const key = createHash("sha256").update(`${wranglerVersion()}\0${sql}`).digest("hex");
  const folders = [cacheOf(root)];
  const name = `statements-${key.slice(0, 32)}.json`;
  const found = parseKept<string[]>(readKept(folders, name));
  if (found !== null) return found;
  const statements = await statementsOf(sql);
  keepText(folders, name, JSON.stringify(statements));
  return statements;
}

function wranglerVersion(): string {
  return here("wrangler/package.json").version;
}

const here = createRequire(import.meta.url);

/** Read when it is needed: it is most of a start. */
function loadMiniflare(): typeof MiniflareModule {
  return here("miniflare");
}

function quietLog(miniflare: typeof MiniflareModule, options: Pick<PlatformOptions, "log" | "onFailure">) {
  return new (class extends miniflare.Log {
    constructor() {
      super(miniflare.LogLevel.WARN);
    }
    override log(message: string): void {
      options.log(`platform: ${message}`);
    }
    override error(error: Error): void {
      const code = (error as { code?: string }).code;
      if (code === "ERR_RUNTIME_FAILURE") options.onFailure(error.message);
      else options.log(`platform: ${error.message}`);
    }
  })();
}
