// `npm run bench -- events`: messages of brokers, schedules, webhooks and events that are known, against the targets.

import { parseArgs } from "node:util";
import { bookRows } from "./event-book.ts";
import { brokerRows } from "./event-brokers.ts";
import { type EventPlatform, type Row, startEventPlatform } from "./event-platform.ts";
import { crowdRow, loneRow } from "./event-schedules.ts";
import { webhookRow } from "./event-webhooks.ts";

const PARTS = "book,webhook,lone,crowd,brokers";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: PARTS },
    messages: { type: "string", default: "1000" },
    repeats: { type: "string", default: "5" },
    schedules: { type: "string", default: "1000" },
    pairs: { type: "string", default: "400" },
    fires: { type: "string", default: "60" },
  },
});
const only = new Set(values.only.split(","));
const rows: Row[] = only.has("book") ? bookRows() : [];
if ([...only].some((part) => part !== "book")) {
  const events = await startEventPlatform();
  try {
    await measure(events);
  } finally {
    await events.close();
  }
}
console.log("\n| what | figure | target |\n|---|---|---|");
for (const { what, figure, target } of rows) console.log(`| ${what} | ${figure} | ${target} |`);

async function measure(events: EventPlatform): Promise<void> {
  if (only.has("webhook")) rows.push(await webhookRow(events, { pairs: Number(values.pairs) }));
  if (only.has("lone")) rows.push(await loneRow(events, { fires: Number(values.fires) }));
  if (only.has("crowd")) rows.push(await crowdRow(events, { count: Number(values.schedules) }));
  if (only.has("brokers")) {
    rows.push(...(await brokerRows(events, { count: Number(values.messages), repeats: Number(values.repeats) })));
  }
}
