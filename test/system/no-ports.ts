// Ports for functions that ask the platform nothing.

import type { SystemPorts } from "../../src/system/ports.ts";
import { NO_ALARMS } from "./no-alarms.ts";

const absent = () => Promise.reject(new Error("not asked for here"));

export function noPorts(): SystemPorts {
  return {
    entities: { get: async () => null },
    alarms: NO_ALARMS,
    subscriptions: {
      ...{ store: { byTrigger: absent, create: absent, change: absent, remove: absent }, shards: 1 },
      ...{ changed: absent, view: absent },
    },
    sources: {
      shards: 1,
      book: { isGranted: absent, addFeed: absent, removeFeed: absent },
      bound: { declared: () => [], table: () => null },
      of: () => ({ put: absent, find: absent, pause: absent, remove: absent }),
    },
    sinks: {
      ...{ shards: 1, allowed: [], secrets: { keep: absent, forget: absent } },
      of: () => ({ put: absent, remove: absent, views: absent, letters: absent, again: absent }),
    },
    events: { shards: 1, known: absent },
    webhooks: {
      store: { byTrigger: absent, create: absent, change: absent, remove: absent },
      withWrite: (_, write) => write(),
    },
  };
}
