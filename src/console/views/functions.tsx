// The functions of the namespace: what there is, a new one, and the way to one of them.

import { useState } from "preact/hooks";
import { CreateDialog } from "../functions/create-dialog.tsx";
import { FunctionPage } from "../functions/page.tsx";
import { partsOf, type ShownAction } from "../parts/actions.ts";
import { Ago } from "../parts/ago.tsx";
import { type Asked, ask, ownPath } from "../parts/api.ts";
import { Badge, Empty, Head, Pending } from "../parts/panels.tsx";
import { LIVE_MS, usePolled } from "../parts/poll.ts";
import { hrefOf } from "../parts/router.ts";
import { TableOf } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

type ListedAction = Pick<ShownAction, "namespace" | "name" | "version" | "updated" | "limits" | "annotations">;

const PAGE = 200;
/** Pages that are read, and rows that are drawn at once. */
const MAX_PAGES = 10;
const ROWS = 100;

export default function Functions({ rest }: ViewProps) {
  return rest.length === 0 ? <FunctionList /> : <FunctionPage parts={rest} />;
}

/** Page after page while they are full. */
async function allActions(signal: AbortSignal): Promise<Asked<ListedAction[]>> {
  const page = (skip: number) => ask<ListedAction[]>(ownPath("actions"), { query: { limit: PAGE, skip }, signal });
  const first = await page(0);
  const all = first.ok ? [...first.value] : [];
  for (let at = 1, last = first; last.ok && last.value.length === PAGE && at < MAX_PAGES; at++) {
    last = await page(at * PAGE);
    if (last.ok) all.push(...last.value);
  }
  return first.ok ? { ...first, value: all } : first;
}

function FunctionList() {
  const [filter, setFilter] = useState("");
  const [rows, setRows] = useState(ROWS);
  const [creating, setCreating] = useState(false);
  const first = usePolled((signal) => ask<ListedAction[]>(ownPath("actions"), { query: { limit: PAGE }, signal }), {
    ...{ key: "actions", every: LIVE_MS },
  });
  const isLong = first.value?.length === PAGE;
  const whole = usePolled((signal) => (isLong ? allActions(signal) : Promise.resolve(NONE)), { key: `all ${isLong}` });
  const all = isLong && (whole.value?.length ?? 0) > 0 ? (whole.value ?? []) : (first.value ?? []);
  const shown = all.filter((each) => partsOf(each).join("/").toLowerCase().includes(filter.toLowerCase()));
  return (
    <>
      <Head title="Functions">
        <input
          type="search"
          placeholder="Filter by name"
          aria-label="Filter by name"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <button type="button" class="main" onClick={() => setCreating(true)}>
          Create a function
        </button>
      </Head>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
      <Pending read={first} what="functions" />
      {first.value !== undefined && all.length === 0 && (
        <Empty title="No functions yet">
          <p>A function is code that runs when it is called, when a trigger fires, or when a clock says so.</p>
          <p>
            Create one here from a template, or from a file: <code>wsk action create hello hello.js</code>
          </p>
        </Empty>
      )}
      {all.length > 0 && shown.length === 0 && <p class="muted">No function's name has “{filter}” in it.</p>}
      {shown.length > 0 && (
        <TableOf
          label="Functions"
          rows={shown.slice(0, rows)}
          keyOf={(each) => partsOf(each).join("/")}
          columns={[
            {
              text: "Name",
              cell: (each) => <a href={hrefOf("functions", partsOf(each))}>{partsOf(each).join("/")}</a>,
            },
            { text: "Kind", cell: (each) => <Badge>{kindOf(each)}</Badge> },
            { text: "Memory", look: "number wide", cell: (each) => <>{each.limits.memory} MB</> },
            { text: "Version", look: "wide", cell: (each) => each.version },
            { text: "Changed", look: "tight", cell: (each) => <Ago at={each.updated} /> },
          ]}
        />
      )}
      {shown.length > rows && (
        <p class="muted">
          {rows} of {shown.length} are shown.{" "}
          <button type="button" class="link" onClick={() => setRows(rows + ROWS)}>
            Show {Math.min(ROWS, shown.length - rows)} more
          </button>
        </p>
      )}
    </>
  );
}

const NONE: Asked<ListedAction[]> = { ok: true, value: [], headers: new Headers() };

function kindOf({ annotations }: ListedAction): string {
  const kind = annotations.find((each) => each.key === "exec")?.value;
  return typeof kind === "string" ? kind : "action";
}
