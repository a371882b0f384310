// What the namespace may use, how much of that it uses now, how many records it has, and how long it keeps them.

import { ask, ownPath } from "../parts/api.ts";
import { spanOf } from "../parts/format.ts";
import { Cards, Head, Pending } from "../parts/panels.tsx";
import { LIVE_MS, usePolled } from "../parts/poll.ts";
import { Records } from "../parts/records-kept.tsx";
import { Table } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

type Limits = Record<string, unknown> & { used?: Record<string, number> };

/** What is counted: the name of its limit, that of what is used of it, and the unit. */
const COUNTED = [
  { name: "invocationsPerMinute", used: "invocationsThisMinute", label: "Calls this minute", unit: "" },
  { name: "firesPerMinute", used: "firesThisMinute", label: "Fires this minute", unit: "" },
  { name: "concurrentInvocations", used: "concurrentInvocations", label: "Running now", unit: "" },
  { name: "concurrentMemory", used: "memoryInUse", label: "Memory now", unit: " MB" },
] as const;
/** Of one function: least and most, and the unit. */
const RANGES: readonly (readonly [string, string, string])[] = [
  ["ActionMemory", "Memory", " MB"],
  ["ActionTimeout", "Time", " ms"],
  ["ActionLogs", "Logs", " MB"],
  ["ActionConcurrency", "Calls at once in one container", ""],
];

export default function LimitsView(_: ViewProps) {
  const read = usePolled((signal) => ask<Limits>(ownPath("limits"), { signal }), { key: "limits", every: LIVE_MS });
  return (
    <>
      <Head title="Limits and usage" />
      <Pending read={read} what="the limits" />
      {read.value !== undefined && (
        <>
          <Counts limits={read.value} />
          <Ranges limits={read.value} />
        </>
      )}
      <Records
        root={ownPath().replace(/\/$/, "")}
        forbidden="How many records there are, and how long they are kept, is for an owner's key to see."
      />
    </>
  );
}

function Counts({ limits }: { limits: Limits }) {
  const used = limits.used ?? {};
  const rows = COUNTED.filter(({ name }) => typeof limits[name] === "number");
  if (rows.length === 0) {
    return (
      <p class="panel muted">
        Nothing of this namespace is counted: it may call as often, and run as much, as the hosts have room for.
      </p>
    );
  }
  const cards = rows.map(({ name, used: usedName, label, unit }) => {
    const most = Number(limits[name]);
    const now = used[usedName];
    const figure = (
      <>
        {now ?? "–"}{" "}
        <span class="muted small">
          of {most}
          {unit}
        </span>
      </>
    );
    if (now === undefined) return { title: label, figure };
    const more = <meter min={0} max={Math.max(1, most)} high={most * 0.8} value={now} aria-label={label} />;
    return { title: label, figure, more };
  });
  const left = used.secondsLeftOfMinute;
  const anew = left === undefined ? [] : [{ title: "Minutes are counted anew in", figure: `${left} s` }];
  return <Cards of={[...cards, ...anew]} />;
}

function Ranges({ limits }: { limits: Limits }) {
  const kinds = limits.allowedKinds;
  return (
    <Table
      label="Limits of one function"
      columns={["Of one function", { text: "Least", look: "number" }, { text: "Most", look: "number" }]}
    >
      {RANGES.map(([name, label, unit]) => (
        <tr key={name}>
          <td>{label}</td>
          <td class="number">{shownIn(unit, limits[`min${name}`])}</td>
          <td class="number">{shownIn(unit, limits[`max${name}`])}</td>
        </tr>
      ))}
      <tr>
        <td>Parameters that stand with it</td>
        <td class="number">–</td>
        <td class="number">{shownIn("", limits.maxParameterSize)}</td>
      </tr>
      {Array.isArray(kinds) && (
        <tr>
          <td>Kinds it may be of</td>
          <td colSpan={2}>{kinds.map(String).join(", ")}</td>
        </tr>
      )}
    </Table>
  );
}

function shownIn(unit: string, value: unknown): string {
  if (value === undefined || value === null) return "–";
  return unit === " ms" && typeof value === "number" ? spanOf(value) : `${String(value)}${unit}`;
}
