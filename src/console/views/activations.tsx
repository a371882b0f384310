// Activations of the namespace: filtered, live, and the way to one of them.

import { ActivationPage } from "../activations/page.tsx";
import { Ago } from "../parts/ago.tsx";
import { ask, ownPath } from "../parts/api.ts";
import { spanOf } from "../parts/format.ts";
import { StatusBadge } from "../parts/outcome.tsx";
import { Empty, Head, Pending } from "../parts/panels.tsx";
import { LIVE_MS, usePolled } from "../parts/poll.ts";
import { actionPartsOf, type ListedActivation, STATUS } from "../parts/records.ts";
import { hrefOf, replaceQuery } from "../parts/router.ts";
import { TableOf } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

const ROWS = 100;
/** In addresses and for the API: the same words. */
const FILTERS = ["name", "status", "text", "minDuration"] as const;
type Filters = Record<(typeof FILTERS)[number], string>;
const WORDS = ["success", "application_error", "developer_error", "internal_error", "timeout"] as const;

export default function Activations({ rest: [id], query }: ViewProps) {
  if (id !== undefined) return <ActivationPage id={id} other={query.get("with")} />;
  return <ActivationList query={query} />;
}

function ActivationList({ query }: { query: URLSearchParams }) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""])) as Filters;
  const isFiltered = FILTERS.some((name) => filters[name] !== "");
  const listed = usePolled(
    (signal) => ask<ListedActivation[]>(ownPath("activations"), { query: { ...filters, limit: ROWS }, signal }),
    { key: JSON.stringify(filters), every: LIVE_MS },
  );
  const change = (name: keyof Filters, value: string) => replaceQuery({ ...filters, [name]: value });
  const records = listed.value ?? [];
  return (
    <>
      <Head title="Activations">
        <span class="muted small" role="status">
          {listed.fault === null ? "Live, every 3 s" : "Not live"}
        </span>
      </Head>
      <search class="row filters">
        <label class="field">
          <span>Function</span>
          <input
            type="search"
            value={filters.name}
            onChange={(event) => change("name", event.currentTarget.value.trim())}
          />
        </label>
        <label class="field">
          <span>Ended as</span>
          <select value={filters.status} onChange={(event) => change("status", event.currentTarget.value)}>
            <option value="">anything</option>
            {WORDS.map((word) => (
              <option key={word} value={word}>
                {word.replace("_", " ")}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Ran at least (ms)</span>
          <input
            type="number"
            min={0}
            value={filters.minDuration}
            onChange={(event) => change("minDuration", event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Text in result or log</span>
          <input type="search" value={filters.text} onChange={(event) => change("text", event.currentTarget.value)} />
        </label>
      </search>
      <Pending read={listed} what="activations" />
      {listed.value !== undefined && records.length === 0 && (
        <Empty title={isFiltered ? "No activation is like that" : "Nothing has run yet"}>
          <p>
            {isFiltered
              ? "Take a filter away, or look further back with the edgewhisk command."
              : "Each run of a function leaves a record here, with its result and its log."}
          </p>
          {!isFiltered && (
            <p>
              Open one of the <a href={hrefOf("functions")}>functions</a> and run it, or fire a trigger.
            </p>
          )}
        </Empty>
      )}
      {records.length > 0 && (
        <TableOf
          label="Activations"
          rows={records}
          keyOf={(each) => each.activationId}
          columns={[
            { text: "Started", look: "tight", cell: (each) => <Ago at={each.start} /> },
            {
              text: "Function",
              cell: (each) => <a href={hrefOf("activations", [each.activationId])}>{actionPartsOf(each).join("/")}</a>,
            },
            { text: "Ended as", cell: (each) => <StatusBadge status={STATUS[each.statusCode ?? 0] ?? "unknown"} /> },
            {
              text: "Took",
              look: "number",
              cell: (each) => (each.duration === undefined ? "–" : spanOf(each.duration)),
            },
            { text: "Activation", look: "wide mono", cell: (each) => each.activationId },
          ]}
        />
      )}
    </>
  );
}
