// StoredRecord records on their way to the store: once at first, in a window after a welcome,
// and again when nobody confirms them.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { StoredRecord } from "../../../runtime-host/delivery/outbox-segments.ts";
import { RecordSender } from "../../../runtime-host/delivery/record-sender.ts";
import { BlobApiError } from "../../../runtime-host/link/blob-api.ts";
import type { RecordMessage } from "../../../runtime-host/link/messages.ts";
import { Payloads } from "../../../runtime-host/link/payloads.ts";
import { MAX_INLINE } from "../../../src/protocol/messages.ts";
import { idOf, metaOf, silent } from "../support.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function recordOf(n: number, result = "{}"): RecordMessage {
  return {
    ...{ t: "record", id: idOf(n), attempt: 1, lease: { epoch: 1, counter: n }, about: metaOf("hello") },
    completion: {
      ...{ statusCode: 0, result: { inline: result }, size: result.length, duration: 1, endedAgo: 0, timedOut: false },
      ...{ engine: "process", host: "h1", ran: true, logs: { inline: "[]" } },
    },
  } as RecordMessage;
}

function setUp() {
  const sent: RecordMessage[] = [];
  const texts = new Map<StoredRecord, string | null | Error>();
  const confirmed = new Set<StoredRecord>();
  const damaged: StoredRecord[] = [];
  const uploads: string[] = [];
  let failures = 0;
  const sender = new RecordSender({
    shard: 0,
    read: (kept) => {
      const text = texts.get(kept) ?? null;
      if (text instanceof Error) throw text;
      return text;
    },
    damaged: (kept) => damaged.push(kept),
    send: (message) => sent.push(JSON.parse(message.text) as RecordMessage),
    wanted: (kept) => !confirmed.has(kept),
    payloads: new Payloads(
      {
        putBlob: async (key) => {
          uploads.push(key);
          if (failures-- > 0) throw new BlobApiError("down", { final: false });
        },
      },
      silent,
    ),
    log: silent,
  });
  const keep = (n: number, result?: string) => {
    const message = recordOf(n, result);
    const text = JSON.stringify(message);
    const kept: StoredRecord = {
      id: message.id,
      attempt: 1,
      shard: 0,
      at: Date.now(),
      bytes: text.length,
      place: null,
    };
    texts.set(kept, text);
    return { kept, pending: { id: message.id, attempt: 1, shard: 0, text, message } };
  };
  const take = () => sent.splice(0).map((each) => Number.parseInt(each.id, 16));
  const confirm = (list: readonly StoredRecord[]) => {
    for (const kept of list) confirmed.add(kept);
    sender.confirmed(list);
  };
  const fail = (times: number) => {
    failures = times;
  };
  return { sender, sent, texts, damaged, uploads, keep, take, confirm, fail };
}

describe("records", () => {
  it("are sent at once between a welcome and the loss of the socket, and only then", () => {
    const { sender, keep, take } = setUp();
    const [one, two, three] = [keep(1), keep(2), keep(3)];
    sender.add(one.kept, one.pending);
    expect(take()).toEqual([]);
    sender.resume([one.kept]);
    sender.add(two.kept, two.pending);
    expect(take()).toEqual([1, 2]);
    sender.suspend();
    sender.add(three.kept, three.pending);
    expect(take()).toEqual([]);
  });

  it("of earlier boots go in a window, the oldest first, and the next ones as the store confirms", () => {
    const { sender, keep, take, confirm } = setUp();
    const all = Array.from({ length: 300 }, (_, n) => keep(n + 1).kept);
    sender.resume(all);
    expect(take()).toEqual(Array.from({ length: 256 }, (_, n) => n + 1));
    confirm(all.slice(0, 10));
    expect(take()).toEqual(Array.from({ length: 10 }, (_, n) => n + 257));
  });

  it("that were confirmed meanwhile are not sent", () => {
    const { sender, keep, take, confirm } = setUp();
    const [one, two] = [keep(1).kept, keep(2).kept];
    confirm([one]);
    sender.resume([one, two]);
    expect(take()).toEqual([2]);
  });

  it("that nobody confirms are sent once more after half a minute, with the age they have then", () => {
    const { sender, sent, keep, take } = setUp();
    const { kept } = keep(1);
    sender.resume([kept]);
    expect(take()).toEqual([1]);
    vi.advanceTimersByTime(29_000);
    sender.nudge(performance.now());
    expect(take()).toEqual([]);
    vi.advanceTimersByTime(1_000);
    sender.nudge(performance.now());
    expect(sent[0]?.completion.endedAgo).toBe(30_000);
    expect(take()).toEqual([1]);
    sender.again(kept);
    expect(take()).toEqual([1]);
  });

  it("that are damaged are told of; those that cannot be read now are tried later", () => {
    const { sender, texts, damaged, keep, take } = setUp();
    const [one, two] = [keep(1).kept, keep(2).kept];
    const text = texts.get(two) as string;
    texts.set(one, null);
    texts.set(two, new Error("EIO"));
    sender.resume([one, two]);
    expect(damaged).toEqual([one]);
    expect(take()).toEqual([]);
    texts.set(two, text);
    vi.advanceTimersByTime(30_000);
    sender.nudge(performance.now());
    expect(take()).toEqual([2]);
  });

  it("that are too large for a frame are uploaded first, again after a pause where that fails", async () => {
    const { sender, sent, uploads, keep, fail } = setUp();
    const { kept, pending } = keep(1, JSON.stringify("x".repeat(MAX_INLINE + 1)));
    sender.resume([]);
    fail(1);
    sender.add(kept, pending);
    await vi.advanceTimersByTimeAsync(0);
    expect([uploads.length, sent.length]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(200);
    expect(uploads).toHaveLength(2);
    expect(sent[0]?.completion.result).toMatchObject({ blob: uploads[0] });
  });
});
