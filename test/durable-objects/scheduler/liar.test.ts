// A host that lies, against a scheduler and the incarnations after it: it says whatever the protocol has words for,
// about runs it was given, runs it was given before, runs of another host and ids of its own making. Whatever it says,
// stores hear only of what this host was granted, as the platform knows it.

import { describe, expect, it } from "vitest";
import { SchedulerCore } from "../../../durable-objects/scheduler/core.ts";
import type { Connection } from "../../../durable-objects/scheduler/ports.ts";
import type { ActivationMeta } from "../../../src/entities/activation.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import { encodeFrames } from "../../../src/protocol/codec.ts";
import type { HostMessage, Lease, SchedulerMessage } from "../../../src/protocol/messages.ts";
import { storeNameOf } from "../../../src/protocol/names.ts";
import { aboutDigest, Proofs } from "../../../src/protocol/proofs.ts";
import type { Finished, Offer, RosterEntry } from "../../../src/protocol/rpc.ts";
import { Random } from "../../simulator/machine/random.ts";
import { callOf, completed, reportOf } from "../calls.ts";
import { Clock, settle } from "../clock.ts";

const SEEDS = Number(process.env.LIAR_SEEDS ?? "150");
const STEPS = 120;
const NAMESPACES = ["one", "two"];

/** What the platform knows of an attempt. */
interface Known {
  id: string;
  attempt: number;
  about: ActivationMeta;
  lease: Lease;
  /** By this host. */
  mine: boolean;
}

class Harness {
  readonly clock = new Clock();
  readonly proofs = new Proofs({ current: "a secret of the tests", previous: null });
  readonly known: Known[] = [];
  readonly stored: { store: string; finished: Finished }[] = [];
  readonly entries: RosterEntry[] = [];
  readonly sent: SchedulerMessage[] = [];
  readonly memory = { epoch: 0, draining: false, provenSince: 0 };
  readonly offers: Offer[] = [];
  core = this.#incarnate();
  connection: Connection | undefined;

  #incarnate(): SchedulerCore {
    return new SchedulerCore("h/0", {
      now: this.clock.now,
      after: this.clock.after,
      memory: {
        load: () => ({ ...this.memory }),
        saveEpoch: (epoch) => {
          this.memory.epoch = epoch;
        },
        saveProvenSince: () => {},
        saveDraining: () => {},
      },
      store: (store) => ({
        complete: async (list) => void this.stored.push(...list.map((finished) => ({ store, finished }))),
        pull: async () => [],
        accept: async () => ({ kind: "accepted" }),
        declined: async () => {},
      }),
      report: async (entry) => {
        this.entries.push(entry);
        return [];
      },
      proofs: () => this.proofs,
      credential: async () => "key",
      warn: () => {},
    });
  }

  evict(): void {
    this.core = this.#incarnate();
    if (this.connection !== undefined)
      this.core.resume(this.connection, { report: reportOf(), acceptedAt: this.clock.at });
  }

  dial(): void {
    const connection: Connection = {
      send: (frame) => this.#hear(JSON.parse(frame) as SchedulerMessage[]),
      close: () => {
        if (this.connection === connection) this.connection = undefined;
        this.core.disconnected(connection);
      },
      pinged: () => this.clock.at,
    };
    this.connection = connection;
    this.core.connect(connection);
  }

  say(...messages: HostMessage[]): void {
    for (const frame of encodeFrames(messages)) {
      if (this.connection !== undefined) this.core.message(this.connection, frame);
    }
  }

  #hear(messages: SchedulerMessage[]): void {
    for (const message of messages) {
      this.sent.push(message);
      if (message.t !== "run") continue;
      const { lease, attempt, invocation } = message;
      this.known.push({ id: invocation.id, attempt, lease, about: invocation.about as ActivationMeta, mine: true });
    }
  }

  /** Granted elsewhere, or here by an incarnation that is gone. */
  grant(host: string, about: ActivationMeta): void {
    const id = newActivationId(this.clock.at, 3);
    const lease = this.proofs.lease({ host, id, attempt: 1, about: aboutDigest(about) }, { epoch: 1, turn: 1 });
    this.known.push({ id, attempt: 1, about, lease, mine: host === "h" });
  }

  welcomed(): number {
    const welcome = this.sent.findLast((message) => message.t === "welcome");
    return welcome?.t === "welcome" ? welcome.epoch : 0;
  }

  /** What must not have happened. */
  complaints(): string[] {
    const complaints: string[] = [];
    for (const { store, finished } of this.stored) {
      const { id, attempt, about, completion, unproven } = finished;
      const known = this.known.find((each) => each.id === id && each.attempt === attempt && each.mine);
      if (known === undefined) complaints.push(`${id}/${attempt} was never granted to this host`);
      else if (aboutDigest(known.about) !== aboutDigest(about)) complaints.push(`${id}: about is the host's word`);
      else if (store !== storeNameOf(known)) complaints.push(`${id} went to ${store}`);
      if (unproven === true) complaints.push(`${id} was passed on unproven`);
      // What the scheduler itself says of a run it gives up names no host.
      if (completion.host !== undefined && completion.host !== "h") complaints.push(`${id} names ${completion.host}`);
    }
    for (const { host, scheduler } of this.entries) {
      if (host !== "h" || scheduler !== "h/0") complaints.push(`the roster hears of ${scheduler}`);
    }
    if (this.memory.epoch > 1e9) complaints.push(`epoch ${this.memory.epoch}`);
    return complaints;
  }
}

function lie(harness: Harness, random: Random): HostMessage {
  const truth = harness.known.length > 0 && random.chance(0.9) ? random.pick(harness.known) : undefined;
  const other = harness.known.length > 0 ? random.pick(harness.known) : undefined;
  const id = truth?.id ?? newActivationId(harness.clock.at, 5);
  const attempt = random.chance(0.8) ? (truth?.attempt ?? 1) : random.int(1, 3);
  const counter = random.pick([truth?.lease.counter ?? 0, other?.lease.counter ?? 0, random.int(0, 1e9), 0]);
  const lease = { epoch: random.chance(0.8) ? (truth?.lease.epoch ?? 1) : random.int(0, 5), counter };
  const honest = (truth?.about ?? callOf().about) as ActivationMeta;
  const about = random.chance(0.6)
    ? honest
    : {
        ...honest,
        ...random.pick([{ namespaceId: "two" }, { namespace: "x" }, { path: "a/b" }, { name: "z" }, { store: false }]),
      };
  const completion = { ...completed('{"a":"lie"}'), host: random.pick(["h", "g"]) };
  const word = { id, attempt, lease };
  const epoch = random.chance(0.8) ? harness.welcomed() : random.pick([0, harness.welcomed() + 1, 1e15]);
  const running = [{ ...word, memory: random.pick([0, 128, 512]), about }];
  return random.pick<() => HostMessage>([
    () => ({ t: "record", ...word, about, completion }),
    () => ({ t: "record", ...word, about, completion }),
    () => ({ t: "result", ...word, completion }),
    () => ({ t: "refused", ...word, reason: random.pick(["busy", "stale", "draining", "duplicate"]) }),
    () => ({ t: "inventory", epoch, boot: "boot-1", running, kept: [{ id, attempt }], more: random.chance(0.3) }),
    () => ({ t: "inventory", epoch, boot: "boot-1", running: [], more: false }),
    () => ({ t: "health", memory: random.pick([0, 1024, 1e8]), ...(random.chance(0.3) ? { unhealthy: "ill" } : {}) }),
    () => ({ t: "lines", id, ask: random.int(0, 5), attempt, text: '"a lie"', next: 1 }),
    () => ({
      t: "hello",
      report: reportOf({ boot: random.pick(["boot-1", "boot-2"]), epoch: random.pick([0, 3, 1e15]) }),
    }),
  ])();
}

async function live(seed: number): Promise<Harness> {
  const random = new Random(seed);
  const harness = new Harness();
  for (const host of ["h", "g", "g"])
    harness.grant(host, callOf({ about: { namespaceId: random.pick(NAMESPACES) } }).about as ActivationMeta);
  for (let step = 0; step < STEPS; step++) {
    const isIn = harness.connection !== undefined;
    if (!isIn || random.chance(0.03)) {
      harness.dial();
      harness.say({ t: "hello", report: reportOf({ epoch: random.chance(0.1) ? 1e15 : 0 }) });
      await settle();
      if (random.chance(0.8))
        harness.say({ t: "inventory", epoch: harness.welcomed(), boot: "boot-1", running: [], more: false });
    } else if (step % 31 === 30) harness.evict();
    else if (random.chance(0.25)) {
      const call = callOf({
        about: {
          namespaceId: random.pick(NAMESPACES),
          limits: { timeout: 60_000, memory: 128, logs: 10, concurrency: 1 },
        },
      });
      if (random.chance(0.5)) void harness.core.invoke(call, { waitMs: 1_000 });
      else
        void harness.core.offer(storeNameOf(call), [{ invocation: call, attempt: 1 }], {
          epoch: harness.core.status().epoch,
        });
    } else harness.say(lie(harness, random));
    await settle();
    if (random.chance(0.2)) await harness.clock.advance(random.pick([10, 500, 15_000]));
  }
  await harness.clock.advance(200_000);
  return harness;
}

describe("a host that lies", () => {
  it(`is heard of in what it was granted only, with ${SEEDS} seeds`, async () => {
    let heard = 0;
    let strangers = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const harness = await live(seed);
      expect(harness.complaints(), `LIAR seed ${seed}`).toEqual([]);
      heard += harness.stored.filter(({ finished }) => finished.completion.ran).length;
      strangers += harness.core.status().strangers;
    }
    // Some of what it says is true, and is taken; and it does lie.
    expect(heard).toBeGreaterThan(SEEDS);
    expect(strangers).toBeGreaterThan(SEEDS);
  });
});
