// The namespaces of the platform, for its operator: who is in, what each may use and how much it has,
// and who is shut out.

import type { NamespaceItem } from "../../entities/administration.ts";
import { ask } from "../parts/api.ts";
import { OneNamespace, StateOfNamespace } from "../parts/namespace.tsx";
import { Empty, Head, Pending } from "../parts/panels.tsx";
import { usePolled } from "../parts/poll.ts";
import { go, hrefOf } from "../parts/router.ts";
import { TableOf } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

const PAGE = 50;
const EVERY_MS = 10_000;

export default function Namespaces({ rest: [name], query }: ViewProps) {
  return name === undefined ? <AllNamespaces after={query.get("after") ?? ""} /> : <OneNamespace name={name} />;
}

function AllNamespaces({ after }: { after: string }) {
  const read = usePolled(
    (signal) =>
      ask<{ items: NamespaceItem[]; next: string | null }>("/admin/v1/namespaces", {
        query: { limit: PAGE, after },
        signal,
      }),
    { key: `namespaces ${after}`, every: EVERY_MS },
  );
  const { value: page } = read;
  return (
    <>
      <Head title="Namespaces">
        <ByName />
      </Head>
      <Pending read={read} what="the namespaces" />
      {page?.items.length === 0 && (
        <Empty title={after === "" ? "No namespaces yet" : "There are no more"}>
          <p>
            A namespace is somebody's place with functions of his own. Make one with its first key:{" "}
            <code>edgewhisk subject create NAME</code>. The well-known ones of a first start do not stand here.
          </p>
        </Empty>
      )}
      {page !== undefined && page.items.length > 0 && <NamespaceTable items={page.items} />}
      {page !== undefined && (after !== "" || page.next !== null) && (
        <nav class="pages" aria-label="Pages of namespaces">
          {after !== "" && (
            <a class="button" href={hrefOf("namespaces")}>
              First
            </a>
          )}
          {page.next !== null && (
            <a class="button" href={hrefOf("namespaces", [], { after: page.next })}>
              Next
            </a>
          )}
        </nav>
      )}
    </>
  );
}

function ByName() {
  const open = (event: Event) => {
    event.preventDefault();
    const name = new FormData(event.currentTarget as HTMLFormElement).get("name");
    if (typeof name === "string" && name.trim() !== "") go(hrefOf("namespaces", [name.trim()]));
  };
  return (
    <form class="actions" onSubmit={open}>
      <input name="name" aria-label="Name of a namespace" placeholder="its name" maxLength={256} />
      <button type="submit">Open</button>
    </form>
  );
}

function NamespaceTable({ items }: { items: readonly NamespaceItem[] }) {
  return (
    <TableOf
      label="Namespaces"
      rows={items}
      keyOf={(each) => each.id}
      columns={[
        { text: "Namespace", cell: (each) => <a href={hrefOf("namespaces", [each.name])}>{each.name}</a> },
        { text: "State", cell: (each) => <StateOfNamespace of={each} /> },
        { text: "Keys", look: "number", cell: (each) => each.keys },
        { text: "Subjects", look: "number wide", cell: (each) => each.subjects },
        { text: "Limits of its own", look: "wide", cell: (each) => limitsText(each.limits) },
      ]}
    />
  );
}

function limitsText(limits: NamespaceItem["limits"]) {
  const all = Object.entries(limits).map(([name, value]) => `${name} ${String(value)}`);
  return all.length === 0 ? <span class="muted">the platform's</span> : all.join(", ");
}
