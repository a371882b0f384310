// What is forwarded of records: themselves, with the result and logs that lie beside them as
// far as they are not too long.

import type { ActivationRecord, Payload } from "../../src/entities/activation.ts";
import type { RawJson } from "../../src/entities/raw-json.ts";
import { linesOf } from "./forward-batch.ts";
import type { Cargo } from "./forwarder.ts";
import type { HookPort } from "./ports.ts";

/** Characters of a result or of logs that are sent. */
const MAX_PART = 256 * 1024;

/** Its texts are records as JSON. */
export function recordCargo(hook: HookPort): Cargo {
  return {
    noun: "Records",
    tables: { queue: "forwards", hook: "hook" },
    hook,
    linesOf: async ({ text }, form) => {
      const record = JSON.parse(text) as ActivationRecord;
      const [result, logs] = [await textOf(record.result, hook), await textOf(record.logs, hook)];
      return linesOf(record, { result, logs }, form);
    },
  };
}

async function textOf(payload: Payload, hook: Pick<HookPort, "text">): Promise<RawJson | null> {
  if ("inline" in payload) return payload.inline.length > MAX_PART ? null : payload.inline;
  return payload.size > MAX_PART ? null : hook.text(payload.blob);
}
