// Entities in D1: what every store of them promises, and besides long documents and the blobs they own.

import { beforeEach, expect, test } from "vitest";
import { entity, entityStoreSuite } from "../entity-store-suite.ts";
import { testEnv, testStores } from "../stores.worker.ts";

const { entities, blobs } = testStores();

async function empty() {
  await testEnv().DB.batch([testEnv().DB.prepare("DELETE FROM entities"), testEnv().DB.prepare("DELETE FROM garbage")]);
  return entities;
}

async function garbage(): Promise<string[]> {
  const { results } = await testEnv().DB.prepare("SELECT blob FROM garbage ORDER BY blob").all<{ blob: string }>();
  return results.map((row) => row.blob);
}

beforeEach(empty);
entityStoreSuite({ empty, garbage });

test("a document and a summary too long for a row lie in the blob store and come back whole", async () => {
  const document = `"${"ü".repeat(1_200_000)}"`;
  const summary = `"${"s".repeat(20_000)}"`;
  await entities.put(entity("a", { document, summary }), { expected: null });
  expect((await entities.get(entity("a")))?.document).toBe(document);
  const [listed] = await entities.list({ path: "ns", type: "action", deep: false, limit: 1, skip: 0 });
  const place = listed?.summary ?? { inline: "" };
  expect("blob" in place && (await blobs.text(place.blob))).toBe(summary);
  expect(await garbage()).toEqual([]);
});

test("blobs that no revision owns any more are swept, after a while and no sooner", async () => {
  for (const key of ["code/1", "code/2", "code/never"]) {
    await entities.reserve(key);
    await blobs.put(key, key);
  }
  await entities.put(entity("a", { blobs: ["code/1"] }), { expected: null });
  expect(await garbage()).toEqual(["code/2", "code/never"]);
  await entities.put(entity("a", { revision: "r2", blobs: ["code/1", "code/2"] }), { expected: "r1" });
  expect(await garbage()).toEqual(["code/never"]);
  await entities.put(entity("a", { revision: "r3", blobs: ["code/2"] }), { expected: "stale" });
  await entities.put(entity("a", { revision: "r3", blobs: ["code/2"] }), { expected: "r2" });
  expect(await garbage()).toEqual(["code/1", "code/never"]);
  await entities.delete(entity("a"), { expected: "wrong" });
  await entities.delete(entity("a"), { expected: "r3" });
  expect(await garbage()).toEqual(["code/1", "code/2", "code/never"]);
  expect(await entities.sweep(Date.now() - 60_000)).toBe(0);
  expect(await blobs.text("code/2")).toBe("code/2");
  expect(await entities.sweep(Date.now() + 1)).toBe(3);
  expect(await blobs.text("code/2")).toBeNull();
  expect(await garbage()).toEqual([]);
});
