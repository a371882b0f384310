// Secret headers that no sink names go; those that one names, or may come to name, stay.

import { expect, test } from "vitest";
import { SINK_SECRET_GRACE_MS, sweepSinkSecrets } from "../../src/system/sink-secrets.ts";

const NOW = 1e12;

test("only what is old and named by no sink of its namespace goes, wherever a turn begins", async () => {
  const kept = new Map([
    ["lost", { namespaceId: "b", created: 0 }],
    ["named", { namespaceId: "b", created: 0 }],
    ["new", { namespaceId: "b", created: NOW - SINK_SECRET_GRACE_MS }],
    ["named by another", { namespaceId: "d", created: 0 }],
  ]);
  const asked: string[] = [];
  const secrets = {
    keptBefore: async (before: number, { after, namespaces }: { after: string; namespaces: number }) => {
      const old = [...kept].filter(([, each]) => each.created < before && each.namespaceId > after);
      return [...Map.groupBy(old, ([, each]) => each.namespaceId)]
        .map(([namespaceId, group]) => ({ namespaceId, ids: group.map(([id]) => id) }))
        .slice(0, namespaces);
    },
    forget: async (namespaceId: string, id: string) => {
      if (kept.get(id)?.namespaceId === namespaceId) kept.delete(id);
    },
  };
  const of = (namespaceId: string) => ({
    views: async () => {
      asked.push(namespaceId);
      return [{ settings: { url: "", secret: "named" } }, { settings: { url: "" } }] as never;
    },
  });
  await sweepSinkSecrets(secrets, { of, now: NOW, place: "c" });
  expect(asked).toEqual(["d"]);
  expect([...kept.keys()]).toEqual(["lost", "named", "new"]);
  // Behind the last namespace it is begun from the first one.
  await sweepSinkSecrets(secrets, { of, now: NOW, place: "e" });
  expect([...kept.keys()]).toEqual(["named", "new"]);
  const fails = { views: () => Promise.reject(new Error("away")) };
  await expect(sweepSinkSecrets(secrets, { of: () => fails, now: NOW, place: "" })).rejects.toThrow("away");
  expect([...kept.keys()]).toEqual(["named", "new"]);
});
