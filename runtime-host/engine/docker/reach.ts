// What containers of this host are told of the world around them, and what they may reach of it beside the internet.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Logger, reasonOf } from "../../program/logger.ts";
import { type ApiPlace, apiHostOf, placeOf } from "../api-host.ts";
import type { Openings } from "../firewall/firewall-rules.ts";
import { NameFile, type NameService, readNameService } from "./name-service.ts";
import { namesFor, PLAIN } from "./network.ts";
import { canCloseNames } from "./resolver.ts";

export interface ReachOptions {
  readonly apiUrl: string;
  /** "" = as api-host.ts decides. */
  readonly apiHost: string;
  /** Private networks that are open. */
  readonly allow: readonly string[];
  /** Absent = where systems have them. */
  readonly nameFiles?: readonly string[];
  /** Folder of this host's own. */
  readonly state: string;
  readonly log: Logger;
}

export class Reach {
  /** Of the bridge, and of its interface. */
  readonly network: { readonly network: string; readonly bridge: string };
  readonly #options: ReachOptions;
  /** What actions are told, where that is not the forwarder. */
  readonly origin: string | null;
  #place: ApiPlace | null = null;
  #names: NameFile | null = null;

  constructor(options: ReachOptions) {
    this.#options = options;
    const told = apiHostOf(options);
    this.origin = told === "gateway" ? null : told;
    this.network = namesFor({ ...PLAIN, allow: options.allow, apiHost: this.origin });
  }

  /** Only where the engine's containers are this machine's. */
  async open(): Promise<void> {
    await this.#locate();
    const service = readNameService(this.#options.nameFiles);
    const possible = service === null ? "this machine names no server but itself" : await canCloseNames();
    if (service === null || possible !== true) {
      this.#options.log.info("names-by-engine", { reason: possible });
      return;
    }
    this.#names = new NameFile(join(this.#options.state, "resolv.conf"));
    this.#names.write(service);
  }

  /** A resolv.conf for containers, or null: then the engine's own server is asked, and stays open. */
  get names(): string | null {
    return this.#names?.path ?? null;
  }

  /** `name:address`: how containers find the API where the internet's name servers may not know it. */
  get hosts(): string[] {
    const { hostname = "", closed = [] } = this.#place ?? {};
    return closed.includes(hostname) ? [] : closed.slice(0, 1).map((address) => `${hostname}:${address}`);
  }

  /** Asked again and again, because name servers and addresses change. */
  async openings(gateway: string): Promise<Omit<Openings, "counted">> {
    await this.#locate();
    const { port = 0, closed = [] } = this.#place ?? {};
    const service = readNameService(this.#options.nameFiles);
    if (service !== null) this.#write(service);
    return {
      names: (service?.servers ?? []).filter((each) => each !== gateway),
      api: closed.filter((each) => each !== gateway).map((address) => ({ address, port })),
      networks: this.#options.allow,
    };
  }

  /** Where the forwarder listened last; 0 = nowhere yet. */
  get port(): number {
    try {
      return Number(readFileSync(this.#portFile, "utf8")) || 0;
    } catch {
      return 0;
    }
  }

  set port(port: number) {
    writeFileSync(this.#portFile, String(port), { mode: 0o600 });
  }

  get #portFile(): string {
    return join(this.#options.state, "forwarder-port");
  }

  #write(service: NameService): void {
    try {
      this.#names?.write(service);
    } catch (error) {
      // What stands there stays; rules do not fall because a disk is full.
      this.#options.log.warn("names-not-written", { reason: reasonOf(error) });
    }
  }

  async #locate(): Promise<void> {
    if (this.origin === null) return;
    try {
      this.#place = await placeOf(this.origin);
    } catch (error) {
      // What was known last stays open.
      this.#options.log.warn("api-host-unknown", { apiHost: this.origin, reason: reasonOf(error) });
    }
  }
}
