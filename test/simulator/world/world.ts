// One simulated deployment and its life: hosts join, callers call, things break, faults stop, everything comes to rest,
// the whole platform restarts once more. Module `world/run.ts` is its door.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ActivationStore, Composition, InvokerScheduler, Roster, Throttle } from "simulated:product";
import type { ActivationRecord } from "../../../src/entities/activation.ts";
import type { ActivationStoreMode } from "../../../src/entities/activation-store-mode.ts";
import type { StepRequest } from "../../../src/protocol/composition.ts";
import type { Fire } from "../../../src/protocol/fire.ts";
import type { SchedulerMessage } from "../../../src/protocol/messages.ts";
import { storeNameOf } from "../../../src/protocol/names.ts";
import type { ActivationStoreRpc } from "../../../src/protocol/rpc.ts";
import { Kernel, type Owner } from "../machine/kernel.ts";
import type { Random } from "../machine/random.ts";
import { wipe } from "../platform/disk.ts";
import { Network } from "../platform/network.ts";
import { type ObjectNode, Platform } from "../platform/objects.ts";
import { Shelves } from "../platform/shelves.ts";
import { plug } from "../platform/socket.ts";
import type { Bar } from "./barred.ts";
import { breakThings, loseShelf } from "./faults.ts";
import { type Call, History } from "./history.ts";
import { SimHost } from "./host.ts";
import { type Bindings, Isolate } from "./isolate.ts";
import { Liar } from "./liar.ts";
import { noneWaits, noRefusal } from "./matched.ts";
import { type CallPlan, type FirePlan, QUEUE_TIME, type Scenario } from "./scenario.ts";

const MODES: ActivationStoreMode[] = ["d1", "d1", "r2", "d1+r2"];
const MIGRATIONS = join(process.cwd(), "src/storage/records/migrations");
const TABLES = readdirSync(MIGRATIONS)
  .sort()
  .map((name) => readFileSync(join(MIGRATIONS, name), "utf8"))
  .join("\n");

export class World {
  readonly scenario: Scenario;
  readonly kernel: Kernel;
  readonly network: Network;
  readonly platform: Platform;
  readonly shelves: Shelves;
  /** Changes with "mode-change". */
  mode: ActivationStoreMode;
  /** Until then (ms since the beginning) whoever moves records to where a new mode has them is lost; null:
   * the mode stays. */
  movesUntil: number | null = null;
  readonly history: History;
  readonly hosts: SimHost[];
  readonly bindings: Bindings;
  readonly isolates: Isolate[] = [];
  readonly bars: Bar[] = [];
  readonly liar: Liar | null;
  /** Stands for callers and operators outside; never fails. */
  readonly outside: Owner = { label: "outside", alive: true };
  readonly #random: Random;

  constructor(scenario: Scenario, options: { random: Random; keepTrace: boolean }) {
    this.scenario = scenario;
    this.#random = options.random;
    this.kernel = new Kernel(options.random.fork(), options);
    this.network = new Network(this.kernel, scenario.weather);
    this.platform = new Platform(this.kernel, this.network, { random: options.random.fork(), skews: scenario.skews });
    // Drawn from what is there, so that nothing else is drawn otherwise.
    const seed = Math.floor(scenario.length);
    this.mode = MODES[seed % MODES.length] ?? "d1";
    this.shelves = new Shelves(this.platform, TABLES);
    if (seed % 5 === 0 && scenario.profile !== "calm")
      loseShelf(this, { at: 2_000, length: 9_000, victim: (seed % 2) / 2 });
    this.history = new History(this.kernel, (id) => this.isWritten(id));
    this.bindings = {
      SCHEDULER: this.platform.bind("scheduler", InvokerScheduler),
      ACTIVATIONS: this.platform.bind("store", ActivationStore),
      THROTTLE: this.platform.bind("throttle", Throttle),
      ROSTER: this.platform.bind("roster", Roster),
      COMPOSITION: this.platform.bind("composition", Composition),
    } as Bindings;
    Object.assign(this.platform.env, this.bindings, {
      BLOBS: this.shelves.bucket(),
      DB: {},
      RECORDS_0: this.shelves.database(),
      ACTIVATION_STORE: this.mode,
      METRICS: { getByName: () => ({ push: async () => undefined }) },
      SIMULATED_HOSTS: scenario.hosts.map((plan) => plan.name),
      MASTER_SECRET: "simulated-master-secret-0123456789",
      ACTIVATION_SHARDS: String(scenario.shards),
      MAX_QUEUE_TIME: String(QUEUE_TIME),
    });
    this.platform.exports.Internal = {
      resume: (fire: Fire, started: string[]) =>
        this.platform.callWorker(
          () => this.isolate(),
          (worker) => (worker as Isolate).resume(fire, started),
        ),
      step: (request: StepRequest) =>
        this.platform.callWorker(
          () => this.isolate(),
          (worker) => (worker as Isolate).step(request),
        ),
    };
    const { kernel, network, history } = this;
    const around = {
      ...{ kernel, network, history },
      random: this.#random.fork(),
      overheard: (messages: readonly SchedulerMessage[]) => this.liar?.overhear(messages),
      actionOf: (path: string) => scenario.actions.find((each) => path.endsWith(`/${each.name}`)),
    };
    this.hosts = scenario.hosts.map((plan) => new SimHost(plan, around));
    wipe();
    plug((url) => this.#dial(url), network);
    // In a third of the worlds.
    this.liar = seed % 3 === 0 ? new Liar(kernel, seed) : null;
  }

  async live(): Promise<void> {
    const { kernel, scenario, network, hosts } = this;
    for (const host of hosts) kernel.after(host.plan.joinsAt, null, () => host.start());
    for (const [number, plan] of scenario.calls.entries()) kernel.after(plan.at, null, () => this.#call(number, plan));
    for (const [index, plan] of scenario.fires.entries())
      kernel.after(plan.at, null, () => this.#fire(scenario.calls.length + index, plan));
    breakThings(this, scenario.faults);
    this.liar?.start(scenario.length);
    const observe = (): void => {
      for (const host of hosts) host.observe();
      noneWaits(this);
      kernel.after(1_000, null, observe);
    };
    kernel.after(1_000, null, observe);
    await kernel.run(scenario.length);
    network.faults = false;
    kernel.trace("faults stop");
    for (const node of this.platform.nodes()) {
      node.end("Durable Object was superseded.");
      node.mutedUntil = 0;
    }
    for (const host of hosts) {
      host.start();
      host.idleSince = null;
    }
  }

  /** The one that serves this call: of several, where the world has them. */
  isolate(number = 0): Isolate {
    const alive = this.isolates.filter((each) => each.alive);
    const width = this.scenario.isolates;
    const serving = alive.length < width ? undefined : alive[number % width];
    if (serving !== undefined) return serving;
    const label = `worker${this.isolates.length}`;
    const { kernel, history, bindings, scenario } = this;
    const { shards, actions, compositions } = scenario;
    const refused = (scheduler: string, action: string): void => noRefusal(this, scheduler, action);
    const skew = this.platform.skew();
    const next = new Isolate({ label, kernel, history, bindings, shards, actions, compositions, skew, refused });
    this.isolates.push(next);
    return next;
  }

  loseIsolate(): void {
    const isolate = this.isolate();
    this.kernel.trace(`${isolate.label} lost`);
    isolate.alive = false;
    isolate.lostAt = this.kernel.elapsed;
    for (const tell of isolate.pending) tell(new Error("The Worker was lost."));
    isolate.pending.clear();
    for (const call of this.history.calls) {
      if (call.isolate === isolate.label) this.history.tell(call, { kind: "broken", cause: "isolate lost" });
    }
  }

  nodes(kind: "scheduler" | "store" | "throttle" | "roster" | "composition"): ObjectNode[] {
    return this.platform.nodes().filter((node) => node.label.startsWith(`${kind}(`));
  }

  /** As whoever looks from outside; waits at most until the kernel stops. */
  outsideCall<T>(run: () => Promise<T>): Promise<T> {
    this.kernel.owner = this.outside;
    return run();
  }

  storeOf(id: string, namespace: string): ActivationStoreRpc {
    return this.bindings.ACTIVATIONS.getByName(storeNameOf({ id, about: { namespaceId: namespace } }));
  }

  isWritten(id: string): boolean {
    if (this.recordText(id) !== null) return true;
    const query = "SELECT 1 FROM rows WHERE id = ?1 UNION ALL SELECT 1 FROM fires WHERE id = ?1";
    const run = "SELECT 1 FROM runs WHERE id = ?1";
    return (
      this.nodes("store").some(({ shelf }) => shelf.sql.exec(query, id).toArray().length > 0) ||
      this.nodes("composition").some(({ shelf }) => shelf.sql.exec(run, id).toArray().length > 0)
    );
  }

  /** As it lies in an object, or where that has handed it over; "" where its storing is off. */
  recordText(id: string): string | null {
    for (const { shelf } of this.nodes("store")) {
      const asked = "SELECT record, kept FROM records WHERE id = ?";
      const [row] = shelf.sql.exec<{ record: string; kept: number }>(asked, id).toArray();
      if (row !== undefined && row.kept < 2) return row.record;
    }
    return this.shelves.textOf(id);
  }

  read(id: string, record: ActivationRecord): void {
    this.history.read(id, JSON.stringify(record));
  }

  #call(number: number, plan: CallPlan): void {
    const { kernel, history, scenario } = this;
    const namespace = scenario.namespaces[plan.namespace]!;
    const composition = plan.composition === undefined ? undefined : scenario.compositions[plan.composition];
    const action = composition ?? scenario.actions[plan.action]!;
    const isolate = this.isolate(number);
    const { blocking, waitMs, runMs } = plan;
    const call: Call = {
      ...{ number, blocking, waitMs, runMs, id: null, namespace: namespace.uuid, action: action.name },
      ...{ isolate: isolate.label, sentAt: kernel.elapsed, leftAt: null, told: null, toldAt: null },
      ...(composition === undefined ? {} : { composition: true }),
    };
    history.calls.push(call);
    kernel.owner = isolate;
    kernel.trace(`call ${number} ${namespace.name}/${action.name} wait ${blocking ? waitMs : 0} run ${runMs}`);
    void isolate.serve(call, { namespace, action });
    if (plan.leavesAfter > 0) {
      kernel.after(plan.leavesAfter, null, () => {
        if (call.told === null) call.leftAt = kernel.elapsed;
      });
    }
  }

  #fire(number: number, plan: FirePlan): void {
    const { kernel, history, scenario } = this;
    const namespace = scenario.namespaces[plan.namespace]!;
    const isolate = this.isolate();
    const call: Call = {
      ...{ number, blocking: false, waitMs: 0, runMs: plan.runMs, id: null, namespace: namespace.uuid },
      ...{
        action: "a trigger",
        isolate: isolate.label,
        sentAt: kernel.elapsed,
        leftAt: null,
        told: null,
        toldAt: null,
      },
    };
    history.calls.push(call);
    kernel.owner = isolate;
    kernel.trace(`call ${number} fires ${plan.rules.length} rules in ${namespace.name}`);
    void isolate.fire(call, { namespace, plan });
  }

  /** The Worker's route for hosts. */
  async #dial(url: string): ReturnType<Platform["dial"]> {
    const { hostname, searchParams } = new URL(url);
    const name = `${hostname}/${searchParams.get("shard") ?? "0"}`;
    const headers = new Headers({ upgrade: "websocket", "x-edgewhisk-host": hostname });
    const node = this.platform.node("scheduler", InvokerScheduler, name);
    return await this.platform.dial(node, { url, method: "GET", headers });
  }
}
