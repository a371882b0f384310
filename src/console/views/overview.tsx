// The namespace at a glance: how much runs, how it ends, how long it takes, how often a container is made for it.

import { useMemo } from "preact/hooks";
import { ask, ownPath } from "../parts/api.ts";
import { ChartPanel } from "../parts/chart.tsx";
import { serverNow } from "../parts/clock.ts";
import { shareOf, spanOf } from "../parts/format.ts";
import { Cards, Empty, Head, Pending } from "../parts/panels.tsx";
import { LIVE_MS, usePolled } from "../parts/poll.ts";
import { hrefOf, replaceQuery } from "../parts/router.ts";
import { everyStep, type STEPS } from "../parts/steps.ts";
import { TableOf } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

interface ShownFigures {
  count: number;
  outcomes: Record<string, number>;
  coldShare: number | null;
  duration: { p50: number | null; p99: number | null };
}

interface Stats {
  total: ShownFigures;
  names: (ShownFigures & { type: string; name: string })[];
  series: (ShownFigures & { at: number })[];
}

const SPANS = [
  { id: "minute", title: "Last hour, by minute" },
  { id: "hour", title: "Last day, by hour" },
  { id: "day", title: "Last month, by day" },
] as const;
const MAX_NAMES = 10;

export default function Overview({ query }: ViewProps) {
  const given = query.get("step");
  const step = SPANS.find((each) => each.id === given)?.id ?? "minute";
  const stats = usePolled((signal) => ask<Stats>(ownPath("stats"), { query: { step }, signal }), {
    key: step,
    every: LIVE_MS,
  });
  return (
    <>
      <Head title="Overview">
        <label>
          <span class="away">Span</span>
          <select value={step} onChange={(event) => replaceQuery({ step: event.currentTarget.value })}>
            {SPANS.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </Head>
      <Pending read={stats} what="the figures" />
      {stats.value !== undefined && <Figures stats={stats.value} step={step} />}
    </>
  );
}

function errorsOf({ count, outcomes }: ShownFigures): number {
  return count - (outcomes.success ?? 0);
}

function Figures({ stats: { total, names, series }, step }: { stats: Stats; step: keyof typeof STEPS }) {
  const charts = useMemo(() => {
    const steps = everyStep(series, { step, now: serverNow() });
    const times = steps.map((each) => each.at / 1_000);
    const line = <T,>(none: T, of: (figures: ShownFigures) => T) =>
      steps.map(({ told }) => (told === null ? none : of(told)));
    return {
      calls: { times, values: [line(0, ({ count }) => count), line(0, errorsOf)] },
      durations: {
        times,
        values: [line(null, ({ duration }) => duration.p50), line(null, ({ duration }) => duration.p99)],
      },
      cold: { times, values: [line(null, ({ coldShare }) => coldShare)] },
    };
  }, [series, step]);
  if (total.count === 0) {
    return (
      <Empty title="Nothing has run in this time">
        <p>
          Rates, errors, durations and cold starts stand here as soon as something runs. Begin with one of the{" "}
          <a href={hrefOf("functions")}>functions</a>.
        </p>
      </Empty>
    );
  }
  const errors = errorsOf(total);
  return (
    <>
      <Cards
        of={[
          { title: "Activations", figure: total.count },
          { title: "Errors", figure: `${errors} (${shareOf(errors / total.count)})` },
          { title: "Half take at most", figure: spanOf(total.duration.p50) },
          { title: "99 % take at most", figure: spanOf(total.duration.p99) },
          { title: "Cold starts", figure: shareOf(total.coldShare) },
        ]}
      />
      <div class="columns">
        <ChartPanel
          title="Activations"
          summary={`${total.count}, of which ${errors} ended with an error`}
          data={charts.calls}
          lines={[
            { name: "all", colour: "--accent" },
            { name: "errors", colour: "--bad" },
          ]}
          said={(value) => String(Math.round(value * 10) / 10)}
        />
        <ChartPanel
          title="Duration"
          summary={`half at most ${spanOf(total.duration.p50)}, 99 of 100 at most ${spanOf(total.duration.p99)}`}
          data={charts.durations}
          lines={[
            { name: "p50", colour: "--accent" },
            { name: "p99", colour: "--warn" },
          ]}
          said={spanOf}
        />
        <ChartPanel
          title="Cold starts"
          summary={shareOf(total.coldShare)}
          data={charts.cold}
          lines={[{ name: "share", colour: "--accent" }]}
          said={shareOf}
        />
      </div>
      <TableOf
        label="By function"
        rows={names.slice(0, MAX_NAMES)}
        keyOf={(each) => `${each.type} ${each.name}`}
        columns={[
          {
            text: "Function or trigger",
            cell: (each) => (
              <a href={hrefOf("activations", [], { name: each.name })}>{each.name === "" ? "others" : each.name}</a>
            ),
          },
          { text: "Activations", look: "number", cell: (each) => each.count },
          { text: "Errors", look: "number", cell: (each) => errorsOf(each) },
          { text: "p50", look: "number wide", cell: (each) => spanOf(each.duration.p50) },
          { text: "p99", look: "number wide", cell: (each) => spanOf(each.duration.p99) },
        ]}
      />
    </>
  );
}
