// The decoder of host frames under mutation: whatever comes, it answers; `result` and `record`, which it reads by hand,
// are read exactly as their schemas say.

import { describe, expect, it } from "vitest";
import { decodeHostFrame, decodeSchedulerFrame } from "../../src/protocol/codec.ts";
import { HostMessage, SchedulerMessage } from "../../src/protocol/messages.ts";
import { isPlainRun } from "../../src/protocol/plain-run.ts";
import { Random } from "../simulator/machine/random.ts";
import { FROM_HOST, FROM_SCHEDULER } from "./cases.ts";

const SEED = Number(process.env.FUZZ_SEED ?? "1");
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? "8000");

const JUNK: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    1,
    -1,
    1.5,
    3,
    4,
    2 ** 53,
    1e13,
    1e300,
    -0,
    "",
    "x",
    "{}",
    "[]",
    '"a"',
    '["a"]',
    "[1]",
    "{",
  ],
  ...["__proto__", "0123456789abcdef0123456789abcdef", "results/x", "sequence", "x".repeat(1_025), "x".repeat(65_537)],
  ...[[], [null], {}, { inline: "{}" }, { inline: "" }, { blob: "results/x", size: 1 }, { inline: "{}", size: 1 }],
  ...[{ epoch: 1, counter: 1 }, { epoch: -1, counter: 1.5 }, { length: 1 }],
];

/** As the API's calls bring it. */
const RUN = {
  t: "run",
  epoch: 1,
  lease: { epoch: 1, counter: 1_763_150_444_593_152 },
  attempt: 1,
  key: "uuid:key",
  invocation: {
    id: "01a2250bc8800055de4d45c9f5f8637a",
    about: {
      namespace: "guest",
      namespaceId: "70bcf972-4d63-42e9-8b22-dfff2e8db8c9",
      subject: "guest",
      keyId: "0da09964-e939-4b93-9c2d-ff651a1630e6",
      name: "hello",
      version: "0.0.1",
      path: "guest/hello",
      kind: "nodejs:20",
      limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
      acceptedAt: 1_795_917_858_944,
      transactionId: "118a2416c02043789f30c72d1a344470",
      store: false,
      cause: "01a2250bc8800055de4d45c9f5f8637b",
      causedBy: "sequence",
      actionRevision: "ac1312b0",
      source: "api",
    },
    revision: "ac1312b0",
    exec: { kind: "nodejs:20", binary: false, code: { key: "code/a/b", hash: "e78f", size: 80 } },
    args: { inline: '{"name":"edgewhisk"}' },
    credential: "activation",
    rights: "use",
    blocking: true,
  },
};

/** Changes the value at some place of the message, adds a field there, or takes one away. */
function mutated(random: Random, message: unknown): unknown {
  const copy = structuredClone(message);
  for (let left = random.int(1, 3); left > 0; left--) change(random, copy);
  return copy;
}

function change(random: Random, value: unknown): void {
  let at = value as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys.length === 0 ? "extra" : random.pick(keys);
    const inner = at[key];
    if (typeof inner === "object" && inner !== null && random.chance(0.7)) {
      at = inner as Record<string, unknown>;
      continue;
    }
    if (random.chance(0.2)) delete at[key];
    else if (random.chance(0.3))
      at[random.pick(["extra", "logs", "initTime", "cause", "store", "inline", "blob"])] = junk(random);
    else at[key] = junk(random);
    return;
  }
}

function junk(random: Random): unknown {
  return structuredClone(random.pick(JUNK));
}

describe(`frames, mutated from seed ${SEED}`, () => {
  it("are read by hand as by the schemas", () => {
    const random = new Random(SEED);
    const messages = Object.values(FROM_HOST);
    let accepted = 0;
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // What JSON cannot say cannot come.
      const text = JSON.stringify([mutated(random, random.pick(messages))]);
      const [message] = JSON.parse(text) as unknown[];
      const parsed = HostMessage.safeParse(message);
      const read = decodeHostFrame(text);
      if (!read.ok) {
        // Three long fields make a frame too large, and nothing else does.
        expect(read.reason).toBe("frame is too large");
        continue;
      }
      if (parsed.success) accepted++;
      else refused++;
      const wanted = parsed.success
        ? { ok: true, messages: [parsed.data] }
        : { ok: true, messages: [], skipped: expect.any(String) };
      expect(read, text.slice(0, 2_000)).toEqual(wanted);
    }
    // Neither side of the fence is empty.
    expect(accepted).toBeGreaterThan(ROUNDS / 20);
    expect(refused).toBeGreaterThan(ROUNDS / 5);
  });

  it("are answered however their text is cut, doubled or garbled", () => {
    const random = new Random(SEED);
    const texts = [...Object.values(FROM_HOST), ...Object.values(FROM_SCHEDULER)].map((each) => JSON.stringify([each]));
    for (let round = 0; round < ROUNDS / 4; round++) {
      const text = random.pick(texts);
      const at = random.int(0, text.length);
      const other = random.pick(texts).slice(random.int(0, 50));
      const garbled = random.pick([
        text.slice(0, at),
        text.slice(at),
        text.slice(0, at) + other,
        text.slice(0, at) + String.fromCharCode(random.int(0, 0xffff)) + text.slice(at + 1),
        `[${text}]`,
      ]);
      for (const decode of [decodeHostFrame, decodeSchedulerFrame]) {
        const read = decode(garbled);
        if (read.ok) expect(Array.isArray(read.messages)).toBe(true);
        else expect(read.reason).not.toBe("");
      }
    }
  });

  it("of a scheduler are read as their schemas say, also those that no schema has looked at", () => {
    const random = new Random(SEED);
    const messages = Object.values(FROM_SCHEDULER);
    let plain = 0;
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const text = JSON.stringify([mutated(random, random.chance(0.5) ? RUN : random.pick(messages))]);
      const [message] = JSON.parse(text) as unknown[];
      const parsed = SchedulerMessage.safeParse(message);
      const read = decodeSchedulerFrame(text);
      if (parsed.success && isPlainRun(message)) plain++;
      if (!parsed.success) refused++;
      if (parsed.success) expect(read, text.slice(0, 2_000)).toEqual({ ok: true, messages: [parsed.data] });
      else if (read.ok) expect.fail(`it is none, and was read: ${text.slice(0, 2_000)}`);
    }
    expect(plain).toBeGreaterThan(ROUNDS / 100);
    expect(refused).toBeGreaterThan(ROUNDS / 5);
  });

  it("are judged without a schema where they are runs as most are", () => {
    expect([isPlainRun(RUN), isPlainRun(FROM_SCHEDULER.run), isPlainRun(FROM_SCHEDULER.welcome)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
