// `edgewhisk activation explain` and `doctor`: lines for people, JSON for programs, and ends that tell a script.

import { createServer } from "node:http";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const ID = "01a1fc0c949c00b8ddf916e770006550";
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

const explain = (...args: string[]) =>
  edgewhisk(["activation", "explain", "--url", "http://platform.example", ...args], { env: { EDGEWHISK_AUTH: "u:k" } });

it("explains an activation in lines that count from its acceptance", async () => {
  const steps = [
    { what: "accepted", at: 1_700_000_000_000, text: "over the API" },
    { what: "ran", at: 1_700_000_000_030, ms: 12, text: "the action ran" },
  ];
  const body = { activationId: ID, state: "ended", steps, cost: { containerMs: 12, mbSeconds: 3.07 } };
  answer = { status: 200, body };
  const { code, out, err } = await explain(ID);
  expect([code, err, asked]).toEqual([0, "", [`/api/v1/namespaces/_/activations/${ID}?explain=true`]]);
  expect(out).toBe(`${ID}: ended, from 2023-11-14T22:13:20.000Z
     +0 ms  accepted    over the API
    +30 ms  ran         the action ran (12 ms)
it cost 12 ms of a container, 3.07 MB·s
`);
  expect(JSON.parse((await explain(ID, "--json")).out)).toEqual(body);
});

it("says what would help one that waits, and ends with 3 where nobody knows the id", async () => {
  const steps = [{ what: "waits", at: 1, ms: 5, text: "busy" }];
  answer = { status: 200, body: { activationId: ID, state: "waiting", steps, waitsFor: "busy", helps: "More hosts." } };
  expect((await explain(ID)).out).toMatch(/\nwhat would help: More hosts\.\n$/);
  answer = { status: 404, body: { error: "The requested resource does not exist." } };
  expect((await explain(ID)).code).toBe(3);
  expect((await explain("xyz")).code).toBe(2);
});

it("doctor tells another program from a platform, and fails", async () => {
  vi.unstubAllGlobals();
  const other = createServer((_request, response) => response.end("<html>hello</html>"));
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const { code, out } = await edgewhisk(["doctor", "--json", "--url", `http://127.0.0.1:${address.port}`], { env: {} });
  other.close();
  const findings = JSON.parse(out) as { what: string; state: string; way?: string }[];
  expect(code).toBe(1);
  expect(findings.find(({ what }) => what === "platform")).toMatchObject({ state: "wrong" });
  expect(findings.find(({ what }) => what === "node")).toMatchObject({ state: "good" });
});
