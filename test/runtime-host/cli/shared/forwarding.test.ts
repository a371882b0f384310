// Where records or events are sent: which request follows from which options, which make no sense together, and how the
// answer is told.

import { beforeEach, describe, expect, it } from "vitest";
import { askForwarding } from "../../../../runtime-host/cli/shared/forwarding.ts";

const URL = "https://sink.example/r";
const HOOK = { url: URL, format: "ndjson", gzip: false, authorization: false, changed: 1, told: true };
const OPTIONS = {
  ...{ to: undefined, secret: false, authorization: false, off: false, "no-gzip": false },
  ...{ "without-authorization": false, url: undefined, state: undefined },
};

let asked: unknown[][];
/** Secrets that were asked for at standard input. */
let typed: string[];
let answer: object;
let text: string;

beforeEach(() => {
  [asked, typed, answer, text] = [[], [], { namespace: "guest", hook: HOOK }, ""];
});

function ask(options: object, { env = {}, noun }: { env?: Record<string, string>; noun?: string } = {}) {
  const call = {
    ...{ options: { ...OPTIONS, ...options }, positionals: [], heading: () => {}, progress: () => {} },
    print: (_: unknown, told: string) => {
      text = told;
    },
    io: {
      ...{ env, stdout: () => {}, stderr: () => {} },
      readSecret: async (name: string) => {
        typed.push(name);
        return "typed";
      },
    },
  };
  const door = async () => ({
    ok: true as const,
    admin: {
      url: "http://platform",
      ask: async (method: string, path: string, { body }: { body?: unknown }) => {
        asked.push(body === undefined ? [method, path] : [method, path, body]);
        return { ok: true, value: answer } as never;
      },
    },
  });
  return askForwarding(call as never, "/x/forwarding", { door, ...(noun === undefined ? {} : { noun }) });
}

describe("what is asked", () => {
  it("is how it stands where nothing is given, and its end where that is", async () => {
    await ask({});
    await ask({ off: true });
    expect(asked).toEqual([
      ["GET", "/x/forwarding"],
      ["DELETE", "/x/forwarding"],
    ]);
  });

  it("is what is given; of events there is neither format nor index", async () => {
    await ask({ to: URL });
    await ask({ to: URL, "no-gzip": true, format: "elasticsearch", index: "runs", "without-authorization": true });
    expect(asked).toEqual([
      ["PUT", "/x/forwarding", { url: URL, gzip: true }],
      ["PUT", "/x/forwarding", { url: URL, gzip: false, format: "elasticsearch", index: "runs", authorization: null }],
    ]);
    expect(typed).toEqual([]);
  });

  it("has secrets from the environment, else from standard input, where one comes from at most", async () => {
    const both = { to: URL, secret: true, authorization: true };
    await ask(both, { env: { EDGEWHISK_HOOK_SECRET: "mine" } });
    await ask(both, { env: { EDGEWHISK_HOOK_AUTHORIZATION: "Bearer x" } });
    await ask({ to: URL, secret: true }, { env: { EDGEWHISK_HOOK_SECRET: "" } });
    expect(asked.map(([, , body]) => body)).toMatchObject([
      { secret: "mine", authorization: "typed" },
      { secret: "typed", authorization: "Bearer x" },
      { secret: "typed" },
    ]);
    expect(typed).toEqual(["EDGEWHISK_HOOK_AUTHORIZATION", "EDGEWHISK_HOOK_SECRET", "EDGEWHISK_HOOK_SECRET"]);
    expect(await ask(both)).toMatchObject({ ok: false, reason: expect.stringContaining("only one of two secrets") });
  });

  it.each<[object, string]>([
    [{ off: true, to: URL }, "--off sets nothing"],
    ...["secret", "authorization", "no-gzip", "without-authorization"].flatMap((name): [object, string][] => [
      [{ off: true, [name]: true }, "--off sets nothing"],
      [{ [name]: true }, "--to says where calls go"],
    ]),
    [{ index: "runs" }, "--to says where calls go"],
    [{ to: URL, authorization: true, "without-authorization": true }, "one or the other"],
  ])("is nothing for %j", async (options, words) => {
    expect(await ask(options, { noun: "calls" })).toMatchObject({ ok: false, reason: expect.stringContaining(words) });
    expect([asked, typed]).toEqual([[], []]);
  });
});

describe("what is told", () => {
  const STATE = {
    ...{ waiting: 3, bytes: 900, lagMs: 4_600, sent: 12, unreachable: 0, lastSent: null, lastDropped: null },
    ...{ dropped: { total: 0, backlog: 0, age: 0, refused: 0 }, lastError: null },
  };

  it("is that nothing is sent anywhere", async () => {
    answer = { namespace: "guest", hook: null };
    await ask({}, { noun: "user events" });
    expect(text).toBe("user events of guest are sent nowhere");
    await ask({});
    expect(text).toBe("records of guest are sent nowhere");
  });

  it("is where they go and how, and the secret this once", async () => {
    await ask({});
    expect(text).toBe(`to       ${URL} (ndjson)`);
    answer = {
      ...{ namespace: "guest", secret: "whsec_x" },
      hook: { ...HOOK, index: "runs", gzip: true, authorization: true, told: false },
    };
    await ask({});
    expect(text.split("\n")).toEqual([
      `to       ${URL} (ndjson, index runs, gzip, Authorization)`,
      "         not all objects know of it yet: they are told within minutes",
      "secret   whsec_x (shown this once)",
    ]);
  });

  it("is what was sent, what waits, what was dropped and why, and what is wrong", async () => {
    answer = { namespace: "guest", hook: HOOK, state: STATE };
    await ask({});
    expect(text.split("\n").slice(1)).toEqual([
      ...["sent     12", "waiting  3 (900 bytes), the oldest for 5 s", "dropped  0"],
    ]);
    const dropped = { total: 6, backlog: 1, age: 2, refused: 3 };
    answer = { ...answer, state: { ...STATE, dropped, unreachable: 2, lastError: { text: "503", at: 0 } } };
    await ask({});
    expect(text.split("\n").slice(3)).toEqual([
      "dropped  6 (too many waited: 1, for too long: 2, refused: 3)",
      "error    1970-01-01T00:00:00Z 503",
      "         2 objects did not answer",
    ]);
  });
});
