// Who loses the race for a write: he looks again, waits a little longer each time, and gives up in the end.

import { describe, expect, test } from "vitest";
import { retryOnConflict } from "../../src/catalog/retry-on-conflict.ts";
import { fail, ok } from "../../src/errors.ts";
import { MemoryCatalog } from "./context.ts";

describe("who loses the race", () => {
  test.each([
    [0, "written"],
    [15, "written"],
    [16, "concurrent-modification"],
  ] as const)("looks again, after %i losses: %s", async (losses, kind) => {
    let plans = 0;
    const context = new MemoryCatalog();
    const ended = await retryOnConflict(context, async () => {
      const mine = plans++;
      return ok({ value: mine, write: async () => ({ kind: mine < losses ? "conflict" : "written" }) });
    });
    expect(ended.ok ? "written" : ended.code).toBe(kind);
    if (ended.ok) expect(ended.value).toBe(losses);
    expect(plans).toBe(Math.min(losses + 1, 16));
    expect(context.writes).toEqual(["ns"]);
    expect(context.pauses).toHaveLength(Math.min(losses, 15));
    expect(context.pauses.every((ms, at) => ms >= 0 && ms <= 10 * (at + 1))).toBe(true);
  });

  test("opens no gate for what is refused or done already", async () => {
    const context = new MemoryCatalog();
    expect(await retryOnConflict(context, async () => fail("not-found"))).toMatchObject({ code: "not-found" });
    expect(await retryOnConflict(context, async () => ok({ value: 7, write: null }))).toEqual({ ok: true, value: 7 });
    expect(context.writes).toEqual([]);
  });

  test("hears a refusal that comes later", async () => {
    let plans = 0;
    const later = await retryOnConflict<number>(new MemoryCatalog(), async () => {
      if (plans++ > 0) return fail("not-found");
      return ok({ value: 7, write: async () => ({ kind: "conflict" }) });
    });
    expect(later).toMatchObject({ code: "not-found" });
  });
});
