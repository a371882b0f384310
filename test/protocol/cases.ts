// One table of what may travel and what is refused, run in Node and in workerd: both ends must read the treaty alike.

import {
  type HostMessage,
  MAX_BATCH,
  MAX_FRAME,
  MAX_INLINE,
  type SchedulerMessage,
} from "../../src/protocol/messages.ts";

const id = "0123456789abcdef0123456789abcdef";
const lease = { epoch: 3, counter: 17 };
const about = {
  namespace: "guest",
  namespaceId: "23bc46b1-71f6-4ed5-8c54-816aa4f8c502",
  subject: "guest",
  name: "hello",
  version: "0.0.1",
  path: "guest/hello",
  kind: "nodejs:24",
  limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
  acceptedAt: 1_700_000_000_000,
  transactionId: "transaction",
};
const completion = {
  statusCode: 0 as const,
  result: { inline: '{"number":12345678901234567890,"one":1.0,"text":"ä€😀"}' },
  size: 60,
  duration: 12,
  endedAgo: 1,
  timedOut: false,
  engine: "docker",
  ran: true,
};
const report = {
  version: 1 as const,
  host: "one",
  shard: 0,
  boot: "boot",
  build: "dev",
  engine: "docker",
  memory: 2048,
  runtimes: [{ kind: "nodejs:24", image: "edgewhisk/action-nodejs-24:dev", digest: "sha256:0" }],
  blackbox: true,
  epoch: 0,
};
const invocation = {
  id,
  about,
  revision: "1-abc",
  exec: { kind: "nodejs:24", binary: false, code: { key: "code/abc", hash: "a".repeat(64), size: 10 } },
  args: { inline: '{"big":1e400}' },
  credential: "none" as const,
  blocking: true,
};

/** Each travels and comes out as it went in. */
export const FROM_HOST: Record<string, HostMessage> = {
  hello: { t: "hello", report },
  "hello of an unhealthy host": { t: "hello", report: { ...report, unhealthy: "disk full" } },
  "an empty inventory": { t: "inventory", epoch: 3, boot: "boot", running: [], more: false },
  "an inventory page": {
    t: "inventory",
    epoch: 3,
    boot: "boot",
    running: [{ id, attempt: 1, lease, memory: 256, about }],
    more: true,
  },
  result: { t: "result", id, attempt: 1, lease, completion },
  "a record": {
    t: "record",
    id,
    attempt: 2,
    lease,
    about,
    completion: { ...completion, initTime: 3, logs: { inline: "[]" }, logsCut: 7 },
  },
  "a record with pointers": {
    t: "record",
    id,
    attempt: 1,
    lease,
    about: { ...about, cause: id, causedBy: "sequence", binding: "guest/bound", store: false },
    completion: {
      ...completion,
      result: { blob: `results/${id}/1`, size: 900_000 },
      logs: { blob: `logs/${id}/1`, size: 1 },
    },
  },
  refused: { t: "refused", id, attempt: 1, lease, reason: "busy" },
  "lines of a run somebody follows": { t: "lines", id, ask: 7, attempt: 1, text: '"a","b"', next: 8 },
  "no lines": { t: "lines", id, ask: 7, next: 0 },
  "the end of what can be followed": { t: "lines", id, ask: 8, next: 8, over: true },
  "a container that was made ahead": { t: "prepared", ask: 3 },
  "one that was not": { t: "prepared", ask: 4, have: 100, reason: "the host's memory is taken" },
  health: { t: "health", memory: 1024 },
  "ill health": { t: "health", memory: 0, unhealthy: "engine gone" },
};

export const FROM_SCHEDULER: Record<string, SchedulerMessage> = {
  welcome: { t: "welcome", epoch: 4, name: "one/0" },
  run: { t: "run", epoch: 4, lease, attempt: 1, invocation },
  "a run with a credential, an image and init values": {
    t: "run",
    epoch: 4,
    lease,
    attempt: 3,
    key: "uuid:secret",
    invocation: {
      ...invocation,
      exec: { kind: "blackbox", image: "me/mine:1", binary: true, main: "start" },
      args: { blob: "args/x", size: 100_000 },
      initEnv: { KEY: "value" },
      credential: "owner",
      sealedKey: "sealed",
    },
  },
  stored: { t: "stored", epoch: 4, items: [{ id, attempt: 1 }] },
  "a follower's question": { t: "tail", id, ask: 7, from: 0, wait: 5_000 },
  "a container to be made ahead": { t: "prepare", epoch: 4, ask: 3, wait: 5_000, invocation, key: "uuid:secret" },
  redial: { t: "redial", epoch: 4 },
};

/** Frames the receiver refuses, and what its reason says. */
export const REFUSED: Record<string, { frame: unknown; reason: RegExp }> = {
  "bytes instead of text": { frame: new Uint8Array([91, 93]), reason: /not text/ },
  "half a frame": { frame: '[{"t":"redial"', reason: /not JSON/ },
  "a message that is not in a list": { frame: '{"t":"redial","epoch":1}', reason: /not a list/ },
  "more characters than a frame may have": { frame: JSON.stringify(["x".repeat(MAX_FRAME)]), reason: /too large/ },
  "more bytes than a frame may have, in fewer characters": {
    frame: JSON.stringify(["€".repeat(MAX_FRAME / 2)]),
    reason: /too large/,
  },
  "more messages than a frame may have": {
    frame: JSON.stringify(Array.from({ length: MAX_BATCH + 1 }, () => 1)),
    reason: /too many/,
  },
};

/** Single messages one side refuses because a field is wrong. */
export const WRONG_FROM_HOST: Record<string, unknown> = {
  "an unknown message": { t: "dance" },
  "a null": null,
  "a list": [],
  "a short id": { ...FROM_HOST.result, id: "abc" },
  "an id with other digits": { ...FROM_HOST.result, id: "g".repeat(32) },
  "an id with large digits": { ...FROM_HOST.result, id: "A".repeat(32) },
  "an id that is a path": { ...FROM_HOST.record, id: "../../../../../../../../../../ab" },
  "an inventory that names ids of any form": { ...FROM_HOST["an empty inventory"], kept: [{ id: "x", attempt: 1 }] },
  "an attempt that no disk has digits for": { ...FROM_HOST.result, attempt: 1e9 },
  "a counter that is no whole number": { ...FROM_HOST.result, lease: { epoch: 1, counter: 2 ** 53 } },
  "a result that is no JSON": resultWith({ result: { inline: '{"a":' } }),
  "a result that is JSON and more": resultWith({ result: { inline: "{}]" } }),
  "an empty result": resultWith({ result: { inline: "" } }),
  "a result longer than what travels inline": resultWith({ result: { inline: `"${"x".repeat(MAX_INLINE)}"` } }),
  "logs that are no list": resultWith({ logs: { inline: "{}" } }),
  "logs that are not lines": resultWith({ logs: { inline: '["a",{}]' } }),
  "a result that lies where another's does": resultWith({ result: { blob: `results/${"f".repeat(32)}/1`, size: 1 } }),
  "a result that lies at another attempt's place": resultWith({ result: { blob: `results/${id}/2`, size: 1 } }),
  "logs that lie with the code": resultWith({ logs: { blob: "code/abc", size: 1 } }),
  "a blob larger than any": resultWith({ result: { blob: `results/${id}/1`, size: 1e9 } }),
  "an endless duration": resultWith({ duration: 1e300 }),
  "an engine with a long name": resultWith({ engine: "x".repeat(101) }),
  "a record of a namespace with a long name": {
    ...(FROM_HOST["a record"] as object),
    about: { ...about, namespace: "x".repeat(1_025) },
  },
  "a record without its limits": { ...(FROM_HOST["a record"] as object), about: { ...about, limits: {} } },
  "a record caused by anything": { ...(FROM_HOST["a record"] as object), about: { ...about, causedBy: "rule" } },
  "lines that are not lines": { ...FROM_HOST["lines of a run somebody follows"], text: '"a",{' },
  "more memory than there is": { t: "health", memory: 1e12 },
  "attempt zero": { ...FROM_HOST.result, attempt: 0 },
  "a negative epoch": { ...FROM_HOST.result, lease: { epoch: -1, counter: 0 } },
  "an unknown status": { t: "result", id, attempt: 1, lease, completion: { ...completion, statusCode: 4 } },
  "a negative duration": { t: "result", id, attempt: 1, lease, completion: { ...completion, duration: -1 } },
  "a payload that is two things": {
    t: "result",
    id,
    attempt: 1,
    lease,
    completion: { ...completion, result: { inline: "{}", blob: "x", size: 1 } },
  },
  "an unknown reason": { ...FROM_HOST.refused, reason: "tired" },
  "another version": { t: "hello", report: { ...report, version: 2 } },
  "a scheduler's message": FROM_SCHEDULER.welcome,
};

function resultWith(changes: object): unknown {
  return { t: "result", id, attempt: 1, lease, completion: { ...completion, ...changes } };
}

export const WRONG_FROM_SCHEDULER: Record<string, unknown> = {
  "an unknown message": { t: "dance" },
  "a null": null,
  "a run without an invocation": { t: "run", epoch: 1, lease, attempt: 1 },
  "a run without a lease": { t: "run", epoch: 1, attempt: 1, invocation },
  "arguments of no kind": { t: "run", epoch: 1, lease, attempt: 1, invocation: { ...invocation, args: {} } },
  "a credential of no kind": {
    t: "run",
    epoch: 1,
    lease,
    attempt: 1,
    invocation: { ...invocation, credential: "root" },
  },
  "a host's message": FROM_HOST.hello,
};

/** Batches whose frames must keep the receiver's limits, in order and complete. */
export const BATCHES: Record<string, HostMessage[]> = {
  nothing: [],
  one: [FROM_HOST.result as HostMessage],
  "as many as fit one frame by number": Array.from({ length: MAX_BATCH }, (_, counter) => refusal(counter)),
  "one more than that": Array.from({ length: MAX_BATCH + 1 }, (_, counter) => refusal(counter)),
  "more bytes than fit one frame": Array.from({ length: 20 }, (_, counter) =>
    resultOf(counter, "x".repeat(MAX_INLINE - 2)),
  ),
  "bytes that are more than characters": Array.from({ length: 20 }, (_, counter) =>
    resultOf(counter, "€".repeat(20_000)),
  ),
};

export const TOO_LARGE = resultOf(1, "x".repeat(MAX_FRAME));

function refusal(counter: number): HostMessage {
  return { t: "refused", id, attempt: 1, lease: { epoch: 1, counter }, reason: "busy" };
}

function resultOf(counter: number, text: string): HostMessage {
  return {
    t: "result",
    id,
    attempt: 1,
    lease: { epoch: 1, counter },
    completion: { ...completion, result: { inline: JSON.stringify(text) } },
  };
}
