// `edgewhisk records forward`: what is asked of the platform, and how its answers are shown.

import { afterEach, beforeEach, expect, it, test, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const HOOK = {
  url: "https://sink.example/r",
  format: "ndjson",
  gzip: true,
  authorization: false,
  changed: 1,
  told: true,
};
const STATE = {
  ...{ waiting: 3, bytes: 900, lagMs: 4_200, sent: 12, unreachable: 0, lastSent: null, lastDropped: null },
  dropped: { total: 0, backlog: 0, age: 0, refused: 0 },
  lastError: null,
};
let asked: { method: string; path: string; body: unknown }[];
let answer: object;
/** What DELETE is refused with. */
let absent: object | null;

beforeEach(() => {
  asked = [];
  absent = null;
  answer = { namespace: "guest", hook: HOOK, state: STATE };
  vi.stubGlobal("fetch", async (url: URL, { method = "", body }: RequestInit) => {
    asked.push({ method, path: url.pathname, body: body === undefined ? undefined : JSON.parse(String(body)) });
    if (method === "DELETE" && absent !== null) return new Response(JSON.stringify(absent), { status: 404 });
    const { error } = answer as { error?: string };
    return new Response(JSON.stringify(answer), { status: error === undefined ? 200 : 404 });
  });
});
afterEach(() => vi.unstubAllGlobals());

const PATH = "/admin/v1/namespaces/guest/forwarding";

function forward(args: string[], options: { env?: Record<string, string>; secret?: string } = {}) {
  const { env = {}, ...rest } = options;
  const argv = ["records", "forward", "guest", ...args, "--url", "http://platform.example"];
  return edgewhisk(argv, { env: { ADMIN_TOKEN: "t", ...env }, ...rest });
}

it("shows how it stands", async () => {
  const { code, out, err } = await forward([]);
  expect([code, err, asked]).toEqual([0, "", [{ method: "GET", path: PATH, body: undefined }]]);
  expect(out).toBe(`to       https://sink.example/r (ndjson, gzip)
sent     12
waiting  3 (900 bytes), the oldest for 4 s
dropped  0
`);
});

it("shows what is wrong, and what was dropped", async () => {
  const dropped = { total: 6, backlog: 1, age: 2, refused: 3 };
  const lastError = { text: "it answered 503", at: 1_700_000_000_000 };
  answer = {
    namespace: "guest",
    hook: { ...HOOK, told: false },
    state: { ...STATE, dropped, lastError, unreachable: 2 },
  };
  const { out } = await forward([]);
  expect(out).toContain("dropped  6 (too many waited: 1, for too long: 2, refused: 3)\n");
  expect(out).toContain("error    2023-11-14T22:13:20Z it answered 503\n");
  expect(out).toContain("not all objects know of it yet");
  expect(out).toContain("2 objects did not answer");
  answer = { namespace: "guest", hook: null };
  expect((await forward([])).out).toBe("records of guest are sent nowhere\n");
});

test.each([
  [["--to", "https://s.example/r"], {}, { url: "https://s.example/r", format: "ndjson", gzip: true }],
  [
    [
      "--to",
      "https://s.example/_bulk",
      "--format",
      "elasticsearch",
      "--index",
      "runs",
      "--no-gzip",
      "--without-authorization",
    ],
    {},
    { url: "https://s.example/_bulk", format: "elasticsearch", gzip: false, index: "runs", authorization: null },
  ],
  [
    ["--to", "https://s.example/r", "--secret", "--authorization"],
    { env: { EDGEWHISK_HOOK_SECRET: "a secret of mine" }, secret: "Bearer x" },
    { url: "https://s.example/r", format: "ndjson", gzip: true, secret: "a secret of mine", authorization: "Bearer x" },
  ],
])("sets what is given: %j", async (args, options, body) => {
  answer = { namespace: "guest", hook: HOOK, state: STATE, secret: "whsec_new" };
  const { code, out } = await forward(args, options);
  expect([code, asked]).toEqual([0, [{ method: "PUT", path: PATH, body }]]);
  expect(out).toContain("secret   whsec_new (shown this once)\n");
});

it("takes it away", async () => {
  answer = { namespace: "guest", hook: null };
  expect((await forward(["--off"])).code).toBe(0);
  expect(asked.map((each) => each.method)).toEqual(["DELETE"]);
});

it("has nothing to take away where nothing is sent, unless there is no such namespace", async () => {
  absent = { error: "The requested resource 'forwarding' does not exist." };
  answer = { namespace: "guest", hook: null };
  expect(await forward(["--off"])).toEqual({ code: 0, out: "records of guest are sent nowhere\n", err: "" });
  expect(asked.map((each) => each.method)).toEqual(["DELETE", "GET"]);
  answer = { error: "The requested resource 'guest' does not exist." };
  expect(await forward(["--off"])).toMatchObject({ code: 3, err: expect.stringContaining("'guest' does not exist") });
});

test.each([
  [["--off", "--to", "https://s.example"]],
  [["--off", "--secret"]],
  [["--index", "runs"]],
  [["--to", "https://s.example", "--authorization", "--without-authorization"]],
  [["--to", "https://s.example", "--secret", "--authorization"]],
  [["--to", "https://s.example", "--format", "xml"]],
])("asks nothing for what makes no sense: %j", async (args) => {
  const { code, err } = await forward(args);
  expect([code, asked]).toEqual([2, []]);
  expect(err).not.toBe("");
});
