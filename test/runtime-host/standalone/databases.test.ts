// The databases of a state folder by their place: what each holds, what of an id is one, what must be there.

import { expect, it } from "vitest";
import { idsIn, kindOf, missingOf } from "../../../runtime-host/standalone/databases.ts";

const ID = "018bcfe56801000000000000000000aa";

it("ids are told from other texts of 32 digits by their time", () => {
  const now = Date.UTC(2026, 0);
  expect(idsIn(`{"id":"${ID}","x":"${"f".repeat(32)}","h":"${"0".repeat(64)}"}`, now)).toEqual([ID]);
  expect(idsIn(`${ID} and ${ID}a`, Date.UTC(2010, 0))).toEqual([]);
});

it("what is not known by its place is a database like any other", () => {
  expect(kindOf("v3/other/x.sqlite").holds).toBe("what it held");
  expect(kindOf("v3/do/edgewhisk-Gate/metadata.sqlite").holds).toMatch(/^when waiting work/);
});

it.each([
  ["v3/d1/miniflare-D1DatabaseObject/aa.sqlite", /all actions/, false],
  ["v3/r2/miniflare-R2BucketObject/aa.sqlite", /code of all actions/, false],
  ["v3/do/edgewhisk-Roster/aa.sqlite", /tokens of further hosts/, false],
  ["v3/do/edgewhisk-ActivationStore/aa.sqlite", /records and waiting calls/, true],
  ["v3/do/edgewhisk-Composition/aa.sqlite", /sequences and conductors/, true],
  ["v3/do/edgewhisk-InvokerScheduler/aa.sqlite", /runs a host was given/, false],
])("%s holds %s", (file, holds, ids) => {
  expect(kindOf(file)).toMatchObject({ holds: expect.stringMatching(holds), ids });
});

it("a state that was used has the database of its entities", () => {
  expect(missingOf([])).toBe("v3/d1/");
  expect(missingOf(["v3/d1/miniflare-D1DatabaseObject/aa.sqlite"])).toBeNull();
  expect(missingOf(["v3/do/edgewhisk-Roster/aa.sqlite"])).toBe("v3/d1/");
});
