// `edgewhisk stats`, and `edgewhisk activation stats`, its former name: how many activations ended how, how long they
// ran and waited, by name and over time.

import * as z from "zod";
import { choice, text } from "../../program/options.ts";
import { type Column, columns } from "../shared/columns.ts";
import { type Command, defineCommand } from "../shared/command.ts";
import { DONE, refused } from "../shared/exit-codes.ts";
import { epochOf, momentOption } from "../shared/moment.ts";
import { openApi, PLATFORM_OPTIONS } from "../shared/platform.ts";
import { plot, stamp } from "../shared/plot.ts";

const STEP_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const STEPS = ["minute", "hour", "day"] as const;

const Percentiles = z.object({ p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() });
const Figures = z.looseObject({
  count: z.number(),
  outcomes: z.object({
    success: z.number(),
    application_error: z.number(),
    developer_error: z.number(),
    internal_error: z.number(),
    timeout: z.number(),
  }),
  coldShare: z.number().nullable(),
  duration: Percentiles,
  wait: Percentiles,
});
type Figures = z.infer<typeof Figures>;
const Stats = z.looseObject({
  namespace: z.string(),
  step: z.enum(STEPS),
  since: z.number(),
  upto: z.number(),
  total: Figures,
  names: z.array(Figures.extend({ type: z.string(), name: z.string() })),
  series: z.array(Figures.extend({ at: z.number() })),
});
type Stats = z.infer<typeof Stats>;

const HEADS: readonly Column[] = [
  { title: "NAME" },
  ...["COUNT", "SUCCESS", "APP ERR", "DEV ERR", "SYS ERR", "TIMEOUT", "COLD"].map((title) => ({
    title,
    right: true as const,
  })),
  ...["RUN p50", "p95", "p99", "WAIT p50", "p95", "p99"].map((title) => ({ title, right: true as const })),
];

export const STATS_COMMANDS = [
  statsCommand("stats", "how many activations ended how, how long they ran and waited, as a table and as a plot"),
  statsCommand("activation stats", "the same as stats"),
];

function statsCommand(name: string, summary: string): Command {
  return defineCommand({
    ...{ name, summary, group: "Look at what happens" },
    options: {
      name: text("NAME", "only of this action or trigger, as name or package/name"),
      step: choice(STEPS, "the time of one figure", { default: "hour", placeholder: STEPS.join("|") }),
      since: momentOption("from then on", "an hour ago by the minute, a day by the hour, 30 days by the day"),
      upto: momentOption("until then", "now"),
      ...PLATFORM_OPTIONS,
    },
    notes: `Figures are counted as activations end, also where their records are not stored. Figures by the minute are kept for 48 hours,
by the hour for 90 days, by the day for two years. Durations and waits (ms) are of what ran, and right within 10 %.`,
    async run(call) {
      const opened = openApi(call);
      if (!opened.ok) return opened;
      const { name, step, since, upto } = call.options;
      const now = Date.now();
      const query = new URLSearchParams({ step });
      if (name !== undefined) query.set("name", name);
      if (since !== undefined) query.set("since", String(epochOf(since, now)));
      if (upto !== undefined) query.set("upto", String(epochOf(upto, now)));
      const reply = await opened.client.ask("GET", `/api/v1/namespaces/_/stats?${query}`, { schema: Stats });
      if (!reply.ok) return refused(reply);
      call.print(reply.value, textOf(reply.value));
      return DONE;
    },
  });
}

function textOf({ namespace, step, since, upto, total, names, series }: Stats): string {
  const title = `${namespace}, ${stamp(since)} to ${stamp(upto)}`;
  if (total.count === 0) return `${title}: nothing has ended`;
  const rows = names.map((each) => rowOf(labelOf(each), each));
  const points = series.map(({ at, count, outcomes }) => ({ at, count, errors: count - outcomes.success }));
  return [
    title,
    "",
    columns(HEADS, [...rows, rowOf("all", total)]),
    "",
    `activations by the ${step}`,
    plot(points, { since, upto, step: STEP_MS[step] }),
  ].join("\n");
}

function labelOf({ type, name }: { type: string; name: string }): string {
  if (type === "other") return "(others)";
  return type === "trigger" ? `${name} (trigger)` : name;
}

function rowOf(label: string, { count, outcomes, coldShare, duration, wait }: Figures): string[] {
  const { success, application_error, developer_error, internal_error, timeout } = outcomes;
  const counts = [count, success, application_error, developer_error, internal_error, timeout].map(String);
  const cold = coldShare === null ? "-" : `${Math.round(coldShare * 1_000) / 10}%`;
  const times = [duration, wait].flatMap(({ p50, p95, p99 }) => [p50, p95, p99]);
  return [label, ...counts, cold, ...times.map((ms) => (ms === null ? "-" : String(Math.round(ms))))];
}
