// The engine for machines without Docker: the same runtime servers as child processes of the host. It isolates nothing:
// an action can do whatever the host's user can. Each has its own process group,
// an environment without the host's, and a folder.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { MANIFEST } from "../../../src/entities/runtimes.ts";
import type { RuntimeReport } from "../../../src/protocol/messages.ts";
import { MemoryWatch } from "../../machine/memory-watch.ts";
import { statOf } from "../../machine/proc.ts";
import { findLocalRuntimes, type LocalRuntime } from "../../runtimes/local.ts";
import { apiHostOf } from "../api-host.ts";
import {
  type Address,
  type ContainerSpec,
  type Creation,
  type Death,
  type Engine,
  type EngineContainer,
  type EngineOptions,
  EngineUnavailable,
  type Fetched,
  type OutputSink,
} from "../engine.ts";
import { PROCESS_SECURITY } from "../security-level.ts";
import { type NamedPipe, NamedPipes } from "./named-pipes.ts";

/** Bytes of a unix socket's path that every system takes. */
const MAX_SOCKET_PATH_BYTES = 100;
const KILL_WAIT_MS = 2_000;
/** ms for what is still in its pipes when a process has ended. */
const LAST_OUTPUT_MS = 200;
const STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

type Options = Pick<EngineOptions, "state" | "apiUrl" | "network" | "log">;

export class ProcessEngine implements Engine {
  readonly name = "process";
  readonly blackbox = false;
  readonly sharesFiles = true;
  readonly security = PROCESS_SECURITY;
  readonly #runtimes: ReadonlyMap<string, LocalRuntime>;
  readonly #apiHost: string;
  readonly #log: Options["log"];
  readonly #folder: string;
  readonly #sockets: string;
  readonly #memory = new MemoryWatch();
  readonly #pipes: NamedPipes;
  #pipesMissing = false;

  private constructor(runtimes: readonly LocalRuntime[], options: Options) {
    const kinds = new Set(MANIFEST.map((each) => each.kind));
    this.#runtimes = new Map(runtimes.filter((each) => kinds.has(each.kind)).map((each) => [each.kind, each]));
    const { apiUrl, network, log } = options;
    this.#log = log;
    const told = apiHostOf({ apiUrl, apiHost: network?.apiHost ?? "" });
    this.#apiHost = told === "gateway" ? apiUrl : told;
    this.#folder = join(options.state, "processes");
    endLeftovers(this.#folder);
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#pipes = new NamedPipes(this.#folder);
    const fits = Buffer.byteLength(join(this.#folder, "123456", "s")) <= MAX_SOCKET_PATH_BYTES;
    this.#sockets = fits ? this.#folder : mkdtempSync(join(tmpdir(), "edgewhisk-"));
  }

  static async open(options: Options): Promise<ProcessEngine> {
    const engine = new ProcessEngine(await findLocalRuntimes(), options);
    if (engine.#runtimes.size === 0) {
      throw new EngineUnavailable(
        "No interpreter for actions was found on this machine (nodejs 18 or python 3.9 at least).",
      );
    }
    options.log.warn("no-isolation", {
      message:
        "Actions run as plain child processes with the rights of this user. NOTHING IS ISOLATED: run only code you trust.",
    });
    return engine;
  }

  runtimes(): RuntimeReport[] {
    return [...this.#runtimes.values()].map(({ kind, version, interpreter }) => {
      return { kind, image: interpreter, digest: version };
    });
  }

  unhealthy(): string | null {
    return null;
  }

  async fetch(): Promise<Fetched> {
    return { ok: true };
  }

  async create(spec: ContainerSpec, sink: OutputSink): Promise<Creation> {
    const runtime = this.#runtimes.get(spec.kind);
    if (runtime === undefined || spec.image !== undefined) {
      return { ok: false, why: "provision", detail: `no runtime for ${spec.kind} on this machine` };
    }
    const folder = join(this.#folder, String(spec.number));
    const home = join(folder, "tmp");
    const socketPath = this.#sockets === this.#folder ? join(folder, "s") : join(this.#sockets, String(spec.number));
    const journals = (spec.journals ?? []).map((path) => openSync(path, "a"));
    const pipes = await this.#openPipes();
    try {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      const [command, ...args] = runtime.command;
      const child = spawn(command as string, args, {
        cwd: home,
        env: {
          PATH: [dirname(runtime.interpreter), STANDARD_PATH].join(delimiter),
          HOME: home,
          TMPDIR: home,
          LANG: "C.UTF-8",
          ...runtime.env,
          EDGEWHISK_LISTEN: socketPath,
          EDGEWHISK_DIE_WITH_PARENT: "1",
          __OW_API_HOST: this.#apiHost,
          __OW_ALLOW_CONCURRENT: "true",
          ...(journals.length === 0
            ? {}
            : { EDGEWHISK_JOURNALS: journals.map((_, at) => `/dev/fd/${3 + at}`).join(":") }),
        },
        // Its own session: a signal for it reaches its children, and ours never reach it.
        detached: true,
        // Open files, since their names are soon gone.
        stdio: ["pipe", pipes[0]?.input ?? "pipe", pipes[1]?.input ?? "pipe", ...journals],
      });
      await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
      const [stdout, stderr] = [pipes[0]?.output ?? child.stdout, pipes[1]?.output ?? child.stderr];
      if (stdout === null || stderr === null) throw new Error("a child process without output");
      const printed = [stdout, stderr] as const;
      const container = new ProcessContainer(child, { folder, socketPath, spec, sink, printed, memory: this.#memory });
      return { ok: true, container };
    } catch (error) {
      for (const { output } of pipes) output.destroy();
      return { ok: false, why: "provision", detail: (error as Error).message };
    } finally {
      for (const fd of [...journals, ...pipes.map(({ input }) => input)]) closeSync(fd);
    }
  }

  /** Two, or none where this machine makes none. */
  async #openPipes(): Promise<NamedPipe[]> {
    if (this.#pipesMissing) return [];
    const opened: NamedPipe[] = [];
    try {
      for (let at = 0; at < 2; at++) opened.push(await this.#pipes.open());
      return opened;
    } catch (error) {
      for (const { input, output } of opened) {
        closeSync(input);
        output.destroy();
      }
      // Without the program there will never be one; another cause may pass.
      this.#pipesMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const message = `Actions cannot open /dev/stdout and /dev/stderr by name: no pipes can be made (${(error as Error).message}).`;
      this.#log.warn("no-named-pipes", { message });
      return [];
    }
  }

  async sweep(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.#memory.close();
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#sockets !== this.#folder) rmSync(this.#sockets, { recursive: true, force: true });
  }
}

class ProcessContainer implements EngineContainer {
  readonly id: string;
  readonly address: Address;
  readonly #pid: number;
  readonly #options: { folder: string; memory: MemoryWatch; socketPath: string };
  memoryKills = 0;
  #ended = false;
  #whenEnded: Promise<void>;
  #removal: Promise<void> | null = null;

  constructor(
    child: ChildProcess,
    options: {
      folder: string;
      socketPath: string;
      spec: ContainerSpec;
      sink: OutputSink;
      memory: MemoryWatch;
      /** stdout and stderr */
      printed: readonly [Readable, Readable];
    },
  ) {
    const { sink, spec, memory, printed } = options;
    this.#pid = child.pid as number;
    this.#options = options;
    this.id = String(this.#pid);
    this.address = { socketPath: options.socketPath };
    writeFileSync(join(options.folder, "pid"), `${this.#pid} ${statOf(this.#pid)?.startTicks ?? ""}`);
    memory.watch(this.#pid, { limitMb: spec.memory, exceeded: () => this.#exceeded() });
    for (const [at, stream] of printed.entries()) {
      stream.on("data", (chunk: Buffer) => sink.output(at === 0 ? 1 : 2, chunk));
      stream.on("error", () => stream.destroy());
    }
    const whenPrinted = Promise.all(
      printed.map((stream) => new Promise<void>((closed) => stream.once("close", closed))),
    );
    child.stdin?.on("error", () => undefined);
    let exited = () => {};
    this.#whenEnded = new Promise((resolve) => {
      exited = resolve;
    });
    child.once("exit", () => {
      this.#ended = true;
      memory.forget(this.#pid);
      // Children of the action would hold the pipes open for ever.
      this.#signal("SIGKILL");
      exited();
      const late = setTimeout(() => {
        for (const stream of printed) stream.destroy();
      }, LAST_OUTPUT_MS);
      void whenPrinted.then(() => {
        clearTimeout(late);
        sink.ended();
      });
    });
  }

  async pause(): Promise<void> {
    this.#signal("SIGSTOP");
  }

  async resume(): Promise<void> {
    this.#signal("SIGCONT");
  }

  remove(): Promise<void> {
    this.#removal ??= this.#remove();
    return this.#removal;
  }

  async death(): Promise<Death> {
    await Promise.race([this.#whenEnded, sleep(500, undefined, { ref: false })]);
    return this.memoryKills > 0 ? "memory" : "exit";
  }

  residentMb(): null {
    return null;
  }

  killedForMemory(before: number): boolean {
    return this.memoryKills > before;
  }

  async #remove(): Promise<void> {
    this.#signal("SIGKILL");
    if (!this.#ended) await Promise.race([this.#whenEnded, sleep(KILL_WAIT_MS, undefined, { ref: false })]);
    this.#options.memory.forget(this.#pid);
    await rm(this.#options.folder, { recursive: true, force: true }).catch(() => undefined);
    await rm(this.#options.socketPath, { force: true }).catch(() => undefined);
  }

  #exceeded(): void {
    this.memoryKills++;
    this.#signal("SIGKILL");
  }

  /** To the whole group: the server and what the action started. */
  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#pid, signal);
    } catch {
      // Nobody left in the group.
    }
  }
}

/** Groups that an earlier host left behind, stopped ones too, as far as they are still the processes we wrote down. */
function endLeftovers(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    try {
      const [pid, started] = readFileSync(join(folder, name, "pid"), "latin1").split(" ");
      if (Number(pid) > 1 && started !== "" && statOf(Number(pid))?.startTicks === started)
        process.kill(-Number(pid), "SIGKILL");
    } catch {
      // No such file, or no such process.
    }
  }
}
