// What the check values of the secrets given and noted mean.

import { describe, expect, it } from "vitest";
import { type Checks, checksOf, type NotedChecks, type OpenedBy, verdictOf } from "../../src/entities/secret-check.ts";

const noted = (current: string, formerly: string | null = null): NotedChecks => ({ current, formerly });
const given = (current: string, previous: string | null = null): Checks => ({ current, previous });

function verdict(known: NotedChecks | null, checks: Checks, openedBy: OpenedBy = "no keys") {
  const found = verdictOf(known, checks, openedBy);
  return found.kind === "fault" ? found.fault.variable : found.kind === "note" ? found.checks : found.kind;
}

describe("a database that knows no secret yet", () => {
  it.each<[OpenedBy, Checks, NotedChecks | string]>([
    ["no keys", given("a"), noted("a")],
    ["no keys", given("a", "b"), noted("a")],
    ["current", given("a"), noted("a")],
    // Not all keys were looked at.
    ["current", given("a", "b"), noted("a", "b")],
    ["previous", given("a", "b"), noted("a", "b")],
    ["empty", given("a"), noted("a")],
    ["neither", given("a"), "MASTER_SECRET"],
    ["neither", given("a", "b"), "MASTER_SECRET"],
  ])("whose keys are opened by %s, given %o", (openedBy, checks, expected) => {
    expect(verdict(null, checks, openedBy)).toEqual(expected);
  });
});

describe("a database that knows a secret", () => {
  it.each<[string, NotedChecks, Checks, NotedChecks | string]>([
    ["the same one", noted("a"), given("a"), "good"],
    ["the same one, beside one of before", noted("a"), given("a", "z"), "good"],
    ["another one", noted("a"), given("b"), "MASTER_SECRET"],
    ["another one beside a third", noted("a"), given("b", "c"), "MASTER_SECRET"],
    ["a new one beside it", noted("a"), given("b", "a"), noted("b", "a")],
    ["the new one while keys are sealed with the old", noted("b", "a"), given("b", "a"), "good"],
    ["the new one alone while keys are sealed with the old", noted("b", "a"), given("b"), "MASTER_SECRET_PREVIOUS"],
    ["the new one beside a third one", noted("b", "a"), given("b", "c"), "MASTER_SECRET_PREVIOUS"],
    ["the old one alone while a change is under way", noted("b", "a"), given("a"), "MASTER_SECRET"],
    ["the old one back, beside the new", noted("b", "a"), given("a", "b"), noted("a", "b")],
    ["a third one while a change is under way", noted("b", "a"), given("c", "b"), "MASTER_SECRET"],
  ])("given %s", (_, known, checks, expected) => {
    expect(verdict(known, checks)).toEqual(expected);
  });

  it("says what is wrong and the way out", () => {
    const found = verdictOf(noted("b", "a"), given("b"), "no keys");
    expect(found).toMatchObject({ fault: { reason: expect.stringMatching(/put it back.*edgewhisk reseal/) } });
    const wrong = verdictOf(noted("a"), given("b"), "no keys");
    expect(wrong).toMatchObject({ fault: { reason: expect.stringMatching(/MASTER_SECRET_PREVIOUS/) } });
  });
});

it("check values differ by secret, are the same each time, and hold nothing of it", async () => {
  const one = await checksOf({ current: "secret one", previous: "secret two" });
  expect(one).toEqual(await checksOf({ current: "secret one", previous: "secret two" }));
  expect(one.current).not.toBe(one.previous);
  expect(JSON.stringify(one)).not.toContain("secret");
  expect((await checksOf({ current: "secret two", previous: null })).current).toBe(one.previous);
});
