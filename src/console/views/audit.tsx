// Who changed what, when, from where, and what came of it.

import { useState } from "preact/hooks";
import type { AuditAnswer, AuditLine } from "../../entities/audit.ts";
import { ask } from "../parts/api.ts";
import { whenOf } from "../parts/format.ts";
import { Badge, Empty, Head, Pending } from "../parts/panels.tsx";
import { usePolled } from "../parts/poll.ts";
import { hrefOf, replaceQuery } from "../parts/router.ts";
import { TableOf } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

const PAGE = 25;
const FILTERS = ["namespace", "subject", "act", "result", "since", "until"] as const;
const RESULTS = ["done", "refused", "failed", "begun", "counted"];
const TONES = { done: "good", refused: "warn", failed: "bad", begun: "plain", counted: "plain" } as const;

type Filter = Record<(typeof FILTERS)[number], string>;

export default function Audit({ query }: ViewProps) {
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""])) as Filter;
  const after = query.get("after") ?? "";
  const asked = { ...filter, since: instantOf(filter.since), until: instantOf(filter.until), after, limit: PAGE };
  const read = usePolled((signal) => ask<AuditAnswer>("/admin/v1/audit", { query: asked, signal }), {
    key: JSON.stringify(asked),
  });
  const { value: page } = read;
  const filtered = FILTERS.some((name) => filter[name] !== "");
  return (
    <>
      <Head title="Audit log">
        <button type="button" onClick={read.reload}>
          Read again
        </button>
      </Head>
      <Filters filter={filter} key={JSON.stringify(filter)} />
      <Pending read={read} what="the log" />
      {page !== undefined && page.items.length === 0 && (
        <Empty title={filtered ? "Nothing like that" : "Nothing yet"}>
          <p>
            {filtered
              ? "No line of the log is so. Take a filter away, or name a longer time."
              : "Each change of a key, a limit, a function, a trigger or a host will stand here, with who made it."}
          </p>
        </Empty>
      )}
      {page !== undefined && page.items.length > 0 && <Lines items={page.items} />}
      {page !== undefined && (after !== "" || page.next !== null) && (
        <nav class="pages" aria-label="Pages of the log">
          {after !== "" && (
            <a class="button" href={hrefOf("audit", [], filter)}>
              Newest
            </a>
          )}
          {page.next !== null && (
            <a class="button" href={hrefOf("audit", [], { ...filter, after: page.next })}>
              Older
            </a>
          )}
        </nav>
      )}
    </>
  );
}

/** What a field for local time holds, as the route takes it. */
function instantOf(local: string): string {
  const at = local === "" ? Number.NaN : new Date(local).getTime();
  return Number.isNaN(at) ? "" : String(at);
}

function Filters({ filter }: { filter: Filter }) {
  const [typed, setTyped] = useState(filter);
  const field = (name: keyof Filter, label: string, type: "text" | "datetime-local" = "text") => (
    <label class="field">
      <span>{label}</span>
      <input
        type={type as "text"}
        value={typed[name]}
        maxLength={256}
        onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
      />
    </label>
  );
  const show = (event: Event) => {
    event.preventDefault();
    const trimmed = Object.entries(typed).map(([name, value]) => [name, value.trim()]);
    replaceQuery(Object.fromEntries(trimmed.filter(([, value]) => value !== "")));
  };
  return (
    <form class="row panel" onSubmit={show} aria-label="Filters">
      {field("namespace", "Namespace")}
      {field("subject", "Subject")}
      {field("act", "Act, or kind of act")}
      <label class="field">
        <span>Result</span>
        <select value={typed.result} onChange={(event) => setTyped({ ...typed, result: event.currentTarget.value })}>
          <option value="">any</option>
          {RESULTS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      {field("since", "Since", "datetime-local")}
      {field("until", "Until", "datetime-local")}
      <button type="submit" class="main">
        Show
      </button>
      <button type="button" class="quiet" onClick={() => replaceQuery({})}>
        Clear
      </button>
    </form>
  );
}

function Lines({ items }: { items: readonly AuditLine[] }) {
  return (
    <TableOf
      label="Lines of the log"
      rows={items}
      keyOf={(line, at) => `${line.at} ${line.transactionId} ${at}`}
      columns={[
        { text: "When", look: "roomy", cell: (line) => whenOf(line.at) },
        {
          text: "Who",
          look: "roomy",
          cell: (line) => (
            <>
              {line.subject || line.via}
              {line.keyName !== "" && <p class="muted small">key {line.keyName}</p>}
            </>
          ),
        },
        {
          text: "Act",
          look: "act",
          cell: (line) => (
            <>
              {line.act}
              {line.count > 1 && <span class="muted"> × {line.count}</span>}
              <p class="muted small phone">{line.target || line.namespace}</p>
            </>
          ),
        },
        {
          text: "What",
          look: "wide roomy",
          cell: (line) => (
            <>
              {line.target || "–"}
              {line.namespace !== "" && <p class="muted small">in {line.namespace}</p>}
            </>
          ),
        },
        {
          text: "Result",
          cell: (line) => (
            <>
              <Badge tone={TONES[line.result] ?? "plain"}>{line.result}</Badge>
              {Object.keys(line.detail).length > 0 && <Detail detail={line.detail} />}
            </>
          ),
        },
        {
          text: "From",
          look: "wide roomy",
          cell: (line) => (
            <>
              {line.source}
              <p class="muted small">{line.request}</p>
            </>
          ),
        },
      ]}
    />
  );
}

function Detail({ detail }: { detail: Record<string, unknown> }) {
  return (
    <details class="small">
      <summary>more</summary>
      <code>{JSON.stringify(detail).slice(0, 2_000)}</code>
    </details>
  );
}
