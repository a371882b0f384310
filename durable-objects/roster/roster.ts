// The one Durable Object that knows which hosts there are, which of them are in, and whose work waits for one.

import { DurableObject } from "cloudflare:workers";
import { equalTexts } from "../../src/entities/credential.ts";
import type { Env } from "../../src/env.ts";
import { HOST_NAME, HOST_NAME_RULE, hostOfToken } from "../../src/protocol/names.ts";
import type { HostToken, NewHostReply, Overview, RosterEntry, RosterRpc, StoreName } from "../../src/protocol/rpc.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { databaseOf } from "../shared/platform.ts";
import { RosterStore } from "./roster-store.ts";
import { digestOf, newToken } from "./tokens.ts";

/** Compared with where there is no such host, so that this takes the same time. */
const NO_DIGEST = "0".repeat(64);

export class Roster extends DurableObject<Env> implements RosterRpc {
  readonly #store: RosterStore;
  readonly #confirm: Confirm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#confirm = confirming(env);
    this.#store = new RosterStore(databaseOf(ctx.storage));
  }

  async createHost(name: string, options: { rotate: boolean; shards?: number }): Promise<NewHostReply> {
    if (!HOST_NAME.test(name)) return { kind: "bad-name", rule: HOST_NAME_RULE };
    const token = newToken(name);
    const digest = await digestOf(token);
    // No wait between the look and the write.
    if (!options.rotate && this.#store.host(name) !== undefined) return { kind: "exists" };
    this.#store.setHost(name, digest, { now: Date.now(), shards: options.shards });
    return this.#confirm({ kind: "made", token });
  }

  async revokeHost(name: string): Promise<boolean> {
    return this.#confirm(this.#store.dropHost(name));
  }

  async authenticate(token: string): Promise<{ host: string; shards: number } | null> {
    const host = hostOfToken(token);
    if (host === null) return null;
    const digest = await digestOf(token);
    const known = this.#store.host(host);
    const isGood = equalTexts(digest, known?.digest ?? NO_DIGEST);
    return isGood && known !== undefined ? { host, shards: known.shards } : null;
  }

  async hosts(): Promise<HostToken[]> {
    return this.#store.hosts();
  }

  async schedulers(): Promise<RosterEntry[]> {
    return this.#store.schedulers();
  }

  async overview(): Promise<Overview> {
    return { schedulers: this.#store.schedulers(), full: this.#store.full(Date.now()) };
  }

  async full(store: StoreName, why: string | null): Promise<void> {
    return this.#confirm(this.#store.setFull(store, why, Date.now()));
  }

  async report(entry: RosterEntry): Promise<StoreName[] | null> {
    if (!this.#store.report(entry)) return null;
    const comes = entry.connected && !entry.draining && entry.unhealthy === undefined;
    return comes ? this.#store.waiting() : [];
  }

  async waitingStores(): Promise<StoreName[]> {
    return this.#store.waiting();
  }

  async waiting(store: StoreName, waits: boolean): Promise<void> {
    return this.#confirm(this.#store.setWaiting(store, waits));
  }
}
