// The door to addresses that users give: what is not dialled, and how much of an answer is taken.

import { describe, expect, it, vi } from "vitest";
import { type IpRange, readRange } from "../../src/outbound/address.ts";
import { OUTBOUND_AT_ONCE, OUTBOUND_READ, Outbound, type OutboundCall, urlFault } from "../../src/outbound/outbound.ts";

const NONE = { allowed: [], own: ["edgewhisk.example.workers.dev"] };
const ranges = (...texts: string[]) => texts.map((text) => readRange(text) as IpRange);
const call = (changes: Partial<OutboundCall> = {}): OutboundCall => ({
  ...{ url: "https://example.com/x", method: "POST", headers: { "content-type": "text/plain" }, body: "b" },
  ...changes,
});

function opened(answer: (url: string, init: RequestInit) => Response | Promise<Response>) {
  const fetch = vi.fn(async (url: string, init: RequestInit) => answer(url, init));
  return { outbound: new Outbound({ ...NONE, fetch }), fetch };
}

describe("an address", () => {
  it.each([
    ...[
      "127.0.0.1",
      "127.1",
      "127.0.1",
      "2130706433",
      "0x7f000001",
      "0x7f.1",
      "0177.0.0.1",
      "017700000001",
      "127.0.0.1.",
    ],
    ...["%31%32%37.0.0.1", "１２７.0.0.1", "127。0。0。1", "0", "0.0.0.0", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]"],
    ...["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]"],
    ...[
      "[2002:7f00:1::]",
      "[::ffff:169.254.169.254]",
      "[fe80::1]",
      "[fc00::1]",
      "[fd12:3456::1]",
      "[ff02::1]",
      "[2001::1]",
    ],
    ...["localhost", "LOCALHOST", "localhost.", "a.localhost", "printer.local", "metadata.google.internal", "intranet"],
    ...[
      "169.254.169.254",
      "2852039166",
      "10.0.0.1",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "100.64.0.1",
      "198.18.0.1",
    ],
    ...["224.0.0.1", "255.255.255.255", "192.0.2.1", "EdgeWhisk.example.workers.dev", "edgewhisk.example.workers.dev."],
  ])("that is not public is not dialled: %s", (host) => {
    for (const url of [`http://${host}/`, `https://${host}:8080/x?y#z`])
      expect([url, urlFault(url, NONE)]).not.toEqual([url, null]);
  });

  it.each([
    "example.com",
    "8.8.8.8",
    "172.32.0.1",
    "[2606:4700::1111]",
    "[::ffff:8.8.8.8]",
    "xn--bcher-kva.example.com",
    "localhost.com",
  ])("that is public is: %s", (host) => expect(urlFault(`https://${host}/`, NONE)).toBeNull());

  it("of a range that is allowed is dialled, in any spelling, and no other", () => {
    const allowed = ranges("127.0.0.0/8", "192.168.7.0/24", "fd00::/8");
    for (const host of ["127.0.0.1", "127.1", "[::ffff:127.0.0.1]", "192.168.7.9", "[fd12::1]"])
      expect([host, urlFault(`http://${host}/`, { ...NONE, allowed })]).toEqual([host, null]);
    for (const host of ["192.168.8.1", "10.0.0.1", "[fc00::1]", "169.254.169.254", "localhost"])
      expect([host, urlFault(`http://${host}/`, { ...NONE, allowed })]).not.toEqual([host, null]);
  });

  it.each([
    "",
    "10.0.0.0/33",
    "10.0.0/8",
    "fd00::/129",
    "::1::/8",
    "1.2.3.4/8/8",
    "x",
    "10.0.0.0/-1",
    "01.2.3.4",
    "12345::",
  ])("%j is no range", (text) => expect(readRange(text)).toBeNull());

  it.each([
    "ftp://example.com/",
    "file:///etc/passwd",
    "javascript:1",
    "//example.com",
    "https://u:p@example.com/",
    "x",
    `https://a.b/${"x".repeat(3_000)}`,
  ])("%s is no URL that is dialled", (url) => expect(urlFault(url, NONE)).not.toBeNull());
});

describe("a request", () => {
  it("carries its method, headers and body, follows nothing, and gives status and text", async () => {
    const { outbound, fetch } = opened(() => new Response("thanks", { status: 201 }));
    expect(await outbound.call("ns", call())).toEqual({ ok: true, status: 201, text: "thanks", retryAfter: null });
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      "https://example.com/x",
      expect.objectContaining({
        method: "POST",
        body: "b",
        redirect: "manual",
        headers: { "content-type": "text/plain" },
      }),
    );
  });

  it("is not sent to what is not public, nor with a header that is on no list", async () => {
    const { outbound, fetch } = opened(() => new Response());
    const refused = [
      call({ url: "http://127.1/" }),
      ...[
        "cookie",
        "host",
        "x-forwarded-for",
        "Content-Type",
        "transfer-encoding",
        "cf-connecting-ip",
        "x",
        "x-edgewhisk-",
      ].map((name) => call({ headers: { [name]: "x" } })),
      ...["a\nb", "a\r\nb: c", "ü", "x".repeat(5_000)].map((value) => call({ headers: { authorization: value } })),
    ];
    for (const each of refused) {
      const reply = await outbound.call("ns", each);
      expect([each.headers, reply]).toEqual([each.headers, { ok: false, permanent: true, reason: expect.any(String) }]);
    }
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([301, 302, 303, 307, 308])(
    "that is answered with a redirect (%i) is over, and said to be",
    async (status) => {
      const { outbound, fetch } = opened(
        () => new Response(null, { status, headers: { location: "http://127.0.0.1/" } }),
      );
      expect(await outbound.call("ns", call())).toMatchObject({ ok: false, permanent: true, reason: /redirect/ });
      expect(fetch).toHaveBeenCalledOnce();
    },
  );

  it("takes no more than 64 KB of an answer without an end", async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled++;
          controller.enqueue(new TextEncoder().encode("é".repeat(5_000)));
        },
        cancel() {
          cancelled = true;
        },
      });
    const { outbound } = opened(() => new Response(endless()));
    const reply = await outbound.call("ns", call());
    expect(reply.ok && new TextEncoder().encode(reply.text).length).toBeLessThanOrEqual(OUTBOUND_READ + 3);
    expect(pulled).toBeLessThan(10);
    expect(cancelled).toBe(true);
  });

  it("ends after 10 seconds, though the answer goes on by and by", async () => {
    vi.useFakeTimers();
    try {
      const signals: AbortSignal[] = [];
      vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
        const control = new AbortController();
        setTimeout(() => control.abort(new DOMException("late", "TimeoutError")), ms);
        return control.signal;
      });
      const { outbound } = opened((_, { signal }) => {
        signals.push(signal as AbortSignal);
        return new Promise<Response>((_resolve, reject) =>
          signal?.addEventListener("abort", () => reject(signal.reason)),
        );
      });
      const reply = outbound.call("ns", call());
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await reply).toEqual({ ok: false, permanent: false, reason: "it did not answer within 10 s" });
      expect(signals).toHaveLength(1);
    } finally {
      vi.restoreAllMocks();
      vi.useRealTimers();
    }
  });

  it("is one of six at a time in its namespace, and gives its place back whatever happens", async () => {
    const waiting: (() => void)[] = [];
    const { outbound, fetch } = opened(
      () => new Promise<Response>((_, reject) => waiting.push(() => reject(new Error("connect to 10.1.2.3 refused")))),
    );
    const first = Array.from({ length: OUTBOUND_AT_ONCE }, () => outbound.call("ns", call()));
    expect(await outbound.call("ns", call())).toMatchObject({ ok: false, permanent: false, reason: /under way/ });
    const other = outbound.call("another", call());
    expect(fetch).toHaveBeenCalledTimes(OUTBOUND_AT_ONCE + 1);
    for (const fail of waiting) fail();
    // What the network said is not passed on.
    for (const reply of await Promise.all([...first, other]))
      expect(reply).toEqual({ ok: false, permanent: false, reason: "it was not reached" });
    void outbound.call("ns", call());
    expect(fetch).toHaveBeenCalledTimes(OUTBOUND_AT_ONCE + 2);
  });
});
