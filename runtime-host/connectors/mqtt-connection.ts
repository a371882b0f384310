// One connection to an MQTT broker. The codec is that of the mqtt library; its client acknowledges one packet after the
// other, each before it reads the next one, while here a thousand may be on their way.

import { createHash, randomUUID } from "node:crypto";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { generate, type IConnackPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import type { MqttSettings } from "../../src/entities/subscription.ts";
import { MAX_UNACKNOWLEDGED } from "../../src/protocol/subscriptions.ts";
import { addressOf } from "./addresses.ts";
import type { BrokerConnection, Dialling } from "./connection.ts";
import { mqttEvent } from "./message.ts";

const PORTS = { "mqtt:": 1883, "mqtts:": 8883 } as const;
/** Seconds of silence after which the broker gives us up. */
const KEEPALIVE_S = 30;
const PING_MS = 10_000;
/** ms for a dial, and for each answer of the broker to what we say first. */
const PATIENCE_MS = 10_000;
/** Bytes of a packet. */
const MAX_PACKET = 4 * 1024 * 1024;
/** Bytes that are parsed before it is looked whether there is room for more. */
const PIECE = 1_024;
/** Codes from here on are refusals. */
const REFUSED = 0x80;

/** Resolves when it is subscribed; rejects with the reason, AddressRefused among them. */
export async function connectMqtt(dialling: Dialling<MqttSettings>): Promise<BrokerConnection> {
  const { settings, allowed } = dialling;
  const url = new URL(settings.url);
  const host = await addressOf(url.hostname, allowed);
  const port = Number(url.port) || PORTS[url.protocol as keyof typeof PORTS];
  const socket = await opened(
    url.protocol === "mqtts:"
      ? connectTls({ host, port, ...serverName(url), ...(settings.ca === undefined ? {} : { ca: settings.ca }) })
      : connectPlain({ host, port }),
    url.protocol === "mqtts:" ? "secureConnect" : "connect",
  );
  const connection = new MqttConnection(socket, dialling);
  try {
    await connection.open();
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return connection;
}

class MqttConnection implements BrokerConnection {
  readonly ended: Promise<string>;
  readonly #socket: Socket;
  readonly #dialling: Dialling<MqttSettings>;
  readonly #end = Promise.withResolvers<string>();
  /** Who waits for the answer of this kind. */
  #awaited: { cmd: Packet["cmd"]; take: (packet: Packet) => void } | null = null;
  #heard = Date.now();
  /** Bytes that were parsed since the last whole packet. */
  #pending = 0;
  /** What has come and waits for room. */
  #unread: Buffer = Buffer.alloc(0);
  readonly #parse: (bytes: Buffer) => void;
  readonly #pings: NodeJS.Timeout;

  constructor(socket: Socket, dialling: Dialling<MqttSettings>) {
    this.#socket = socket;
    this.#dialling = dialling;
    this.ended = this.#end.promise;
    const parsing = parser({ protocolVersion: dialling.settings.version });
    parsing.on("packet", (packet) => {
      this.#pending = 0;
      this.#received(packet);
    });
    parsing.on("error", () => this.#fail("the broker sent what is no MQTT"));
    this.#parse = (bytes) => parsing.parse(bytes);
    socket.on("data", (bytes: Buffer) => {
      this.#heard = Date.now();
      this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
      this.#read();
    });
    socket.on("error", (error) => this.#fail(error.message));
    socket.on("close", () => this.#fail("the broker has closed the connection"));
    this.#pings = setInterval(() => this.#ping(), PING_MS);
  }

  /** CONNECT, and SUBSCRIBE where the broker does not know us already. */
  async open(): Promise<void> {
    const { id, settings, credentials } = this.#dialling;
    const { version, sessionExpiry, topics, qos } = settings;
    const { username, password } = credentials;
    this.#send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: version,
      clientId: `edgewhisk-${id}`,
      clean: false,
      keepalive: KEEPALIVE_S,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
      ...(version === 5
        ? {
            properties: {
              sessionExpiryInterval: sessionExpiry,
              receiveMaximum: MAX_UNACKNOWLEDGED,
              maximumPacketSize: MAX_PACKET,
            },
          }
        : {}),
    });
    const connack = (await this.#answer("connack")) as IConnackPacket;
    const code = connack.reasonCode ?? connack.returnCode ?? 0;
    if (code !== 0) throw new Error(`the broker refuses the connection (${whyNot(connack, code)})`);
    if (connack.sessionPresent) return;
    this.#send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: topics.map((topic) => ({ topic, qos, ...(version === 5 ? { nl: false, rap: true, rh: 0 } : {}) })),
    });
    const suback = await this.#answer("suback");
    const granted = "granted" in suback ? (suback.granted as number[]) : [];
    topics.forEach((topic, at) => {
      const given = granted[at] ?? REFUSED;
      if (given >= REFUSED) throw new Error(`the broker refuses the topic ${topic}`);
      if (given < qos) throw new Error(`the broker grants QoS ${given} for the topic ${topic}, not ${qos}`);
    });
  }

  resume(): void {
    this.#read();
  }

  /** In small pieces, so that little more is taken than there is room for. */
  #read(): void {
    const { receiver } = this.#dialling;
    while (this.#unread.length > 0 && !receiver.full) {
      const piece = this.#unread.subarray(0, PIECE);
      this.#unread = this.#unread.subarray(PIECE);
      this.#pending += piece.length;
      this.#parse(piece);
      if (this.#pending > MAX_PACKET) this.#fail(`the broker sends a message larger than ${MAX_PACKET} bytes`);
    }
    if (this.#unread.length > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  async lag(): Promise<number | null> {
    return null;
  }

  async close({ forget }: { forget: boolean }): Promise<void> {
    const { settings } = this.#dialling;
    if (forget && !this.#socket.destroyed) {
      this.#send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: settings.topics });
      await this.#answer("unsuback").catch(() => undefined);
    }
    if (!this.#socket.destroyed) {
      const expiry = forget && settings.version === 5 ? { properties: { sessionExpiryInterval: 0 } } : {};
      this.#send({ cmd: "disconnect", ...(settings.version === 5 ? { reasonCode: 0 } : {}), ...expiry });
      await new Promise<void>((resolve) => this.#socket.end(resolve));
    }
    this.#fail("it was closed");
  }

  #received(packet: Packet): void {
    if (packet.cmd === this.#awaited?.cmd) this.#awaited.take(packet);
    else if (packet.cmd === "publish") this.#publish(packet);
    else if (packet.cmd === "pubrel") this.#released(packet.messageId ?? 0);
    else if (packet.cmd === "disconnect") this.#fail(`the broker ends the connection (code ${packet.reasonCode ?? 0})`);
  }

  #publish(packet: IPublishPacket): void {
    const { receiver, settings } = this.#dialling;
    const { qos, dup, messageId = 0 } = packet;
    const payload = Buffer.from(packet.payload);
    receiver.take({
      key: randomUUID(),
      at: Date.now(),
      again: dup,
      fleeting: qos === 0,
      payload: mqttEvent({ ...packet, payload }, settings),
      ...(qos === 2 ? { packet: { number: messageId, again: dup, digest: digestOf(packet.topic, payload) } } : {}),
      done: () => {
        if (qos === 1) this.#send({ cmd: "puback", messageId });
        if (qos === 2) this.#send({ cmd: "pubrec", messageId });
      },
    });
  }

  #released(messageId: number): void {
    this.#dialling.receiver.release(messageId, () => this.#send({ cmd: "pubcomp", messageId }));
  }

  async #answer(cmd: Packet["cmd"]): Promise<Packet> {
    const { promise, resolve, reject } = Promise.withResolvers<Packet>();
    const timer = setTimeout(() => reject(new Error(`the broker does not answer (${cmd})`)), PATIENCE_MS);
    this.#awaited = { cmd, take: resolve };
    void this.ended.then((reason) => reject(new Error(reason)));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#awaited = null;
    }
  }

  #ping(): void {
    // What is not read cannot be heard either.
    if (this.#socket.isPaused()) this.#heard = Date.now();
    if (Date.now() - this.#heard > KEEPALIVE_S * 1_000) this.#fail("the broker is silent");
    else this.#send({ cmd: "pingreq" });
  }

  #send(packet: Packet): void {
    if (this.#socket.writable)
      this.#socket.write(generate(packet, { protocolVersion: this.#dialling.settings.version }));
  }

  #fail(reason: string): void {
    clearInterval(this.#pings);
    this.#socket.destroy();
    this.#end.resolve(reason);
  }
}

function opened(socket: Socket, event: "connect" | "secureConnect"): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error("the broker does not answer")), PATIENCE_MS);
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once(event, () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

/** Of what the certificate must be: the name that was given, whatever address it led to. */
function serverName({ hostname }: URL): { servername?: string } {
  return /^[\d.]+$|^\[/.test(hostname) ? {} : { servername: hostname };
}

function digestOf(topic: string, payload: Buffer): string {
  return createHash("sha256").update(topic).update("\0").update(payload).digest("base64url");
}

const REASONS: Readonly<Record<number, string>> = {
  1: "it does not speak this version",
  2: "it refuses our identifier",
  3: "it is not available",
  4: "bad user name or password",
  5: "not authorized",
  132: "it does not speak this version",
  134: "bad user name or password",
  135: "not authorized",
};

function whyNot({ properties }: IConnackPacket, code: number): string {
  return REASONS[code] ?? properties?.reasonString?.slice(0, 200) ?? `code ${code}`;
}
