// `edgewhisk activation list` and `stats`: what they ask the platform for, and how they show what it answers.

import { afterEach, describe, expect, it, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const WHERE = ["--url", "http://127.0.0.1:1", "--auth", "a:b"];
const NOON = Date.UTC(2026, 9, 28, 12);

afterEach(() => vi.unstubAllGlobals());

/** Answers one after the other. Returns the queries that were asked. */
function answering(...answers: { body: unknown; headers?: Record<string, string>; status?: number }[]) {
  const asked: URLSearchParams[] = [];
  vi.stubGlobal("fetch", async (url: URL) => {
    const answer = answers[asked.length];
    asked.push(new URL(url).searchParams);
    const { body, status = 200, headers = {} } = answer ?? { body: { error: "No more." }, status: 500 };
    return new Response(JSON.stringify(body), { status, headers });
  });
  return asked;
}

const activation = (number: number, more: object = {}) => ({
  ...{ activationId: `${number}`.padStart(32, "0"), name: "hello", start: NOON, duration: 7, statusCode: 0 },
  ...{
    annotations: [
      { key: "path", value: "guest/pack/hello" },
      { key: "kind", value: "nodejs:20" },
    ],
    ...more,
  },
});

describe("activation list", () => {
  it("asks with what was given, page by page, and tells how far it has come", async () => {
    const asked = answering(
      { body: [activation(1)], headers: { "x-next-cursor": "12-ab", "x-scanned": "50000", "x-scanned-to": `${NOON}` } },
      { body: [], headers: { "x-next-cursor": "11-cd", "x-scanned": "40000", "x-scanned-to": `${NOON - 1}` } },
      { body: [activation(2)], headers: { "x-next-cursor": "10-ef", "x-scanned": "1", "x-scanned-to": "5" } },
    );
    const given = ["--status", "error", "--kind", "nodejs", "--min-duration", "5", "--text", ".* &", "--limit", "2"];
    const { code, out, err } = await edgewhisk(["activation", "list", ...given, "--since", "2h", ...WHERE]);
    expect(code).toBe(0);
    expect(out.match(/ACTIVATION/g)).toHaveLength(1);
    expect(out).toMatch(/^2026-10-28T12:00:00.000 +0{31}1 +nodejs:20 +- +7 +success +pack\/hello$/m);
    expect(err).toContain("looked at 50000, down to 2026-10-28T12:00:00.000\n");
    expect(err).toContain("looked at 90000, down to 2026-10-28T11:59:59.999\n");
    expect(err).toContain("there may be more: go on with --cursor 10-ef\n");
    const [first, , third] = asked;
    expect(Object.fromEntries(first ?? [])).toMatchObject({
      ...{ status: "error", kind: "nodejs", minDuration: "5", text: ".* &", limit: "2", cursor: "" },
      since: expect.stringMatching(/^\d{13}$/),
    });
    expect([third?.get("cursor"), third?.get("limit")]).toEqual(["11-cd", "1"]);
  });

  it.each(["cold", "prewarmed", "none"])("says of a start what was asked for: %s", async (start) => {
    const annotations = start === "none" ? [] : [{ key: "initTime", value: 1 }];
    const asked = answering({ body: [activation(1, { annotations })] });
    const { out } = await edgewhisk(["activation", "list", "--start", start, ...WHERE]);
    expect(asked[0]?.get("start")).toBe(start);
    expect(out.split("\n")[1]?.split(/ +/)[3]).toBe(start === "none" ? "-" : start);
  });

  it("tells starts with an initialisation, timeouts and triggers", async () => {
    const annotations = [
      { key: "kind", value: "sequence" },
      { key: "timeout", value: true },
      { key: "initTime", value: 1 },
    ];
    answering({ body: [activation(1, { statusCode: 2, annotations }), activation(2, { annotations: [] })] });
    const { out } = await edgewhisk(["activation", "list", ...WHERE]);
    const cells = out.split("\n").map((line) => line.split(/ +/).slice(2));
    expect(cells.slice(1, 3)).toEqual([
      ["sequence", "init", "7", "timeout", "hello"],
      ["trigger", "-", "7", "success", "hello"],
    ]);
    answering({ body: [activation(1)] });
    const { out: json } = await edgewhisk(["activation", "list", "--json", ...WHERE]);
    expect(JSON.parse(json)).toEqual(activation(1));
  });

  it.each([
    [["--status", "failed"], /--status failed: expected one of success,|--status failed/],
    [["--since", "yesterday"], /--since yesterday: expected so long ago \(90s, 30m, 2h, 7d\)/],
    [["--min-duration", "-1"], /--min-duration/],
    [["--limit", "0"], /--limit 0: expected a number from 1 to 100000/],
  ])("refuses %j", async (given, sentence) => {
    const { code, err } = await edgewhisk(["activation", "list", ...given, ...WHERE]);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
  });

  it("says where to go on when a page fails", async () => {
    answering({ body: [], headers: { "x-next-cursor": "12-ab", "x-scanned": "1", "x-scanned-to": "5" } });
    const { code, err } = await edgewhisk(["activation", "list", ...WHERE]);
    expect(code).toBe(1);
    expect(err).toContain("answered 500: No more; go on with --cursor 12-ab\n");
  });
});

describe("stats", () => {
  const figures = (count: number) => ({
    count,
    outcomes: { success: count - 1, application_error: 1, developer_error: 0, internal_error: 0, timeout: 0 },
    ...{ started: count, cold: 1, coldShare: 0.125 },
    duration: { p50: 10.2, p95: 20, p99: 30 },
    wait: { p50: null, p95: null, p99: null },
  });
  const stats = {
    ...{ namespace: "guest", step: "hour", since: NOON - 5 * 3_600_000, upto: NOON, total: figures(8) },
    names: [
      { type: "action", name: "pack/hello", ...figures(5) },
      { type: "trigger", name: "tick", ...figures(2) },
      { type: "other", name: "", ...figures(1) },
    ],
    series: [{ at: NOON - 3_600_000, ...figures(8) }],
  };

  it("shows a table and a picture", async () => {
    const asked = answering({ body: stats });
    const { code, out } = await edgewhisk(["stats", "--name", "pack/hello", "--upto", `${NOON}`, ...WHERE]);
    expect(code).toBe(0);
    expect(Object.fromEntries(asked[0] ?? [])).toEqual({ step: "hour", name: "pack/hello", upto: `${NOON}` });
    expect(out).toMatch(/^guest, 2026-10-28T07:00Z to 2026-10-28T12:00Z\n/);
    const cells = out.split("\n").map((line) => line.trim().split(/ {2,}/));
    expect(cells).toContainEqual("pack/hello,5,4,1,0,0,0,12.5%,10,20,30,-,-,-".split(","));
    expect(out).toMatch(/^tick \(trigger\) /m);
    expect(out).toMatch(/^\(others\) /m);
    expect(out).toMatch(/^8 │ {4}█\n( {2}│ {4}█\n){5}0 └─{6}\n {7}! +! = with errors\n/m);
  });

  it("says that nothing has ended, and prints JSON", async () => {
    answering({ body: { ...stats, total: { ...figures(1), count: 0 } } }, { body: stats });
    expect((await edgewhisk(["activation", "stats", ...WHERE])).out).toMatch(/: nothing has ended\n$/);
    expect(JSON.parse((await edgewhisk(["stats", "--json", ...WHERE])).out)).toEqual(stats);
  });

  it.each([
    [400, { error: "The query parameter 'since' was malformed." }, 1, /was malformed\n$/],
    [200, { names: 1 }, 1, /answered 200 without what was asked for\n$/],
  ])("fails where the platform answers %i", async (status, body, exit, sentence) => {
    answering({ body, status });
    const { code, err } = await edgewhisk(["stats", ...WHERE]);
    expect([code, err]).toEqual([exit, expect.stringMatching(sentence)]);
  });
});
