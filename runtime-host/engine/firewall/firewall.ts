// Keeps what containers send to the forwarder and off everything else of this machine, as far as this process may set
// rules; looks again now and then, because other programs rewrite them.

import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Logger, reasonOf } from "../../program/logger.ts";
import { type BridgeNetwork, COUNT, changesFor, type Openings, removalOf, rulesHold } from "./firewall-rules.ts";

const LOOK_EVERY_MS = 30_000;
/** ms to the next look while the rules do not hold. */
const LOOK_SOON_MS = 5_000;
/** This process's rights, and what is installed, do not change by themselves. */
const FINAL = /permission|must be root|there is no iptables/i;
const MAX_ATTEMPTS = 5;
const MAX_REASON_CHARACTERS = 200;
/** Seconds to wait for others who are changing rules. */
const PATIENCE = "5";
const run = promisify(execFile);

export interface FirewallOptions {
  /** The forwarder's. */
  readonly port: number;
  /** Asked at each look: name servers and addresses change. */
  openings(): Promise<Omit<Openings, "counted">>;
  readonly log: Logger;
  /** `state` has changed. */
  changed(): void;
  /** ms between two looks. */
  readonly every?: number;
}

export class Firewall {
  /** True while the rules hold, else why they do not. */
  state: true | string = "not looked at yet";
  readonly #bridgeNetwork: BridgeNetwork;
  readonly #options: FirewallOptions;
  /** Not known before the first look. */
  #counted: boolean | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();

  private constructor(bridgeNetwork: BridgeNetwork, options: FirewallOptions) {
    this.#bridgeNetwork = bridgeNetwork;
    this.#options = options;
  }

  /** Resolves when the rules hold, or cannot: that is no failure, but stands in `state`. */
  static async raise(bridgeNetwork: BridgeNetwork, options: FirewallOptions): Promise<Firewall> {
    const self = new Firewall(bridgeNetwork, options);
    self.state = await self.#apply();
    if (self.state !== true) options.log.warn("no-firewall", { reason: self.state });
    if (self.state === true || !FINAL.test(self.state)) self.#watch();
    return self;
  }

  async close(): Promise<void> {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    await this.#looking;
    try {
      const text = removalOf(await listed(), this.#bridgeNetwork, this.#options.port);
      if (text !== null) await restore(text);
    } catch (error) {
      this.#options.log.debug("firewall-left", { reason: reasonOf(error) });
    }
  }

  #watch(): void {
    const { every = LOOK_EVERY_MS, log, changed } = this.#options;
    const pause = this.state === true ? every : Math.min(every, LOOK_SOON_MS);
    this.#timer = setTimeout(() => {
      this.#looking = this.#apply().then((state) => {
        if (this.#timer === null) return;
        const was = this.state;
        this.state = state;
        this.#watch();
        if (state === was) return;
        if (state === true) log.info("firewall-back");
        else log.error("firewall-lost", { reason: state });
        changed();
      });
    }, pause).unref();
  }

  async #apply(): Promise<true | string> {
    let state: true | string = "";
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      try {
        const listing = await listed();
        const alive = gatewayPorts(this.#bridgeNetwork.gateway);
        const { port } = this.#options;
        this.#counted ??= await countsConnections();
        const openings = { ...(await this.#options.openings()), counted: this.#counted };
        const text = changesFor(listing, this.#bridgeNetwork, { port, openings, alive: (each) => alive.has(each) });
        state = rulesHold(listing, this.#bridgeNetwork, { port, openings });
        if (text === null && state === true) return true;
        if (text !== null) await restore(text);
      } catch (error) {
        state = why(error);
        if (FINAL.test(state)) return state;
        // Another host changed the same rules in between: look again.
        await sleep(20 + Math.random() * 80);
      }
    }
    return state;
  }
}

/** Whether the kernel can count connections: tried with a chain that nothing asks. */
export async function countsConnections(): Promise<boolean> {
  const chain = `EDGEWHISK-try-${process.pid}`;
  const told = (...rules: string[]) => restore(["*mangle", `:${chain} - [0:0]`, ...rules, "COMMIT", ""].join("\n"));
  // Others may be changing rules: hosts on one bridge should not come to different answers because of that.
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    try {
      await told(`-A ${chain} ${COUNT}`);
      return true;
    } catch (error) {
      if (FINAL.test(why(error))) throw error;
    } finally {
      await told(`-X ${chain}`).catch(() => undefined);
    }
  }
  return false;
}

async function listed(): Promise<string> {
  return (await run("iptables", ["-w", PATIENCE, "-t", "mangle", "-S"], { maxBuffer: 1 << 24, timeout: 15_000 }))
    .stdout;
}

function restore(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("iptables-restore", ["-w", PATIENCE, "--noflush"], { stdio: ["pipe", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(0, MAX_REASON_CHARACTERS);
    });
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(complaint.trim() || `exit code ${code}`)),
    );
    child.stdin.on("error", () => undefined);
    child.stdin.end(text);
  });
}

/** Ports on which somebody listens at this very address: nobody but forwarders does. */
function gatewayPorts(gateway: string): Set<number> {
  const address = gateway
    .split(".")
    .reverse()
    .map((part) => Number(part).toString(16).padStart(2, "0").toUpperCase())
    .join("");
  const ports = new Set<number>();
  for (const line of readFileSync("/proc/net/tcp", "latin1").split("\n")) {
    const match = /^\s*\d+: ([0-9A-F]{8}):([0-9A-F]{4}) \S+ 0A /.exec(line);
    if (match?.[1] === address) ports.add(Number.parseInt(match[2] ?? "", 16));
  }
  return ports;
}

function why(error: unknown): string {
  const { code, stderr } = error as { code?: unknown; stderr?: string };
  if (code === "ENOENT") return "there is no iptables on this machine";
  const text = (typeof stderr === "string" && stderr.trim() !== "" ? stderr : reasonOf(error)).trim();
  return text.split("\n", 1)[0]?.slice(0, MAX_REASON_CHARACTERS) ?? "iptables failed";
}
