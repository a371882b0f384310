// An activation that has ended, as its store sees it.

import type { ActivationMeta, ActivationRecord } from "../../src/entities/activation.ts";

export function ended(given: { action: string; statusCode?: 0 | 1 | 2 | 3; initMs?: number; result?: string }): {
  record: ActivationRecord;
  about: Pick<ActivationMeta, "namespace" | "path" | "kind" | "limits">;
} {
  const { action, statusCode = 0, initMs, result = "{}" } = given;
  return {
    about: {
      ...{ namespace: "guest", path: `guest/${action}`, kind: "nodejs:20" },
      limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
    },
    record: {
      ...{ activationId: "0".repeat(32), namespace: "guest", name: action, version: "0.0.1", subject: "guest" },
      ...{ start: 0, end: 20, duration: 20, statusCode, size: result.length },
      ...{ result: { inline: result }, logs: { inline: "[]" }, annotations: "[]" },
      meta: {
        ...{ v: 1, nsId: "n", listName: action, kind: "nodejs:20", acceptedAt: 0, waitMs: 3, runMs: 20, logBytes: 0 },
        ...{ traceId: "t", start: initMs === undefined ? "warm" : "cold" },
        ...(initMs === undefined ? {} : { initMs }),
      },
    },
  };
}
