// `wskadmin user …`: what is said without a platform, what is asked of it, and the lines and exit codes of each end.

import { beforeEach, describe, expect, it } from "vitest";
import type { GivenWords } from "../../../../runtime-host/cli/wskadmin/arguments.ts";
import {
  blockUsers,
  createUser,
  deleteUser,
  getUser,
  listUsers,
  localAnswer,
  whoisUser,
  wordsOf,
} from "../../../../runtime-host/cli/wskadmin/user.ts";
import type { KeyItem } from "../../../../src/entities/administration.ts";

const UUID = "23bc46b1-71f6-4ed5-8c54-816aa4f8c502";
const KEY = `${UUID}:${"k".repeat(64)}`;
const MISSING = '{"error":"not_found","reason":"missing"}';

interface Words {
  on?: string[];
  values?: Record<string, string[]>;
  placed?: string[];
}

const given = ({ on = [], values = {}, placed = ["alice"] }: Words = {}): GivenWords => ({
  ...{ on: new Set(on), values: new Map(Object.entries(values)), placed },
});

let said: string[];
let asked: [method: string, path: string, body?: unknown][];
/** By method and path without its query; a function is asked each time. */
let answers: Record<string, unknown>;

beforeEach(() => {
  [said, asked, answers] = [[], [], {}];
});

const ok = (value: unknown) => ({ ok: true, value });
const failed = (status: number, body: unknown = { error: "no" }) => ({ ok: false, status, body, reason: "the reason" });

function run<T>(command: (run: Parameters<typeof createUser>[0]) => T, words: Words = {}): T {
  const admin = {
    url: "http://platform",
    ask: async (method: string, path: string, { body }: { body?: unknown } = {}) => {
      asked.push(body === undefined ? [method, path] : [method, path, body]);
      const answer = answers[`${method} ${path.split("?")[0]}`] ?? failed(404);
      return typeof answer === "function" ? answer(path) : answer;
    },
  };
  return command({ admin: admin as never, given: given(words), say: (line) => void said.push(line) });
}

const subject = (...namespaces: string[]) =>
  ok({ subject: "alice", blocked: false, namespaces: namespaces.map((name) => ({ name, id: "n", open: true })) });

const keyOf = (more: Partial<KeyItem> = {}): KeyItem => ({
  ...{ id: UUID, subject: "alice", namespace: "alice", name: "default", created: 1, ends: null, replacedBy: null },
  ...{ role: "owner", scope: null, blocked: false, good: true, key: KEY, ...more },
});

const page = (items: KeyItem[], next: string | null = null) => ok({ items, next });

describe("without a platform", () => {
  const local = (words: Words) => [localAnswer(given(words), (line) => void said.push(line)), said.splice(0)];

  it("names that are too short or empty are refused", () => {
    expect(local({ placed: [" bob "] })).toEqual([2, ["Subject name must be at least 5 characters"]]);
    expect(local({ placed: [] })[0]).toBe(2);
    expect(local({ values: { namespace: [" "] } })).toEqual([2, ["Namespace must not be empty"]]);
    expect(local({})).toEqual([null, []]);
  });

  it.each([
    ["x:y", "authorization id is not a valid UUID"],
    [UUID, "failed to determine authorization id and key: list index out of range"],
    [`${UUID}:${"k".repeat(63)}`, "authorization key must be at least 64 characters long"],
  ])("the key %s is refused", (auth, line) => expect(local({ values: { auth: [auth] } })).toEqual([2, [line]]));

  it("a key is only made where that is asked for, another each time; a given one is said in its usual form", () => {
    expect(local({ on: ["genonly"], values: { auth: [KEY.toUpperCase().replace(/K+$/, "k".repeat(64))] } })).toEqual([
      0,
      [KEY],
    ]);
    const [first, second] = [local({ on: ["genonly"] }), local({ on: ["genonly"] })].map(([, lines]) => String(lines));
    expect(first).toMatch(/^[0-9a-f-]{36}:[A-Za-z0-9]{64}$/);
    expect(first).not.toBe(second);
  });
});

describe("create", () => {
  const made = ok({ subject: "alice", namespace: "alice", key: KEY });

  it("makes a subject with a key to the namespace that is named as it is, and says the key", async () => {
    answers["POST /identities"] = made;
    expect([await run(createUser), said]).toEqual([0, [KEY]]);
    expect(asked).toEqual([
      ["GET", "/identities/alice"],
      ["POST", "/identities", { subject: "alice", namespace: "alice" }],
    ]);
  });

  it("takes a namespace and a key that are given, and says nothing where that is asked for", async () => {
    answers["POST /identities"] = made;
    answers["GET /identities/alice"] = subject("other");
    const values = { namespace: [" home "], auth: [KEY] };
    expect([await run(createUser, { on: ["silent"], values }), said]).toEqual([0, []]);
    expect(asked.at(-1)).toEqual(["POST", "/identities", { subject: "alice", namespace: "home", key: KEY }]);
  });

  it("replaces a key only where that is asked for", async () => {
    answers["GET /identities/alice"] = subject("alice");
    answers["POST /identities/alice/rotate"] = made;
    expect([await run(createUser), said.splice(0)]).toEqual([1, ["Namespace already exists"]]);
    for (const on of ["revoke", "force"])
      expect([await run(createUser, { on: [on] }), said.splice(0)]).toEqual([0, [KEY]]);
    expect(asked.at(-1)).toEqual(["POST", "/identities/alice/rotate", { namespace: "alice" }]);
  });

  it("fails for who is blocked, and says why else", async () => {
    answers["GET /identities/alice"] = ok({ subject: "alice", blocked: true, namespaces: [] });
    expect([await run(createUser), said.splice(0)]).toEqual([1, ["The subject you want to edit is blocked"]]);
    answers["GET /identities/alice"] = failed(500);
    expect([await run(createUser), said.splice(0)]).toEqual([1, ["Failed to create subject (no)"]]);
    expect(asked.length).toBe(2);
    answers["GET /identities/alice"] = failed(404);
    answers["POST /identities"] = failed(409, "text");
    expect([await run(createUser), said]).toEqual([1, ["Failed to create subject (the reason)"]]);
  });
});

describe("delete", () => {
  it("takes all of a subject, or its key to one namespace", async () => {
    answers["GET /identities/alice"] = subject("alice", "my home");
    answers["DELETE /identities/alice"] = subject();
    expect([await run(deleteUser), said.splice(0)]).toEqual([0, ["Subject deleted"]]);
    expect([await run(deleteUser, { values: { namespace: ["my home"] } }), said]).toEqual([0, ["Namespace deleted"]]);
    expect(asked.filter(([method]) => method === "DELETE")).toEqual([
      ["DELETE", "/identities/alice"],
      ["DELETE", "/identities/alice?namespace=my%20home"],
    ]);
  });

  it("fails for what is not there, or not said", async () => {
    expect([await run(deleteUser), said.splice(0)]).toEqual([1, [`Failed to delete subject (${MISSING})`]]);
    answers["GET /identities/alice"] = subject("alice");
    const elsewhere = await run(deleteUser, { values: { namespace: ["x"] } });
    expect([elsewhere, said.splice(0)]).toEqual([1, ['Namespace "x" does not exist for "alice"']]);
    expect([await run(deleteUser, { placed: [" "] }), said.splice(0)]).toEqual([2, ["Subject must not be empty"]]);
    expect([await run(deleteUser, { values: { namespace: [""] } }), said.splice(0)]).toEqual([
      2,
      ["Namespace must not be empty"],
    ]);
    answers["DELETE /identities/alice"] = failed(500);
    expect([await run(deleteUser), said.splice(0)]).toEqual([1, ["Failed to delete subject (no)"]]);
    const values = { namespace: ["alice"] };
    expect([await run(deleteUser, { values }), said]).toEqual([1, ["Failed to remove namespace (no)"]]);
  });
});

describe("get", () => {
  it("says the default key to the namespace that is named as the subject, else another one to it", async () => {
    const named = keyOf({ name: "ci", key: "ci" });
    answers["GET /identities/alice/keys"] = page([keyOf({ namespace: "x", key: "x" }), named, keyOf()]);
    expect([await run(getUser), said.splice(0)]).toEqual([0, [KEY]]);
    answers["GET /identities/alice/keys"] = page([named]);
    expect([await run(getUser), said.splice(0)]).toEqual([0, ["ci"]]);
    answers["GET /identities/alice/keys"] = page([keyOf({ namespace: "x", key: "x" })]);
    expect([await run(getUser, { values: { namespace: ["x"] } }), said.splice(0)]).toEqual([0, ["x"]]);
    expect([await run(getUser), said]).toEqual([1, ['namespace "alice" not found for "alice"']]);
  });

  it("says all keys of all pages that were not replaced", async () => {
    answers["GET /identities/alice/keys"] = (path: string) =>
      path.endsWith("after=")
        ? page([keyOf({ key: "1" })], "a b")
        : page([keyOf({ key: "2", replacedBy: "3" }), keyOf({ namespace: "x", key: "3" })]);
    expect([await run(getUser, { on: ["all"] }), said]).toEqual([0, ["alice\t1", "x\t3"]]);
    expect(asked).toEqual([
      ["GET", "/identities/alice/keys?secrets=true&limit=500&after="],
      ["GET", "/identities/alice/keys?secrets=true&limit=500&after=a%20b"],
    ]);
  });

  it("says no key that no secret at hand opens", async () => {
    answers["GET /identities/alice/keys"] = page([keyOf({ key: null })]);
    expect([await run(getUser), said]).toEqual([1, ["Failed to get subject (no secret at hand opens the key)"]]);
  });

  it("tells who is not there from who has no key", async () => {
    answers["GET /identities/alice/keys"] = page([]);
    expect([await run(getUser), said.splice(0)]).toEqual([1, [`Failed to get subject (${MISSING})`]]);
    answers["GET /identities/alice"] = subject();
    expect([await run(getUser), said.splice(0)]).toEqual([1, ['namespace "alice" not found for "alice"']]);
    answers["GET /identities/alice/keys"] = failed(500);
    expect([await run(getUser), said]).toEqual([1, ["Failed to get subject (no)"]]);
  });
});

describe("list", () => {
  const all = [keyOf({ key: "1" }), keyOf({ key: "2", good: false }), keyOf({ key: "3", subject: "bobby" })];

  it("says the first good key of a namespace, or as many as are picked, or all", async () => {
    answers["GET /namespaces/my%20home/keys"] = page(all);
    const list = async (words: Words) => [await run(listUsers, { placed: ["my home"], ...words }), said.splice(0)];
    expect(await list({})).toEqual([0, ["1\talice"]]);
    expect(await list({ values: { pick: ["5"] } })).toEqual([0, ["1\talice", "3\tbobby"]]);
    expect(await list({ on: ["all", "key"] })).toEqual([0, ["1", "3"]]);
    expect(await list({ values: { pick: ["0"] } })).toEqual([2, ["pick at least 1 identity to show"]]);
  });

  it("says where there is none, and where it failed", async () => {
    answers["GET /namespaces/alice/keys"] = page([keyOf({ good: false })]);
    expect([await run(listUsers), said.splice(0)]).toEqual([0, ['no identities found for namespace "alice"']]);
    answers["GET /namespaces/alice/keys"] = failed(500);
    expect([await run(listUsers), said]).toEqual([1, ["Failed to get namespace key (no)"]]);
  });
});

describe("whois", () => {
  it("says whose a good key is; of any other that it is not known", async () => {
    answers["POST /whois"] = ok(keyOf({ namespace: "home" }));
    expect([await run(whoisUser, { placed: [KEY] }), said.splice(0)]).toEqual([
      0,
      ["subject: alice", "namespace: home"],
    ]);
    expect(asked).toEqual([["POST", "/whois", { key: KEY }]]);
    for (const answer of [ok(keyOf({ good: false })), failed(404), failed(400)]) {
      answers["POST /whois"] = answer;
      expect([await run(whoisUser), said.splice(0)]).toEqual([0, ["Subject id is not recognized"]]);
    }
    answers["POST /whois"] = failed(500);
    expect([await run(whoisUser), said]).toEqual([1, ["Failed to get subject (no)"]]);
  });
});

describe("block", () => {
  it("says how it went with each; how many failed is the exit code", async () => {
    answers["POST /identities/alice/block"] = subject();
    const code = await run((each) => blockUsers(each, "block"), { placed: ["alice", " ", "carol", "a b"] });
    expect([code, said]).toEqual([
      ...[
        2,
        ['"alice" blocked successfully', `Failed to block "carol" (${MISSING})`, `Failed to block "a b" (${MISSING})`],
      ],
    ]);
    expect(asked.at(-1)).toEqual(["POST", "/identities/a%20b/block"]);
  });

  it("has an exit code that a shell takes", async () => {
    const placed = Array.from({ length: 256 }, (_, at) => `user${at}`);
    expect(await run((each) => blockUsers(each, "unblock"), { placed })).toBe(255);
  });
});

it("a failure is told in the platform's words, else by its reason; what is missing as CouchDB had it", () => {
  expect(wordsOf(failed(500) as never)).toBe("no");
  for (const body of ["x", null, { error: 7 }]) expect(wordsOf(failed(500, body) as never)).toBe("the reason");
  expect(wordsOf(failed(404, { error: "anything" }) as never)).toBe(MISSING);
});
