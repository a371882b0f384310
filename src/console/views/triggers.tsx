// The triggers of the namespace, and one of them: the rules that follow it, a fire by hand, where its events come from.

import { useState } from "preact/hooks";
import type { EntityPoint } from "../../entities/names.ts";
import { Ago } from "../parts/ago.tsx";
import { ask, ownPath } from "../parts/api.ts";
import { useDoing } from "../parts/doing.ts";
import { feedOf, isAlarm, type KeyValue, shortNameOf } from "../parts/entities.ts";
import { Pages, pageOf } from "../parts/pages.tsx";
import { Empty, FaultPanel, Head, Pending } from "../parts/panels.tsx";
import { LIVE_MS, usePolled } from "../parts/poll.ts";
import { go, hrefOf, replaceQuery } from "../parts/router.ts";
import { TableOf } from "../parts/table.tsx";
import { OneTrigger } from "../parts/trigger.tsx";
import type { ViewProps } from "../parts/view.ts";

const PAGE = 50;
/** Most that one answer holds. */
const MOST = 200;

interface ListedTrigger {
  name: string;
  updated: number;
  annotations?: KeyValue[];
}

interface ListedRule {
  name: string;
  trigger: EntityPoint;
  action: EntityPoint;
}

export default function Triggers({ rest, query }: ViewProps) {
  const [name] = rest;
  return name === undefined ? <AllTriggers query={query} /> : <OneTrigger name={name} />;
}

function AllTriggers({ query }: Pick<ViewProps, "query">) {
  const [filter, setFilter] = useState("");
  const number = Math.max(1, Number.parseInt(query.get("page") ?? "", 10) || 1);
  const listed = usePolled(
    (signal) =>
      ask<ListedTrigger[]>(ownPath("triggers"), { query: { limit: PAGE + 1, skip: (number - 1) * PAGE }, signal }),
    { key: `triggers ${number}`, every: LIVE_MS },
  );
  const rules = usePolled((signal) => ask<ListedRule[]>(ownPath("rules"), { query: { limit: MOST }, signal }), {
    ...{ key: "rules", every: LIVE_MS },
  });
  const { shown: page, more } = pageOf(listed.value ?? [], PAGE);
  const shown = page.filter((each) => each.name.toLowerCase().includes(filter.toLowerCase()));
  return (
    <>
      <Head title="Triggers">
        <input
          type="search"
          placeholder="Filter by name"
          aria-label="Filter by name"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </Head>
      <NewTrigger />
      <Pending read={listed} what="triggers" />
      {listed.value !== undefined && page.length === 0 && number === 1 && (
        <Empty title="No triggers yet">
          <p>
            A trigger is a name for something that happens: an order that came in, a push to a repository, a time of
            day. Rules say which functions start when it fires. Make one above, then add a rule to it; whoever may fire
            it does so with <code>wsk trigger fire</code>, with a POST, or a feed does it.
          </p>
          <p>
            For something that comes by the clock see <a href={hrefOf("schedules")}>Schedules</a>.
          </p>
        </Empty>
      )}
      {page.length > 0 && shown.length === 0 && <p class="muted">No name on this page contains “{filter}”.</p>}
      {shown.length > 0 && (
        <TableOf
          label="Triggers"
          rows={shown}
          keyOf={(each) => each.name}
          columns={[
            { text: "Name", cell: (each) => <a href={hrefOf("triggers", [each.name])}>{each.name}</a> },
            { text: "Starts", cell: (each) => <Starts rules={rules.value} trigger={each.name} /> },
            { text: "Events come from", look: "wide", cell: (each) => <Source name={each.name} feed={feedOf(each)} /> },
            { text: "Changed", look: "wide", cell: (each) => <Ago at={each.updated} /> },
          ]}
        />
      )}
      <Pages
        label="Pages of triggers"
        number={number}
        more={more}
        go={(to) => replaceQuery(to === 1 ? {} : { page: String(to) })}
      />
    </>
  );
}

function Starts({ rules, trigger }: { rules: readonly ListedRule[] | undefined; trigger: string }) {
  if (rules === undefined) return <span class="muted">…</span>;
  const own = rules.filter((each) => each.trigger.name === trigger);
  const [first, ...others] = own;
  if (first === undefined) return <span class="muted">{rules.length < MOST ? "nothing" : "see there"}</span>;
  return (
    <>
      {shortNameOf(first.action)}
      {others.length > 0 && <span class="muted"> and {others.length} more</span>}
    </>
  );
}

function Source({ name, feed }: { name: string; feed: string | null }) {
  if (feed === null) return <span class="muted">whoever fires it</span>;
  return isAlarm(feed) ? <a href={hrefOf("schedules", [name])}>the clock</a> : <span>{feed}</span>;
}

function NewTrigger() {
  const [name, setName] = useState("");
  const doing = useDoing();
  const make = async (event: Event) => {
    event.preventDefault();
    const answer = await doing.run(() => ask(ownPath("triggers", name.trim()), { method: "PUT", body: {} }));
    if (answer?.ok === true) go(hrefOf("triggers", [name.trim()]));
  };
  return (
    <>
      <form class="row panel" onSubmit={make}>
        <label class="field">
          <span>New trigger</span>
          <input
            value={name}
            placeholder="order-received"
            maxLength={256}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="main" disabled={doing.busy || name.trim() === ""}>
          Create trigger
        </button>
      </form>
      <FaultPanel fault={doing.fault} />
    </>
  );
}
