// Calls, completions and reports as tests of the cores need them.

import type { ActivationMeta, Completion } from "../../src/entities/activation.ts";
import { newActivationId } from "../../src/entities/activation-id.ts";
import type { Invocation } from "../../src/protocol/invocation.ts";
import type { HostReport } from "../../src/protocol/messages.ts";

/** Epoch ms at which the tests' clock begins. */
export const START = 1_700_000_000_000;
let made = 0;

export function metaOf(options: Partial<ActivationMeta> = {}): ActivationMeta {
  return {
    namespace: "guest",
    namespaceId: "ns",
    subject: "guest",
    name: "hello",
    version: "0.0.1",
    path: "guest/hello",
    kind: "nodejs:20",
    limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
    acceptedAt: 0,
    transactionId: "t",
    ...options,
  };
}

type Options = Partial<Omit<Invocation, "about">> & { about?: Partial<ActivationMeta> };

export function callOf(options: Options = {}): Invocation {
  return {
    id: newActivationId(START + ++made, 1),
    revision: "1",
    exec: { kind: "nodejs:20", binary: false },
    args: { inline: "{}" },
    credential: "none",
    blocking: false,
    ...options,
    about: metaOf(options.about) as Invocation["about"],
  };
}

export function completed(result = '{"ok":true}'): Completion {
  return {
    statusCode: 0,
    result: { inline: result },
    size: result.length,
    duration: 3,
    endedAgo: 0,
    timedOut: false,
    engine: "test",
    ran: true,
    logs: { inline: "[]" },
  };
}

export function reportOf(options: Partial<HostReport> = {}): HostReport {
  return {
    version: 1,
    host: "h",
    shard: 0,
    boot: "boot-1",
    build: "test",
    engine: "test",
    memory: 1024,
    runtimes: [{ kind: "nodejs:20", image: "node", digest: "d" }],
    blackbox: false,
    epoch: 0,
    ...options,
  };
}
