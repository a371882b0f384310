// What is heard of one request, event by event, as the client tells it: bounded in time and size, settled once.

import type { Dispatcher } from "undici";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Exchange, type ExchangeOptions, type Heard } from "../../../runtime-host/container/exchange.ts";

const OPTIONS: ExchangeOptions = { timeoutMs: 1_000, maxResponseBytes: 10, truncationBytes: 4 };
const COUNTED = 32 * 1024 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Sent = Parameters<Dispatcher["dispatch"]>[0];

/** A client that does what the test tells it to. */
function play(
  options: Partial<ExchangeOptions> = {},
  request: { path: string; body?: string } = { path: "/run", body: "{}" },
) {
  const exchange = new Exchange({ ...OPTIONS, ...options });
  const sent: Sent[] = [];
  const aborted: string[] = [];
  const controller = { abort: (reason: Error) => void aborted.push(reason.message) } as Dispatcher.DispatchController;
  const heard: Heard[] = [];
  const dispatcher = { dispatch: (what: Sent) => sent.push(what) > 0 } as unknown as Dispatcher;
  const done = exchange.send(dispatcher, request).then((each) => void heard.push(each));
  return {
    ...{ sent, aborted, exchange, controller },
    begin: () => exchange.onRequestStart(controller),
    head: (status: number, headers: Record<string, string> = {}) =>
      exchange.onResponseStart(controller, status, headers),
    data: (bytes: string | number) =>
      exchange.onResponseData(controller, typeof bytes === "string" ? Buffer.from(bytes) : Buffer.alloc(bytes, "x")),
    end: () => exchange.onResponseEnd(),
    fail: () => exchange.onResponseError(),
    settled: async () => {
      await done;
      return heard;
    },
    isOpen: async () => {
      await Promise.resolve();
      return heard.length === 0;
    },
  };
}

const answer = (body: string, more: object = {}) => ({
  kind: "answer",
  answer: { status: 200, body, ...more },
  quiet: false,
});

describe("a request", () => {
  it("posts its body as JSON, or asks without one", () => {
    expect(play().sent).toEqual([
      { method: "POST", path: "/run", body: "{}", headers: ["content-type", "application/json"] },
    ]);
    expect(play({ run: "r" }, { path: "/ready" }).sent).toEqual([{ method: "GET", path: "/ready" }]);
    expect(play({}, { path: "/run", body: "" }).sent[0]?.method).toBe("POST");
  });

  it("says whether markers may be left out, and in which name and to which journal it prints", () => {
    const headers = (options: Partial<ExchangeOptions>) => play(options).sent[0]?.headers;
    const plain = ["content-type", "application/json"];
    expect(headers({ mayBeQuiet: true })).toEqual([...plain, "x-edgewhisk-quiet", "1"]);
    expect(headers({ mayBeQuiet: false, run: "r1", journal: "j" })).toEqual([
      ...[...plain, "x-edgewhisk-run", "r1", "x-edgewhisk-journal", "j"],
    ]);
    expect(headers({ mayBeQuiet: true })).toEqual([...plain, "x-edgewhisk-quiet", "1"]);
  });

  it("is refused where the client is gone, or no connection came", async () => {
    const gone = new Exchange(OPTIONS);
    const dispatcher = {
      dispatch: () => {
        throw new Error("destroyed");
      },
    } as unknown as Dispatcher;
    expect(await gone.send(dispatcher, { path: "/run", body: "{}" })).toEqual({ kind: "refused" });
    const refused = play();
    refused.fail();
    expect(await refused.settled()).toEqual([{ kind: "refused" }]);
  });
});

describe("an answer", () => {
  it("is what came, in one piece or in many, over a character that was cut", async () => {
    const { begin, head, exchange, controller, end, settled } = play();
    begin();
    head(200);
    for (const byte of Buffer.from("grüße")) exchange.onResponseData(controller, Buffer.of(byte));
    end();
    expect(await settled()).toEqual([answer("grüße")]);
    const empty = play();
    empty.begin();
    empty.head(204);
    empty.end();
    expect(await empty.settled()).toEqual([{ ...answer(""), answer: { status: 204, body: "" } }]);
  });

  it("is quiet where the runtime says so; what comes before it is none", async () => {
    const { begin, head, end, settled } = play();
    begin();
    head(100, { "x-edgewhisk-quiet": "1", "content-length": "999" });
    head(502, { "content-length": "0" });
    end();
    expect(await settled()).toEqual([{ ...answer(""), answer: { status: 502, body: "" } }]);
    const quiet = play();
    quiet.begin();
    quiet.head(200, { "x-edgewhisk-quiet": "1" });
    quiet.end();
    expect(await quiet.settled()).toMatchObject([{ quiet: true }]);
  });

  it("of the largest size is whole; of one byte more it is cut", async () => {
    for (const [length, body, cut] of [
      [10, "xxxxxxxxxx", undefined],
      [11, "xxxx", { length: 11, max: 10 }],
    ] as const) {
      const { begin, head, data, end, settled } = play();
      begin();
      head(200);
      data(length);
      end();
      expect(await settled()).toEqual([answer(body, cut === undefined ? {} : { cut })]);
    }
  });

  it("that is said to be too long is cut as soon as enough has come", async () => {
    const { begin, head, data, aborted, settled, isOpen } = play();
    begin();
    head(200, { "content-length": "1000" });
    data(3);
    expect([await isOpen(), aborted]).toEqual([true, []]);
    data(3);
    expect([await settled(), aborted]).toEqual([
      [answer("xxxx", { cut: { length: 1_000, max: 10 } })],
      ["answer too long"],
    ]);
  });

  it("without a length is counted to its end, or as far as that is bounded", async () => {
    const counted = play();
    counted.begin();
    counted.head(200, { "content-length": "nonsense" });
    counted.data(COUNTED + 9);
    expect(await counted.isOpen()).toBe(true);
    counted.end();
    expect(await counted.settled()).toMatchObject([{ answer: { body: "xxxx", cut: { length: COUNTED + 9 } } }]);
    const endless = play();
    endless.begin();
    endless.head(200);
    endless.data(COUNTED + 10);
    expect(await endless.settled()).toMatchObject([{ answer: { cut: { length: COUNTED + 10, max: 10 } } }]);
    expect(endless.aborted).toEqual(["answer too long"]);
  });

  it("that breaks off is lost, and whether it had begun is told", async () => {
    for (const started of [false, true]) {
      const { begin, head, data, fail, settled } = play();
      begin();
      if (started) {
        head(200);
        data(1);
      }
      fail();
      expect(await settled()).toEqual([{ kind: "lost", started }]);
    }
  });
});

it("an informational answer is not the beginning of one", async () => {
  const { begin, head, fail, settled } = play();
  begin();
  head(100);
  fail();
  expect(await settled()).toEqual([{ kind: "lost", started: false }]);
});

describe("time", () => {
  it("ends what does not answer, and tells whether it was connected", async () => {
    const waiting = play();
    vi.advanceTimersByTime(999);
    expect(await waiting.isOpen()).toBe(true);
    vi.advanceTimersByTime(1);
    expect(await waiting.settled()).toEqual([{ kind: "timeout", connected: false }]);
    const connected = play();
    connected.begin();
    connected.head(200);
    vi.advanceTimersByTime(1_000);
    expect([await connected.settled(), connected.aborted]).toEqual([
      [{ kind: "timeout", connected: true }],
      ["timeout"],
    ]);
  });

  it("is over once: what comes later changes nothing, and a connection that comes later is cut", async () => {
    const late = play();
    vi.advanceTimersByTime(1_000);
    late.begin();
    late.head(200);
    late.data(3);
    late.end();
    late.fail();
    expect([await late.settled(), late.aborted]).toEqual([[{ kind: "timeout", connected: false }], ["too late"]]);
  });

  it("does not run on when there is an answer", async () => {
    const { begin, head, end, settled, aborted } = play();
    begin();
    head(200);
    end();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(5_000);
    expect([(await settled()).length, aborted]).toEqual([1, []]);
  });
});
