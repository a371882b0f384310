// What anybody may know of the platform: who we are, what can run, how much of it.

import type { NamespaceLimits } from "../entities/identity.ts";
import { type LimitBounds, MB, SEQUENCE_LENGTH } from "../entities/limits.ts";
import { acceptedKinds, withDefaults } from "../entities/runtimes.ts";

interface Limits {
  bounds: LimitBounds;
  /** Whether namespaces without limits of their own are throttled, and by what. */
  throttle: boolean;
  throttleDefaults: NamespaceLimits;
  hostsMayCome: boolean;
}

/** `reported`: kinds that some connected host can run; null while no host has ever reported. */
export function platformInfo(settings: Limits, reported: ReadonlySet<string> | null): object {
  const runtimes: Record<string, object[]> = {};
  // Until a host has reported nobody runs anything.
  const kinds = reported === null ? [] : withDefaults(acceptedKinds(reported, settings));
  for (const { kind, family, deprecated, default: standard, requireMain } of kinds) {
    runtimes[family] ??= [];
    const image = `openwhisk/action-${kind.replaceAll(":", "-v")}`;
    runtimes[family].push({ kind, image, deprecated, default: standard, attached: true, requireMain });
  }
  return {
    description: "OpenWhisk",
    support: {
      github: "https://github.com/apache/openwhisk/issues",
      slack: "http://slack.openwhisk.org",
    },
    api_paths: ["/api/v1"],
    limits: limitsOf(settings),
    runtimes,
  };
}

export function versionInfo({ build = "dev", buildDate = "unknown" }: { build?: string; buildDate?: string }): object {
  return {
    description: "OpenWhisk API",
    api_version: "1.0.0",
    api_version_path: "v1",
    build: buildDate,
    buildno: build,
    swagger_paths: { ui: "/docs", "api-docs": "/api-docs" },
  };
}

/** Durations in ms, memory and logs in bytes. What is not limited is not named. */
function limitsOf({ bounds: { timeout, memory, logs }, throttle, throttleDefaults }: Limits): object {
  return {
    ...(throttle
      ? {
          actions_per_minute: throttleDefaults.invocationsPerMinute,
          triggers_per_minute: throttleDefaults.firesPerMinute,
          concurrent_actions: throttleDefaults.concurrentInvocations,
        }
      : {}),
    sequence_length: SEQUENCE_LENGTH,
    default_min_action_duration: timeout.min,
    default_max_action_duration: timeout.max,
    default_min_action_memory: memory.min * MB,
    default_max_action_memory: memory.max * MB,
    default_min_action_logs: logs.min * MB,
    default_max_action_logs: logs.max * MB,
    min_action_duration: timeout.min,
    max_action_duration: timeout.max,
    min_action_memory: memory.min * MB,
    max_action_memory: memory.max * MB,
    min_action_logs: logs.min * MB,
    max_action_logs: logs.max * MB,
  };
}
