// The packages of the namespace and those that others share, what is in one, and bindings to them.

import { useState } from "preact/hooks";
import { Ago } from "../parts/ago.tsx";
import { ask, ownPath } from "../parts/api.ts";
import { useDoing } from "../parts/doing.ts";
import { type KeyValue, SYSTEM_NAMESPACE } from "../parts/entities.ts";
import { OnePackage } from "../parts/package.tsx";
import { Pages, pageOf } from "../parts/pages.tsx";
import { Badge, Empty, FaultPanel, Head, Pending } from "../parts/panels.tsx";
import { LIVE_MS, usePolled } from "../parts/poll.ts";
import { go, hrefOf, replaceQuery } from "../parts/router.ts";
import { TableOf } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

interface ListedPackage {
  namespace: string;
  name: string;
  publish: boolean;
  updated: number;
  binding: { namespace: string; name: string } | false;
  annotations?: KeyValue[];
}

const PAGE = 50;

export default function Packages({ rest, query }: ViewProps) {
  const [first, second] = rest;
  if (first === undefined) return <AllPackages query={query} />;
  return second === undefined ? (
    <OnePackage namespace="_" name={first} />
  ) : (
    <OnePackage namespace={first} name={second} />
  );
}

function AllPackages({ query }: Pick<ViewProps, "query">) {
  const of = query.get("of") ?? "";
  const number = Math.max(1, Number.parseInt(query.get("page") ?? "", 10) || 1);
  const path = of === "" ? ownPath("packages") : `/api/v1/namespaces/${encodeURIComponent(of)}/packages`;
  const read = usePolled(
    (signal) => ask<ListedPackage[]>(path, { query: { limit: PAGE + 1, skip: (number - 1) * PAGE }, signal }),
    { key: `packages ${path} ${number}`, ...(of === "" ? { every: LIVE_MS } : {}) },
  );
  const { shown, more } = pageOf(read.value ?? [], PAGE);
  return (
    <>
      <Head title={of === "" ? "Packages" : `Packages that ${of} shares`}>
        <OfNamespace key={of} of={of} />
      </Head>
      {of === "" && <NewPackage />}
      <Pending read={read} what="packages" />
      {read.value !== undefined && shown.length === 0 && number === 1 && (
        <Empty title={of === "" ? "No packages yet" : "It shares none"}>
          <p>
            A package holds functions that belong together, with parameters that all of them get. Shared ones of others
            are used through a binding, which is a name of your own for one. Look at{" "}
            <a href={hrefOf("packages", [], { of: SYSTEM_NAMESPACE })}>those of the platform</a>: alarms, utils and
            more.
          </p>
        </Empty>
      )}
      {shown.length > 0 && (
        <TableOf
          label="Packages"
          rows={shown}
          keyOf={(each) => each.name}
          columns={[
            {
              text: "Name",
              cell: (each) => <a href={hrefOf("packages", of === "" ? [each.name] : [of, each.name])}>{each.name}</a>,
            },
            { text: "What it is", cell: (each) => <Kind of={each} /> },
            {
              text: "Changed",
              look: "wide",
              cell: (each) => (each.updated > 0 ? <Ago at={each.updated} /> : <span class="muted">–</span>),
            },
          ]}
        />
      )}
      <Pages
        label="Pages of packages"
        number={number}
        more={more}
        go={(to) => replaceQuery({ of, page: to === 1 ? "" : String(to) })}
      />
    </>
  );
}

function Kind({ of: { binding, publish } }: { of: ListedPackage }) {
  if (binding !== false) return <span>a binding to /{`${binding.namespace}/${binding.name}`}</span>;
  return <Badge tone={publish ? "good" : "plain"}>{publish ? "shared with everybody" : "your own"}</Badge>;
}

function OfNamespace({ of }: { of: string }) {
  const [typed, setTyped] = useState(of);
  const show = (event: Event) => {
    event.preventDefault();
    replaceQuery({ of: typed.trim() });
  };
  return (
    <form class="actions" onSubmit={show}>
      <input
        aria-label="Shared by the namespace"
        placeholder={SYSTEM_NAMESPACE}
        value={typed}
        maxLength={256}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <button type="submit">Show what it shares</button>
      {of !== "" && (
        <a class="button" href={hrefOf("packages")}>
          Your own
        </a>
      )}
    </form>
  );
}

function NewPackage() {
  const [name, setName] = useState("");
  const doing = useDoing();
  const make = async (event: Event) => {
    event.preventDefault();
    const answer = await doing.run(() => ask(ownPath("packages", name.trim()), { method: "PUT", body: {} }));
    if (answer?.ok === true) go(hrefOf("packages", [name.trim()]));
  };
  return (
    <>
      <form class="row panel" onSubmit={make}>
        <label class="field">
          <span>New package</span>
          <input value={name} maxLength={256} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main" disabled={doing.busy || name.trim() === ""}>
          Create package
        </button>
      </form>
      <FaultPanel fault={doing.fault} />
    </>
  );
}
