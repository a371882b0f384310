import { expect, test } from "vitest";
import { migrate } from "../../../durable-objects/shared/schema.ts";
import { openDatabase } from "../clock.ts";

const FIRST = ["CREATE TABLE one (a INTEGER)"];

test("steps run once, in order, and later ones run when they are added", () => {
  const database = openDatabase();
  migrate(database, [FIRST]);
  migrate(database, [FIRST]);
  migrate(database, [FIRST, ["ALTER TABLE one ADD COLUMN b INTEGER", "INSERT INTO one (a, b) VALUES (1, 2)"]]);
  expect(database.sql.exec("SELECT a, b FROM one").one()).toEqual({ a: 1, b: 2 });
});

test("a step that fails leaves nothing behind", () => {
  const database = openDatabase();
  expect(() => migrate(database, [FIRST, ["CREATE TABLE two (a INTEGER)", "nonsense"]])).toThrow();
  migrate(database, [FIRST, ["CREATE TABLE two (a INTEGER)"]]);
  expect(database.sql.exec("SELECT count(*) AS n FROM two").one()).toEqual({ n: 0 });
});
