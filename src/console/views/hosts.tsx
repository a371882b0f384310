// The hosts that run actions, what waits for them, and one host with what can be done to it.

import type { HostItem, StatusAnswer, WaitingItem } from "../../entities/administration.ts";
import { Ago } from "../parts/ago.tsx";
import { ask } from "../parts/api.ts";
import { bytesOf, spanOf } from "../parts/format.ts";
import { OneHost, StateBadge } from "../parts/host.tsx";
import { Cards, Empty, Facts, Head, Pending } from "../parts/panels.tsx";
import { LIVE_MS, usePolled } from "../parts/poll.ts";
import { hrefOf } from "../parts/router.ts";
import { TableOf } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

export default function Hosts({ rest }: ViewProps) {
  const [name] = rest;
  return name === undefined ? <Fleet /> : <OneHost name={name} />;
}

function Fleet() {
  const read = usePolled((signal) => ask<StatusAnswer>("/admin/v1/status", { signal }), {
    key: "status",
    every: LIVE_MS,
  });
  const { value: status } = read;
  return (
    <>
      <Head title="Hosts">
        {status !== undefined && (
          <span class="muted">
            Worker {status.build ?? "of no named build"}, asked <Ago at={status.at} />
          </span>
        )}
      </Head>
      <Pending read={read} what="the hosts" />
      {status !== undefined && (
        <>
          <Figures status={status} />
          <HostTable hosts={status.hosts} />
          <Waiting items={status.waiting} more={status.more} />
          <Stores stores={status.stores} />
        </>
      )}
    </>
  );
}

function Figures({ status: { hosts, waiting } }: { status: StatusAnswer }) {
  const sum = (value: (host: HostItem) => number) => hosts.reduce((total, host) => total + value(host), 0);
  const up = hosts.filter((host) => host.state === "up").length;
  return (
    <Cards
      of={[
        { title: "Hosts up", figure: `${up} of ${hosts.length}` },
        { title: "Running", figure: sum((host) => host.running) },
        { title: "MB in use", figure: `${sum((host) => host.used)} of ${sum((host) => host.memory)}` },
        { title: "Waiting", figure: waiting.reduce((total, each) => total + each.waiting + each.fires, 0) },
      ]}
    />
  );
}

function HostTable({ hosts }: { hosts: readonly HostItem[] }) {
  if (hosts.length === 0) {
    return (
      <Empty title="No hosts yet">
        <p>
          A host runs the containers. Give one a token with <code>edgewhisk host create NAME</code> and start it beside
          Docker with <code>edgewhisk host</code>; it stands here as soon as it has come.
        </p>
      </Empty>
    );
  }
  return (
    <TableOf
      label="Hosts"
      rows={hosts}
      keyOf={(host) => host.name}
      columns={[
        {
          text: "Host",
          cell: (host) => (
            <>
              <a href={hrefOf("hosts", [host.name])}>{host.name}</a>
              {host.reason !== undefined && <p class="muted small">{host.reason}</p>}
            </>
          ),
        },
        { text: "State", cell: (host) => <StateBadge state={host.state} /> },
        { text: "Running", look: "number", cell: (host) => host.running },
        {
          text: "Memory",
          look: "number",
          cell: (host) => (
            <>
              {host.used} / {host.memory} MB
            </>
          ),
        },
        { text: "Build", look: "wide", cell: (host) => host.build ?? "–" },
        { text: "Engine", look: "wide", cell: (host) => host.engine ?? "–" },
      ]}
    />
  );
}

function Waiting({ items, more }: { items: readonly WaitingItem[]; more: boolean }) {
  return (
    <section>
      <div class="head">
        <h2>What waits, and why</h2>
      </div>
      {items.length === 0 && <p class="panel muted">Nothing waits: all that was accepted runs, or is done.</p>}
      {items.length > 0 && (
        <TableOf
          label="What waits"
          rows={items}
          keyOf={(each) => each.store}
          columns={[
            { text: "Namespace", cell: (each) => each.namespace ?? <span class="muted">deleted</span> },
            { text: "Waiting", look: "number", cell: (each) => each.waiting + each.fires },
            { text: "Running", look: "number wide", cell: (each) => each.running },
            { text: "Oldest", look: "number", cell: (each) => spanOf(each.oldestWaitMs) },
            { text: "Why", cell: (each) => each.reason ?? each.unanswered ?? "not said" },
          ]}
        />
      )}
      {more && <p class="muted">There are more; those that wait longest are shown.</p>}
    </section>
  );
}

function Stores({ stores }: { stores: StatusAnswer["stores"] }) {
  if (stores.length === 0) return null;
  return (
    <section class="panel">
      <h2>Databases</h2>
      <Facts of={stores.map(({ name, bytes }) => [name, bytes === null ? "size unknown" : bytesOf(bytes)] as const)} />
    </section>
  );
}
