// One connection to a NATS server: a stream of JetStream, where each message has a number and is kept until it is
// acknowledged; or a subject, of which comes what is published meanwhile.

import { randomUUID } from "node:crypto";
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import type { NatsSettings } from "../../src/entities/subscription.ts";
import { MAX_UNACKNOWLEDGED } from "../../src/protocol/subscriptions.ts";
import { reasonOf } from "../program/logger.ts";
import type { BrokerConnection, Dialling } from "./connection.ts";
import { natsEvent } from "./message.ts";
import { dialNats } from "./nats-dial.ts";

const PORT = 4222;
/** ms for a dial, and for each answer. */
const PATIENCE_MS = 10_000;
/** ms after which the server sends again what was not acknowledged, and of which it did not hear that it is in hand. */
const ACK_WAIT_MS = 5_000;
/** ms between two words about what is in hand. */
const WORKING_MS = 2_000;
const NANOS = 1_000_000;
const NO_CONSUMER = 10_014;

type NatsDialling = Dialling<NatsSettings>;

/** Resolves when it is subscribed; rejects with the reason, AddressRefused among them. */
export async function connectNats(dialling: NatsDialling): Promise<BrokerConnection> {
  const { settings, credentials, allowed } = dialling;
  const { protocol, hostname, port } = new URL(settings.url);
  const { username, password, token } = credentials;
  const connection = await dialNats(
    {
      servers: [`${hostname}:${Number(port) || PORT}`],
      name: `edgewhisk-${dialling.id}`,
      // Who dials again looks the name up again, and hears no other addresses than its owner's.
      ...{ reconnect: false, ignoreClusterUpdates: true, timeout: PATIENCE_MS, pingInterval: PATIENCE_MS },
      ...(protocol === "tls:" ? { tls: settings.ca === undefined ? {} : { ca: settings.ca } } : {}),
      ...(username === undefined ? {} : { user: username }),
      ...(password === undefined ? {} : { pass: password }),
      ...(token === undefined ? {} : { token }),
    },
    allowed,
  );
  try {
    const { stream, subject } = settings;
    if (stream !== undefined) return await StreamConnection.open(connection, dialling, stream);
    if (subject === undefined) throw new Error("neither a stream nor a subject is named");
    return await SubjectConnection.open(connection, dialling, subject);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** By the durable consumer that bears the subscription's id, whichever host it is. */
class StreamConnection implements BrokerConnection {
  readonly ended: Promise<string>;
  readonly #connection: NatsConnection;
  readonly #dialling: NatsDialling;
  readonly #manager: JetStreamManager;
  readonly #stream: string;
  /** Messages that are on their way, by their numbers: the server may send them again meanwhile. */
  readonly #inHand = new Map<number, { message: JsMsg; since: number }>();
  readonly #working: NodeJS.Timeout;
  #messages: ConsumerMessages | null = null;
  readonly #end = Promise.withResolvers<string>();

  static async open(connection: NatsConnection, dialling: NatsDialling, stream: string): Promise<StreamConnection> {
    const manager = await jetstreamManager(connection, { timeout: PATIENCE_MS });
    const opened = new StreamConnection(connection, dialling, { manager, stream });
    await opened.#consume();
    return opened;
  }

  private constructor(
    connection: NatsConnection,
    dialling: NatsDialling,
    { manager, stream }: { manager: JetStreamManager; stream: string },
  ) {
    this.#connection = connection;
    this.#dialling = dialling;
    this.#manager = manager;
    this.#stream = stream;
    this.ended = this.#end.promise;
    this.#working = setInterval(() => this.#tellWorking(), WORKING_MS);
    void connection.closed().then((error) => {
      clearInterval(this.#working);
      this.#end.resolve(reasonOfEnd(error));
    });
  }

  get #name(): string {
    return `edgewhisk-${this.#dialling.id}`;
  }

  async #consume(): Promise<void> {
    const { subject, deliver } = this.#dialling.settings;
    try {
      await this.#manager.consumers.info(this.#stream, this.#name);
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== NO_CONSUMER) throw error;
      await this.#manager.consumers.add(this.#stream, {
        durable_name: this.#name,
        ack_policy: AckPolicy.Explicit,
        ack_wait: ACK_WAIT_MS * NANOS,
        max_ack_pending: MAX_UNACKNOWLEDGED,
        deliver_policy: deliver === "all" ? DeliverPolicy.All : DeliverPolicy.New,
        ...(subject === undefined ? {} : { filter_subject: subject }),
      });
    }
    const consumer = await jetstream(this.#connection, { timeout: PATIENCE_MS }).consumers.get(
      this.#stream,
      this.#name,
    );
    const messages = await consumer.consume({
      max_messages: MAX_UNACKNOWLEDGED,
      abort_on_missing_resource: true,
      callback: (message) => this.#take(message),
    });
    this.#messages = messages;
    void messages.closed().then((error) => this.#end.resolve(reasonOfEnd(error ?? undefined)));
  }

  #take(message: JsMsg): void {
    const { seq, info, subject, data, headers } = message;
    if (this.#inHand.has(seq)) return;
    this.#inHand.set(seq, { message, since: performance.now() });
    const at = Math.floor(info.timestampNanos / NANOS);
    const { receiver, settings } = this.#dialling;
    receiver.take({
      key: `${info.stream}:${seq}:${info.timestampNanos}`,
      at,
      again: message.redelivered,
      fleeting: false,
      payload: natsEvent(
        {
          ...{ subject, payload: data, stream: info.stream, sequence: seq, timestamp: new Date(at).toISOString() },
          ...(headers === undefined ? {} : { headers: headersOf(headers) }),
        },
        settings,
      ),
      done: () => {
        this.#inHand.delete(seq);
        if (!this.#connection.isClosed()) message.ack();
      },
    });
  }

  /** A platform that is slow needs nothing twice. */
  #tellWorking(): void {
    const before = performance.now() - WORKING_MS / 2;
    for (const { message, since } of this.#inHand.values()) {
      if (since < before && !this.#connection.isClosed()) message.working();
    }
  }

  /** The server sends no more than what may be unacknowledged. */
  resume(): void {}

  async lag(): Promise<number | null> {
    if (this.#connection.isClosed()) return null;
    return (await this.#manager.consumers.info(this.#stream, this.#name)).num_pending;
  }

  async close({ forget }: { forget: boolean }): Promise<void> {
    if (!this.#connection.isClosed()) {
      this.#messages?.stop();
      if (forget) await this.#manager.consumers.delete(this.#stream, this.#name).catch(() => false);
    }
    await closed(this.#connection);
  }
}

class SubjectConnection implements BrokerConnection {
  readonly ended: Promise<string>;
  readonly #connection: NatsConnection;

  static async open(connection: NatsConnection, dialling: NatsDialling, subject: string): Promise<SubjectConnection> {
    const { receiver, settings } = dialling;
    const end = Promise.withResolvers<string>();
    void connection.closed().then((error) => end.resolve(reasonOfEnd(error)));
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) receiver.take(fleetingOf(message, settings));
        else end.resolve(reasonOf(error));
      },
    });
    // What it is refused for is known when the server has answered.
    await connection.flush();
    return new SubjectConnection(connection, end.promise);
  }

  private constructor(connection: NatsConnection, ended: Promise<string>) {
    this.#connection = connection;
    this.ended = ended;
  }

  /** What there is no room for is dropped. */
  resume(): void {}

  async lag(): Promise<number | null> {
    return null;
  }

  async close(): Promise<void> {
    await closed(this.#connection);
  }
}

function fleetingOf({ subject, data, headers }: Msg, settings: NatsSettings) {
  const event = { subject, payload: data, ...(headers === undefined ? {} : { headers: headersOf(headers) }) };
  return {
    ...{ key: randomUUID(), at: Date.now(), again: false, fleeting: true },
    payload: natsEvent(event, settings),
    done: () => undefined,
  };
}

function headersOf(headers: NonNullable<Msg["headers"]>): Record<string, string[]> {
  return Object.fromEntries(headers.keys().map((name) => [name, headers.values(name)]));
}

/** What was acknowledged reaches the server before the line ends. */
async function closed(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  const timer = setTimeout(() => void connection.close(), PATIENCE_MS);
  try {
    await connection.drain();
  } catch {
    // It has ended by itself.
    await connection.close();
  } finally {
    clearTimeout(timer);
  }
}

function reasonOfEnd(error: unknown): string {
  return error === undefined ? "the server has closed the connection" : reasonOf(error);
}
