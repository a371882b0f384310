// How often a registry is looked at that does not answer, or refuses: played without a registry.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type ImageName, parseImage } from "../../../../runtime-host/engine/registry/registry-rules.ts";
import { RegistryWatch } from "../../../../runtime-host/engine/registry/registry-watch.ts";
import { silent } from "../../support.ts";

const NAME = parseImage("registry.example:5000/x:1") as ImageName;
const REFUSED = "dial tcp 10.0.0.1:5000: connect: connection refused";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(answer: () => string | null) {
  const looks: number[] = [];
  const changed = vi.fn();
  const watch = new RegistryWatch({
    look: async () => {
      looks.push(Date.now());
      const reason = answer();
      if (reason !== null) throw new Error(reason);
    },
    log: silent,
    changed,
    random: () => 1,
  });
  return { watch, looks, changed };
}

it("finds out within 10 s that one is back, however long it was away, and says so once", async () => {
  let reason: string | null = REFUSED;
  const { watch, changed } = open(() => reason);
  watch.heard(NAME, REFUSED);
  expect(watch.reasons()).toEqual([`registry.example:5000: ${REFUSED}`]);
  await vi.advanceTimersByTimeAsync(3_600_000);
  reason = null;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(watch.reasons()).toEqual([]);
  expect(changed).toHaveBeenCalledTimes(2);
  expect(vi.getTimerCount()).toBe(0);
});

it("is content with an answer about the image: the road is open", async () => {
  const { watch } = open(() => "manifest unknown: manifest unknown");
  watch.heard(NAME, REFUSED);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(watch.reasons()).toEqual([]);
});

it("spares one that refuses: ever longer pauses, ten minutes at most", async () => {
  const { watch, looks } = open(() => "toomanyrequests: you have reached your pull rate limit");
  watch.heard(NAME, "toomanyrequests: you have reached your pull rate limit");
  await vi.advanceTimersByTimeAsync(6 * 3_600_000);
  expect(looks.length).toBeLessThan(50);
  const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
  expect(Math.max(...pauses)).toBe(600_000);
  watch.close();
  expect(vi.getTimerCount()).toBe(0);
});

it("looks once at a time, whatever callers' pulls say meanwhile", async () => {
  const { watch, looks } = open(() => REFUSED);
  for (let n = 0; n < 100; n++) watch.heard(NAME, REFUSED);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(looks).toHaveLength(1);
  watch.heard(NAME, null);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks).toHaveLength(1);
  expect(watch.reasons()).toEqual([]);
});
