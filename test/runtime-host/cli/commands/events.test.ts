// `edgewhisk own events` by the namespace's key, `edgewhisk events` by the administrator, and what is shown of it.

import { afterEach, beforeEach, expect, it, test, vi } from "vitest";
import { edgewhisk } from "../run.ts";

const ANSWER = {
  namespace: "guest",
  hook: { url: "https://sink.example/e", format: "ndjson", gzip: true, authorization: true, changed: 1, told: true },
  state: {
    ...{ waiting: 0, bytes: 0, lagMs: 0, sent: 12, unreachable: 0, lastSent: null, lastDropped: null },
    dropped: { total: 3, backlog: 3, age: 0, refused: 0 },
    lastError: null,
  },
};
let asked: { method: string; path: string; body: unknown; authorization: string }[];
let answer: object;

beforeEach(() => {
  asked = [];
  answer = ANSWER;
  vi.stubGlobal("fetch", async (url: URL, { method = "", body, headers }: RequestInit) => {
    const given = body === undefined ? undefined : JSON.parse(String(body));
    const authorization = new Headers(headers).get("Authorization")?.split(" ")[0] ?? "";
    asked.push({ method, path: url.pathname, body: given, authorization });
    return new Response(JSON.stringify(answer), { status: 200 });
  });
});
afterEach(() => vi.unstubAllGlobals());

const AUTH = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:aaaaaaaaaaaaaaaa";

function events(args: string[], env: Record<string, string> = {}) {
  const argv = [...(args[0] === "guest" ? [] : ["own"]), "events", ...args, "--url", "http://platform.example"];
  return edgewhisk(argv, { env: { ADMIN_TOKEN: "t", EDGEWHISK_AUTH: AUTH, ...env }, secret: "from standard input" });
}

it("shows how it stands with one's own namespace, by its key", async () => {
  const { code, out, err } = await events([]);
  const path = "/api/v1/namespaces/_/events";
  expect([code, err, asked]).toEqual([0, "", [{ method: "GET", path, body: undefined, authorization: "Basic" }]]);
  expect(out).toBe(`to       https://sink.example/e (ndjson, gzip, Authorization)
sent     12
waiting  0 (0 bytes), the oldest for 0 s
dropped  3 (too many waited: 3, for too long: 0, refused: 0)
`);
});

it("asks the administrator's API where a namespace is named", async () => {
  await events(["guest", "--off"]);
  expect(asked).toMatchObject([
    { method: "DELETE", path: "/admin/v1/namespaces/guest/events", authorization: expect.stringMatching(/bearer/i) },
  ]);
  answer = { namespace: "guest", hook: null };
  expect((await events(["guest"])).out).toBe("user events of guest are sent nowhere\n");
});

it("takes secrets from variables or standard input, and shows one that was made", async () => {
  answer = { ...ANSWER, secret: "whsec_made" };
  const { out } = await events(["--to", "https://sink.example/e", "--authorization"], {
    EDGEWHISK_HOOK_AUTHORIZATION: "Bearer x",
  });
  expect(out).toContain("secret   whsec_made (shown this once)\n");
  await events(["--to", "https://sink.example/e", "--secret", "--no-gzip"]);
  expect(asked.map(({ body }) => body)).toEqual([
    { url: "https://sink.example/e", gzip: true, authorization: "Bearer x" },
    { url: "https://sink.example/e", gzip: false, secret: "from standard input" },
  ]);
});

test.each([
  [["--off", "--to", "https://sink.example/e"], /--off sets nothing/],
  [["--secret"], /--to says where user events go/],
  [["--to", "https://s.example", "--authorization", "--without-authorization"], /one or the other/],
  [["guest", "two"], /expected one namespace/],
])("%j is misused", async (args, sentence) => {
  const { code, err } = await events(args);
  expect([code, err, asked]).toEqual([2, expect.stringMatching(sentence), []]);
});
