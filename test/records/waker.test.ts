// Objects that lost their alarm are asked, each once.

import { expect, test } from "vitest";
import { RecordWaker } from "../../src/records/waker.ts";

test("each object of each namespace is asked once, a piece a round, also where one does not answer", async () => {
  const names = Array.from({ length: 70 }, (_, at) => `n${String(at).padStart(2, "0")}`);
  const asked: string[] = [];
  let isDown = true;
  const ports = {
    namespaces: {
      page: async (after: string, limit: number) => {
        if (isDown) throw new Error("away");
        const rest = names.filter((name) => name > after);
        return rest.slice(0, limit).map((name) => ({ name, uuid: name }));
      },
    },
    ...{ wellKnown: [], mode: "d1" as const, shards: 4 },
    store: (namespaceId: string, shard: number) => ({
      move: async () => {
        asked.push(`${namespaceId}:${shard}`);
        if (namespaceId === "n03") throw new Error("gone");
        return null;
      },
    }),
  };
  const waker = new RecordWaker();
  await expect(waker.round(ports)).rejects.toThrow("away");
  isDown = false;
  await waker.round(ports);
  expect(asked.length).toBe(200);
  for (let rounds = 0; rounds < 3; rounds++) await waker.round(ports);
  expect(asked.length).toBe(280);
  expect(new Set(asked).size).toBe(280);
});
