// How fast messages of brokers fire, against plain fires of a trigger like theirs. Both take turns:
// what counts is a round's ratio.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { publish, startMosquitto, startNats, startStream } from "../support/brokers.ts";
import { BASE, type EventPlatform, HEADERS, note, type Row } from "./event-platform.ts";
import { load, median } from "./load.ts";

interface Source {
  name: string;
  trigger: string;
  feed: { kind: string; params: object } | null;
  send(): Promise<void>;
}

/** `rate`: fires a second, from the first message sent until all have their records. `cpuMs`:
 * of the platform, for each. */
interface Measured {
  rate: number;
  cpuMs: number;
}

export async function brokerRows(
  events: EventPlatform,
  { count, repeats }: { count: number; repeats: number },
): Promise<Row[]> {
  const [mosquitto, nats] = await Promise.all([startMosquitto(), startNats()]);
  const stream = await startStream(nats.port, { name: "BENCH", subject: "bench.>" });
  const texts = Array.from({ length: count }, (_, at) => `message ${at}`);
  const url = `mqtt://127.0.0.1:${mosquitto.port}`;
  const overMqtt = (qos: 1 | 2): Source => ({
    ...{ name: `MQTT, QoS ${qos}`, trigger: `bench-qos-${qos}` },
    feed: { kind: "mqtt/mqtt", params: { url, topic: `bench/${qos}`, qos } },
    send: () => publish(mosquitto.port, texts, { topic: `bench/${qos}`, qos }),
  });
  const plain: Source = {
    ...{ name: "plain fires, 16 callers", trigger: "bench-plain", feed: null },
    send: async () => {
      const call = (n: number) => ({
        ...{ method: "POST" as const, path: `${BASE}/triggers/bench-plain`, headers: HEADERS },
        body: JSON.stringify({ message: texts[n] }),
      });
      await load(events.callers, call, { callers: 16, calls: count, status: 202 });
    },
  };
  const jetStream: Source = {
    ...{ name: "JetStream", trigger: "bench-stream" },
    feed: { kind: "nats/nats", params: { url: `nats://127.0.0.1:${nats.port}`, stream: "BENCH" } },
    send: () => stream.publish("bench.one", texts),
  };
  const sources = [plain, overMqtt(1), overMqtt(2), jetStream];
  try {
    for (const source of sources) await prepare(events, source);
    const seen = new Map<Source, Measured[]>(sources.map((source) => [source, []]));
    for (let round = 0; round < repeats; round++) {
      for (const source of sources) seen.get(source)?.push(await measured(events, source, count));
    }
    const base = seen.get(plain) ?? [];
    return [...seen].map(([{ name, feed }, rounds]) => {
      const rate = median(rounds.map((each) => each.rate));
      const ratio = median(rounds.map((each, at) => each.rate / (base[at]?.rate ?? Number.NaN)));
      const cpu = median(rounds.map((each) => each.cpuMs));
      const figure = `${rate.toFixed(0)} per s, processor ${cpu.toFixed(2)} ms each`;
      return feed === null
        ? { what: name, figure, target: "" }
        : { what: name, figure: `${ratio.toFixed(2)} of plain fires (${figure})`, target: "≥ 0.7" };
    });
  } finally {
    await stream.close();
    await Promise.all([mosquitto.close(), nats.close()]);
  }
}

async function prepare(events: EventPlatform, { trigger, feed }: Source): Promise<void> {
  await events.trigger(trigger);
  if (feed === null) return;
  await events.feed(feed.kind, "CREATE", { trigger, params: feed.params });
  for (let waited = 0; waited < 60_000; waited += 250) {
    const { status } = JSON.parse(await events.feed(feed.kind, "READ", { trigger }));
    if (status?.state === "receiving") return;
    await sleep(250);
  }
  throw new Error(`${trigger} does not receive`);
}

async function measured(events: EventPlatform, source: Source, count: number): Promise<Measured> {
  const { trigger, name } = source;
  const before = await events.recorded(trigger);
  const cpu = cpuMs(events);
  const began = performance.now();
  const sending = source.send();
  await events.whenRecorded(trigger, before + count);
  const took = performance.now() - began;
  const found = { rate: (1000 * count) / took, cpuMs: (cpuMs(events) - cpu) / count };
  await sending;
  note(`${name}: ${found.rate.toFixed(0)} per s, processor ${found.cpuMs.toFixed(2)} ms each`);
  return found;
}

/** Of all processes of the platform, so far. */
function cpuMs({ platform }: EventPlatform): number {
  const ticks = platform.pids().all.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return 10 * ticks.reduce((sum, each) => sum + each, 0);
}
