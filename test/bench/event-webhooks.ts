// A webhook's fire beside a plain fire, by turns, one caller.

import { setTimeout as sleep } from "node:timers/promises";
import { BASE, type EventPlatform, HEADERS, note, type Row } from "./event-platform.ts";
import { type Call, median, sampleOf, send } from "./load.ts";

/** ms between two, so that what they cause keeps up and the bound of fires a minute is not met. */
const PAUSE_MS = 25;

export async function webhookRow(events: EventPlatform, { pairs }: { pairs: number }): Promise<Row> {
  await events.trigger("bench-direct");
  await events.trigger("bench-webhook");
  const params = { signature: "none", maxPerMinute: 6_000 };
  const { url } = JSON.parse(await events.feed("webhook/webhook", "CREATE", { trigger: "bench-webhook", params }));
  const { pathname } = new URL(String(url));
  const plain: Call = { method: "POST", path: `${BASE}/triggers/bench-direct`, headers: HEADERS, body: '{"n":1}' };
  const hook: Call = {
    method: "POST",
    path: pathname,
    headers: { "content-type": "application/json" },
    body: '{"n":1}',
  };
  const ratios: number[] = [];
  const times: { plain: number[]; hook: number[] } = { plain: [], hook: [] };
  for (let pair = 0; pair < pairs; pair++) {
    // Each is first as often as the other.
    const order = pair % 2 === 0 ? (["plain", "hook"] as const) : (["hook", "plain"] as const);
    const took = { plain: 0, hook: 0 };
    for (const which of order) {
      took[which] = await timed(events, which === "plain" ? plain : hook);
      times[which].push(took[which]);
      await sleep(PAUSE_MS);
    }
    ratios.push(took.hook / took.plain);
  }
  const p50 = { plain: sampleOf(times.plain).p50, hook: sampleOf(times.hook).p50 };
  const ratio = p50.hook / p50.plain;
  note(
    `webhook ${p50.hook.toFixed(2)} ms, plain ${p50.plain.toFixed(2)} ms; median of pairs ${median(ratios).toFixed(2)}`,
  );
  return {
    what: "fire by webhook against plain fire, p50",
    figure: `${ratio.toFixed(2)} (${p50.hook.toFixed(2)} against ${p50.plain.toFixed(2)} ms; ${median(ratios).toFixed(2)} by pairs)`,
    target: "≤ 1.5",
  };
}

async function timed({ callers }: EventPlatform, call: Call): Promise<number> {
  const began = performance.now();
  const { status, text } = await send(callers, call);
  if (status !== 202) throw new Error(`${call.path}: ${status} ${text.slice(0, 300)}`);
  return performance.now() - began;
}
