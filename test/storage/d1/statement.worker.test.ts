import { expect, test } from "vitest";
import { allOf, prepared, rowsOf, sql } from "../../../src/storage/d1/statement.ts";
import { testEnv } from "../stores.worker.ts";

const DB = testEnv().DB;

test("values are bound, never written into the text", async () => {
  const hostile = "'); DROP TABLE entities; --";
  const piece = sql`SELECT ${hostile} AS a, ${7} AS b, ${null} AS c`;
  expect(piece).toEqual({ text: "SELECT ? AS a, ? AS b, ? AS c", values: [hostile, 7, null] });
  expect(await rowsOf(DB, piece)).toEqual([{ a: hostile, b: 7, c: null }]);
});

test("pieces go into each other with their values, in order", async () => {
  const inner = sql`${2} + ${3}`;
  expect(sql`SELECT ${1} + ${inner} + ${4} AS n`).toEqual({ text: "SELECT ? + ? + ? + ? AS n", values: [1, 2, 3, 4] });
  expect(await prepared(DB, sql`SELECT ${1} + ${inner} + ${4} AS n`).first("n")).toBe(10);
});

test("all of no conditions is true; of several, only where each is", async () => {
  const holds = async (...conditions: ReturnType<typeof sql>[]) =>
    prepared(DB, sql`SELECT iif(${allOf(conditions)}, 'yes', 'no') AS answer`).first("answer");
  expect(await holds()).toBe("yes");
  expect(await holds(sql`${1} = 1`, sql`${"a"} = 'a'`)).toBe("yes");
  expect(await holds(sql`${1} = 1`, sql`${"a"} = 'b'`)).toBe("no");
});
