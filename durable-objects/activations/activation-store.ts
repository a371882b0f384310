// Keeps the activations of one namespace and shard: what its methods return has been written when the reply leaves.

import type { ActivationMeta, ActivationRecord, Payload } from "../../src/entities/activation.ts";
import type { ActivationId } from "../../src/entities/activation-id.ts";
import type { RecordFilter } from "../../src/entities/kept-record.ts";
import type { Env } from "../../src/env.ts";
import type { MetricsSender } from "../../src/metrics/sender.ts";
import type { FiguresPage, FiguresQuery } from "../../src/protocol/figures.ts";
import type { Accepted, EventFire, EventsAccepted, Fire, KnownEvents } from "../../src/protocol/fire.ts";
import type { Forwarded, ForwardOrder, ForwardState } from "../../src/protocol/forwarding.ts";
import type { MoveProgress } from "../../src/protocol/moving.ts";
import type {
  ActivationStoreRpc,
  Finished,
  FoundRecord,
  LedgerCount,
  LedgerPage,
  Offer,
  OpenRow,
  Pulling,
  SchedulerName,
} from "../../src/protocol/rpc.ts";
import { type Confirm, confirming } from "../shared/confirm.ts";
import { counted, countingOf } from "../shared/counting.ts";
import { ErasableObject } from "../shared/erasable.ts";
import { databaseOf, platformPorts } from "../shared/platform.ts";
import { CommitTurn } from "./commit-turn.ts";
import { StoreCore } from "./core.ts";
import { gaugesOf } from "./gauges.ts";
import { storePorts } from "./store-ports.ts";

export class ActivationStore extends ErasableObject implements ActivationStoreRpc {
  readonly #core: StoreCore;
  readonly #confirm: Confirm;
  readonly #counting: MetricsSender;
  readonly #turn = new CommitTurn();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { name } = ctx.id;
    if (name === undefined) throw new Error("an activation store is addressed by its name only");
    const ports = platformPorts(ctx, `activations ${name}`, env);
    this.#counting = countingOf(env, `activations ${name}`, {
      ports,
      state: () => ({ store: { name, ...gaugesOf(this.#core.backlog(), Date.now()) } }),
    });
    this.#confirm = counted(confirming(env), this.#counting);
    this.#core = new StoreCore(name, {
      database: databaseOf(ctx.storage),
      ports: storePorts(ctx, env, { name, ports, meter: this.#counting.meter }),
    });
  }

  async accept(
    ...[invocations, { waitMs = 0, ...options }]: Parameters<ActivationStoreRpc["accept"]>
  ): Promise<Accepted & { record?: ActivationRecord }> {
    await this.#turn.end();
    await this.#recall(invocations);
    const reply = await this.#confirm(this.#core.accept(invocations, options));
    const [first] = invocations;
    if (first === undefined || waitMs <= 0 || reply.kind === "full") return reply;
    const { record } = await this.#core.await(first.id, { ms: waitMs });
    return record === null ? reply : { kind: "accepted", record };
  }

  async open(row: OpenRow): Promise<void> {
    return this.#confirm(this.#core.open(row));
  }

  async await(id: ActivationId, options: { ms: number }): Promise<FoundRecord> {
    await this.#recall([{ id }]);
    return this.#core.await(id, options);
  }

  async fire(fire: Fire): Promise<Accepted> {
    await this.#turn.end();
    await this.#recall([fire]);
    return this.#confirm(this.#core.fire(fire));
  }

  async fireEvents(feed: string, fires: EventFire[], options: { max: number }): Promise<EventsAccepted> {
    await this.#turn.end();
    await this.#recall(fires.map(({ fire }) => fire));
    return this.#confirm(this.#core.fires.acceptEvents(feed, fires, options));
  }

  async knownEvents(feed: string, options: { forget: boolean }): Promise<KnownEvents> {
    return this.#confirm(this.#core.fires.knownEvents(feed, options));
  }

  async follow(...[these]: Parameters<ActivationStoreRpc["follow"]>): Promise<void> {
    return this.#confirm(this.#core.archive.outbox.follow(these));
  }

  async fired(id: ActivationId, logs: Payload): Promise<void> {
    await this.#turn.end();
    return this.#confirm(this.#core.fired(id, logs));
  }

  async complete(finished: Finished[], from: { scheduler: SchedulerName; epoch: number }): Promise<void> {
    await this.#recall(finished);
    return this.#confirm(this.#core.complete(finished, from));
  }

  async fail(id: ActivationId, options: { about: ActivationMeta; reason: string }): Promise<ActivationRecord> {
    await this.#recall([{ id }]);
    const record = await this.#confirm(this.#core.fail(id, options));
    const found = record ?? (await this.#core.find(id)).record;
    if (found === null) throw new Error(`the record of ${id} is not where it was put`);
    return found;
  }

  async declined(items: { id: ActivationId; attempt: number }[], from: { scheduler: SchedulerName }): Promise<void> {
    return this.#confirm(this.#core.declined(items, from));
  }

  async pull(scheduler: SchedulerName, options: Pulling): Promise<Offer[]> {
    const offers = this.#core.pull(scheduler, options);
    return offers.length === 0 ? offers : this.#confirm(offers);
  }

  async bar(subject: string, state: { barred: boolean; everybody: boolean }): Promise<void> {
    return this.#confirm(this.#core.bar(subject, state));
  }

  async get(id: ActivationId): Promise<FoundRecord> {
    return this.#core.find(id);
  }

  async importable(ids: ActivationId[]): ReturnType<ActivationStoreRpc["importable"]> {
    await this.#recall(ids.map((id) => ({ id })));
    return this.#core.importable(ids);
  }

  async import(...[items]: Parameters<ActivationStoreRpc["import"]>): ReturnType<ActivationStoreRpc["import"]> {
    await this.#recall(items.map(({ record }) => ({ id: record.activationId })));
    return this.#confirm(this.#core.import(items));
  }

  async page(filter: RecordFilter, limit: number): Promise<LedgerPage> {
    return this.#core.page(filter, limit);
  }

  async tally(filter: RecordFilter): Promise<LedgerCount> {
    return this.#core.tally(filter);
  }

  async place(id: ActivationId): ReturnType<ActivationStoreRpc["place"]> {
    return this.#core.place(id);
  }

  async figures(query: FiguresQuery): Promise<FiguresPage | null> {
    return this.#core.figures(query);
  }

  async move(...[to]: Parameters<ActivationStoreRpc["move"]>): Promise<MoveProgress | null> {
    return this.#confirm(this.#core.move(to));
  }

  async retain(from: number): Promise<void> {
    return this.#confirm(this.#core.retain(from));
  }

  async forward(order: ForwardOrder, what?: Forwarded): Promise<void> {
    return this.#confirm(this.#core.forward(order, what));
  }

  async forwarding(what?: Forwarded): Promise<ForwardState | null> {
    return this.#core.forwarding(what);
  }

  async limitEvents(...[events, lost]: Parameters<ActivationStoreRpc["limitEvents"]>): Promise<boolean> {
    return this.#confirm(this.#core.archive.events?.limits(events, lost) ?? false);
  }

  async holdings(): ReturnType<ActivationStoreRpc["holdings"]> {
    return this.#core.holdings();
  }

  async unowned(activations: Parameters<ActivationStoreRpc["unowned"]>[0]): Promise<string[]> {
    return this.#core.archive.unowned(activations);
  }

  async backlog(): ReturnType<ActivationStoreRpc["backlog"]> {
    return this.#core.backlog();
  }

  override async alarm(): Promise<void> {
    await this.#core.alarm();
    this.#counting.touch();
  }

  /** Nearly always nothing to wait for. */
  #recall(activations: readonly { id: ActivationId }[]): Promise<void> | undefined {
    return this.#core.recall(activations.map((each) => each.id));
  }
}
