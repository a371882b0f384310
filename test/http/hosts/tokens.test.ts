// Tokens of hosts: asked of the Roster once a second, and of a dial each time.

import { expect, test } from "vitest";
import { HostTokens } from "../../../src/http/hosts/tokens.ts";

class Roster {
  readonly tokens = new HostTokens({ goodFor: 1_000 });
  asked = 0;
  time = 0;
  good = true;

  find(header: string | null, afresh = false) {
    const ask = async (token: string) => {
      this.asked++;
      return this.good && token === "token" ? { host: "box", shards: 2 } : null;
    };
    return this.tokens.find(header, { afresh, now: () => this.time, ask });
  }
}

test("a token that was good is taken for good for a second", async () => {
  const roster = new Roster();
  for (const time of [0, 999]) {
    roster.time = time;
    expect(await roster.find("Bearer token")).toMatchObject({ host: "box", shards: 2 });
  }
  expect(roster.asked).toBe(1);
  roster.time = 1_000;
  roster.good = false;
  expect(await roster.find("Bearer token")).toBeNull();
});

test("a dial asks the Roster itself", async () => {
  const roster = new Roster();
  await roster.find("Bearer token");
  roster.good = false;
  expect(await roster.find("Bearer token", true)).toBeNull();
  expect(roster.asked).toBe(2);
});

test.each([null, "", "token", "Basic token", `Bearer ${"x".repeat(600)}`])(
  "nobody is asked about %s",
  async (header) => {
    const roster = new Roster();
    expect(await roster.find(header)).toBeNull();
    expect(roster.asked).toBe(0);
  },
);

test("what was no token is asked for again", async () => {
  const roster = new Roster();
  await roster.find("Bearer other");
  await roster.find("Bearer other");
  expect(roster.asked).toBe(2);
});
