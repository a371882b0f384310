// `edgewhisk activation locate`: what the platform found, as lines for people and as JSON; an end that tells a script.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const ID = "01a1fc0c949c00b8ddf916e770006550";
const LOCATION = {
  id: ID,
  mode: "d1+r2",
  namespace: { name: "guest", id: "ns" },
  object: { name: "ns:00", state: "here", since: 1_700_000_000_000 },
  copies: [
    { in: "object", object: "ns:00", state: "whole" },
    { in: "d1", binding: "RECORDS_0", table: "records", bytes: 812, state: "whole" },
    { in: "r2", state: "waiting" },
  ],
  result: { in: "record" },
  logs: { in: "r2", key: `logs/${ID}/1`, bytes: 70_000, state: "whole" },
  kept: { until: 1_800_000_000_000, sooner: true },
};
let answer: { status: number; body: unknown };
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (url: URL) => {
    asked.push(`${url.pathname}${url.search}`);
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  });
});
afterEach(() => vi.unstubAllGlobals());

const locate = (...args: string[]) =>
  edgewhisk(["activation", "locate", "--url", "http://platform.example", ...args], { env: { ADMIN_TOKEN: "t" } });

it("says for each copy where it is, and what is still to come", async () => {
  answer = { status: 200, body: LOCATION };
  const { code, out, err } = await locate(ID, "--namespace", "guest");
  expect([code, err, asked]).toEqual([0, "", [`/admin/v1/activations/${ID}/location?namespace=guest`]]);
  expect(out).toBe(`activation  ${ID}
namespace   guest (ns)
made        2026-11-21T03:00:45.340Z
store       d1+r2, object ns:00: its record is still in the object, since 2023-11-14T22:13:20.000Z
kept        until 2027-01-15T08:00:00.000Z, as long as not too many newer ones come
copy        in the object ns:00: whole
copy        in D1, RECORDS_0, table records, 812 bytes: whole
copy        in R2: not there yet: the object keeps the record until it is
result      in the record
logs        in R2, logs/${ID}/1, 70000 bytes: whole
`);
  expect(JSON.parse((await locate(ID, "--json")).out)).toEqual(LOCATION);
});

it("fails where a copy cannot be used, and says why", async () => {
  const segment = { in: "r2", segment: "records/ns/00/a", offset: 12, length: 30, state: "damaged" };
  const row = { in: "d1", binding: "RECORDS_0", table: "records", state: "missing", why: "no reason" };
  answer = { status: 200, body: { ...LOCATION, copies: [row, segment] } };
  const { code, out, err } = await locate(ID);
  expect([code, err]).toEqual([1, "edgewhisk activation locate: 2 of its copies cannot be used\n"]);
  expect(out).toContain("copy        in D1, RECORDS_0, table records: missing (no reason)\n");
  expect(out).toContain("copy        in R2, segment records/ns/00/a, 30 bytes at 12: damaged\n");
});

it("ends with 3 where nobody knows the id, in the platform's words, and with 2 for what is no id", async () => {
  answer = { status: 404, body: { error: "No record of it. Looked through: all." } };
  const { code, err } = await locate(ID);
  expect(code).toBe(3);
  expect(err).toMatch(/answered 404: No record of it\. Looked through: all\n$/);
  expect(await locate("xyz")).toMatchObject({ code: 2, err: expect.stringMatching(/expected one activation id/) });
});
