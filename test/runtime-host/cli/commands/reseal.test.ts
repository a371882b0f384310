// `edgewhisk reseal` against a platform that seals in batches: it goes on to the last, and says what it could not open.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const MAY_GO = "2026-01-02T03:04:05.000Z";
let answers: { status: number; body: unknown }[];
let asked: unknown[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (_: URL, { body }: RequestInit) => {
    asked.push(JSON.parse(String(body)));
    const { status, body: answer } = answers.shift() ?? { status: 500, body: {} };
    return new Response(JSON.stringify(answer), { status });
  });
});
afterEach(() => vi.unstubAllGlobals());

const reseal = (...args: string[]) =>
  edgewhisk(["reseal", "--url", "http://platform.example", ...args], { env: { ADMIN_TOKEN: "t" } });
const first = { status: 200, body: { resealed: 100, lost: [], next: "mark" } };
const last = { status: 200, body: { resealed: 5, lost: [], next: null, mayGo: MAY_GO } };
const LOST = { subject: "she", namespace: "hers" };

it("asks until the last batch, and says when the secret of before may go", async () => {
  answers = [first, last];
  const { code, out, err } = await reseal();
  expect([code, err]).toEqual([0, ""]);
  expect(asked).toEqual([{ after: "" }, { after: "mark" }]);
  expect(out).toMatch(
    /^105 keys were sealed anew.*\nMASTER_SECRET_PREVIOUS may be removed after 2026-01-02T03:04:05\.000Z/,
  );
});

it("fails where a key is lost, and names it", async () => {
  answers = [{ status: 200, body: { ...last.body, lost: [LOST] } }];
  const { code, out, err } = await reseal("--json");
  expect([code, err]).toEqual([1, ""]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([{ lost: LOST }, { resealed: 5, lost: 1, previousMayBeRemovedAfter: MAY_GO }]);
});

it("says how far it came where it is cut off, and what is wrong where it never began", async () => {
  answers = [first, { status: 503, body: { error: "not now" } }];
  expect((await reseal()).err).toMatch(/answered 503: not now; keys sealed so far: 100\. Run it again to go on\n$/);
  answers = [{ status: 403, body: { error: "no admin API here" } }];
  expect(await reseal()).toEqual({
    code: 4,
    out: "",
    err: "edgewhisk reseal: /admin/v1/reseal answered 403: no admin API here\n",
  });
});
