import { expect, test } from "vitest";
import type { Env } from "../../src/env.ts";
import { storeNameOf } from "../../src/protocol/names.ts";
import { Handles, shardName } from "../../src/services/handles.ts";

test("a shard is named as the store of an activation in it", () => {
  const id = "0193f00000aa0b000000000000000000";
  expect(shardName("namespace", 0x0b)).toBe(storeNameOf({ id, about: { namespaceId: "namespace" } }));
  expect(shardName("namespace", 255)).toBe("namespace:ff");
});

test("each object is asked for by its binding and name", () => {
  const asked: string[] = [];
  const binding = (name: string) => ({ getByName: (object: string) => asked.push(`${name} ${object}`) });
  const names = ["SCHEDULER", "ACTIVATIONS", "COMPOSITION", "THROTTLE", "EPOCH", "ROSTER"];
  const handles = new Handles(Object.fromEntries(names.map((name) => [name, binding(name)])) as unknown as Env);
  handles.scheduler("host/0");
  handles.store("id:00");
  handles.composition("id:00");
  handles.throttle("id");
  handles.entityEpoch("guest");
  handles.roster();
  expect(asked).toEqual([
    "SCHEDULER host/0",
    "ACTIVATIONS id:00",
    "COMPOSITION id:00",
    "THROTTLE id",
    "EPOCH name:guest",
    "ROSTER roster",
  ]);
});
