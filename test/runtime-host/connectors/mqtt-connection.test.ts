// One connection to a real MQTT broker: what is acknowledged when, what comes again, and how much is taken at most.

import { createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { AddressRefused, parseAllowList } from "../../../runtime-host/connectors/addresses.ts";
import { type BrokerConnection, READ_UNTIL } from "../../../runtime-host/connectors/connection.ts";
import type { Message } from "../../../runtime-host/connectors/message.ts";
import { connectMqtt } from "../../../runtime-host/connectors/mqtt-connection.ts";
import { MqttSettings } from "../../../src/entities/subscription.ts";
import { MAX_UNACKNOWLEDGED } from "../../../src/protocol/subscriptions.ts";
import { type Broker, publish, startMosquitto, withBrokers } from "../../support/brokers.ts";
import { freePort } from "../../support/platform.ts";

withBrokers("a connection to an MQTT broker", ["mosquitto", "mosquitto_pub"], () => {
  let broker: Broker;
  let made = 0;
  const open: BrokerConnection[] = [];

  beforeAll(async () => {
    broker = await startMosquitto();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close({ forget: true });
  });
  afterAll(() => broker?.close());

  /** Somebody who takes messages, up to a thousand, and is done with none by himself. */
  class Taker {
    readonly id = `test-${++made}-${process.pid}`;
    readonly taken: Message[] = [];
    readonly released: number[] = [];
    get full(): boolean {
      return this.taken.length >= READ_UNTIL;
    }
    take(message: Message): void {
      this.taken.push(message);
    }
    release(number: number, done: () => void): void {
      this.released.push(number);
      done();
    }
    get messages(): string[] {
      return this.taken.map(({ payload }) => JSON.parse(payload).message);
    }
    doneWith(count: number): void {
      for (const { done } of this.taken.splice(0, count)) done();
    }
    async dial(more: object = {}, { allow = "127.0.0.1" } = {}): Promise<BrokerConnection> {
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const settings = MqttSettings.parse({ kind: "mqtt", url, topics: [`${this.id}/#`], ...more });
      const allowed = parseAllowList(allow);
      if (allowed === null) throw new Error("no list");
      const connection = await connectMqtt({ id: this.id, settings, credentials: {}, allowed, receiver: this });
      open.push(connection);
      return connection;
    }
    send(messages: string[], qos: 0 | 1 | 2): Promise<void> {
      return publish(broker.port, messages, { topic: `${this.id}/x`, qos });
    }
  }

  it.each([
    [1, 4],
    [1, 5],
    [2, 4],
    [2, 5],
  ] as const)(
    "of QoS %d and version %d gets again what it was not done with, and not what it was",
    async (qos, version) => {
      const taker = new Taker();
      const first = await taker.dial({ qos, version });
      await taker.send(["a", "b", "c"], qos);
      await expect.poll(() => taker.messages).toEqual(["a", "b", "c"]);
      taker.doneWith(1);
      if (qos === 2) await expect.poll(() => taker.released).toHaveLength(1);
      const [b] = taker.taken;
      await first.close({ forget: false });
      expect(await first.ended).toBeTruthy();
      taker.taken.splice(0);
      await taker.dial({ qos, version });
      await expect.poll(() => taker.messages).toEqual(["b", "c"]);
      expect(taker.taken.map(({ again }) => again)).toEqual([true, true]);
      if (qos === 2) expect(taker.taken[0]?.packet).toEqual({ ...b?.packet, again: true });
    },
  );

  it.each([0, 1] as const)(
    "of QoS %d takes no more than there is room for, and the rest when there is",
    async (qos) => {
      const taker = new Taker();
      const connection = await taker.dial({ qos });
      const all = Array.from({ length: 1_500 }, (_, at) => `m${at}`);
      await taker.send(all, qos);
      await expect.poll(() => taker.taken.length).toBeGreaterThanOrEqual(READ_UNTIL);
      const seen: string[] = [];
      while (seen.length < all.length) {
        await expect.poll(() => taker.taken.length).toBeGreaterThan(0);
        expect(taker.taken.length).toBeLessThanOrEqual(MAX_UNACKNOWLEDGED);
        seen.push(...taker.messages);
        taker.doneWith(taker.taken.length);
        connection.resume();
      }
      expect(seen).toEqual(all);
    },
  );

  it("of a subscription that is gone leaves nothing at the broker", async () => {
    const taker = new Taker();
    await (await taker.dial({ qos: 1 })).close({ forget: true });
    await taker.send(["late"], 1);
    await taker.dial({ qos: 1 });
    await taker.send(["now"], 1);
    await expect.poll(() => taker.messages).toEqual(["now"]);
  });

  it("that cannot be made says why", async () => {
    const taker = new Taker();
    const to = (port: number) => taker.dial({ url: `mqtt://127.0.0.1:${port}` });
    await expect(to(await freePort())).rejects.toThrow(/ECONNREFUSED/);
    await expect(taker.dial({}, { allow: "127.0.0.2" })).rejects.toThrow(AddressRefused);
    await expect(taker.dial({ url: `mqtt://localhost:${broker.port}` }, { allow: "" })).rejects.toThrow(AddressRefused);
    await expect(taker.dial({ topics: ["a/#/b"] })).rejects.toThrow(/refuses|closed|code 129/);
    const web = await listening((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await expect(to(web.port)).rejects.toThrow(/no MQTT|closed/);
    web.server.close();
  });
});

async function listening(
  serve: (socket: import("node:net").Socket) => void,
): Promise<{ server: Server; port: number }> {
  const server = createServer(serve);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, port: address.port };
}
