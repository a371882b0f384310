// When operators are told of a database of records.

import { expect, test } from "vitest";
import { databasesOf, warningOf } from "../../src/records/databases.ts";

test("one is well below 80 % of its bound, filling from there, full from 90 % on; one that does not answer is said", async () => {
  const table = (binding: string, bytes: number) => ({ binding, fill: async () => ({ bytes, pruned: 3 }) });
  const silent = {
    binding: "RECORDS_3",
    fill: async () => {
      throw new Error("away");
    },
  };
  const tables = [table("RECORDS_0", 79), table("RECORDS_1", 80), table("RECORDS_2", 90), silent];
  const { databases } = await databasesOf(tables, { mode: "d1", databaseBytes: 100 });
  expect(databases.map((each) => each.state)).toEqual(["well", "filling", "full", "unreachable"]);
  expect(warningOf(databases)).toMatch(
    /RECORDS_1 is filled to 80 % of 0 MB; RECORDS_2 is filled to 90 % of 0 MB; RECORDS_3 does not answer \(Error: away\)/,
  );
  expect(warningOf(databases.slice(0, 1))).toBeNull();
});
