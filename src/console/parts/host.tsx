// One host: how it is, its schedulers, its images, and what an operator can do to it.

import type { ComponentChildren } from "preact";
import type { HostAnswer, HostItem } from "../../entities/administration.ts";
import { Ago } from "./ago.tsx";
import { type Asked, ask } from "./api.ts";
import { Confirmed } from "./confirm.tsx";
import { useDoing } from "./doing.ts";
import { spanOf } from "./format.ts";
import { Badge, Facts, FaultPanel, Head, Pending } from "./panels.tsx";
import { LIVE_MS, usePolled } from "./poll.ts";
import { hrefOf } from "./router.ts";
import { mayOperate } from "./session.ts";
import { type ColumnOf, TableOf } from "./table.tsx";

const TONES = { up: "good", draining: "warn", unhealthy: "bad", down: "bad", new: "plain" } as const;

export function StateBadge({ state }: { state: HostItem["state"] }) {
  return <Badge tone={TONES[state] ?? "plain"}>{state === "new" ? "never came" : state}</Badge>;
}

export function OneHost({ name }: { name: string }) {
  const path = `/admin/v1/hosts/${encodeURIComponent(name)}`;
  const read = usePolled((signal) => ask<HostAnswer>(path, { signal }), { key: `host ${name}`, every: LIVE_MS });
  const { value: host } = read;
  const call = (verb: string): Promise<Asked<unknown>> => ask(`${path}/${verb}`, { method: "POST", body: {} });
  return (
    <>
      <Head title={name}>
        <a class="button" href={hrefOf("hosts")}>
          All hosts
        </a>
        {host !== undefined && mayOperate("operate") && <Verbs host={host} call={call} changed={read.reload} />}
      </Head>
      <Pending read={read} what="the host" />
      {host !== undefined && (
        <>
          {!mayOperate("operate") && (
            <p class="panel muted">
              Your role looks at hosts. Who drains one, or lets it take work again, is an operator or an admin.
            </p>
          )}
          <div class="columns">
            <Condition host={host} />
            <Schedulers host={host} />
          </div>
          <Containers host={host} />
          <Images host={host} />
        </>
      )}
    </>
  );
}

function Verbs(props: { host: HostAnswer; call: (verb: string) => Promise<Asked<unknown>>; changed: () => void }) {
  const { host, call, changed } = props;
  const doing = useDoing();
  const again = async (verb: string) => {
    await doing.run(() => call(verb));
    changed();
  };
  return (
    <>
      {host.state === "draining" && (
        <button type="button" class="main" disabled={doing.busy} onClick={() => again("undrain")}>
          Take work again
        </button>
      )}
      {host.state === "unhealthy" && (
        <button type="button" class="main" disabled={doing.busy} onClick={() => again("enable")}>
          Enable
        </button>
      )}
      {(host.state === "up" || host.state === "unhealthy") && (
        <Confirmed
          label="Drain"
          about={`Drain the host ${host.name}`}
          text="It takes nothing new, and what runs there goes on to its end. It can be taken back."
          work={() => call("drain")}
          done={changed}
        />
      )}
      <FaultPanel fault={doing.fault} />
    </>
  );
}

function Condition({ host }: { host: HostAnswer }) {
  return (
    <section class="panel">
      <h2>How it is</h2>
      {host.state === "unhealthy" && (
        <p>It takes nothing new, for the reason below. It works again by itself when that is over.</p>
      )}
      <Facts
        of={[
          [
            "State",
            <>
              <StateBadge state={host.state} /> {host.reason}
            </>,
          ],
          ["Running", `${host.running}, with ${host.used} of ${host.memory} MB`],
          ["Build", host.build],
          ["Engine", host.engine],
          ["Security level", host.level],
          ["Lacks for the next level", host.lacks.join("; ")],
          ["Labels", host.labels?.join(", ")],
          ["Differs from the others in", host.differs?.join(", ")],
        ]}
      />
    </section>
  );
}

function Schedulers({ host }: { host: HostAnswer }) {
  return (
    <TableOf
      label="Schedulers"
      rows={host.schedulers}
      keyOf={(each) => each.scheduler}
      columns={[
        { text: "Scheduler", cell: (each) => each.scheduler },
        {
          text: "Connection",
          cell: (each) => (
            <>
              {each.connected ? "connected" : "away"}
              {each.silence !== undefined && <span class="muted">, heard {spanOf(each.silence)} ago</span>}
              {each.unanswered !== undefined && <span class="wrong">, {each.unanswered}</span>}
            </>
          ),
        },
        { text: "Running", look: "number", cell: (each) => each.running },
        {
          text: "Memory",
          look: "number wide",
          cell: (each) => (
            <>
              {each.used} / {each.memory} MB
            </>
          ),
        },
      ]}
    />
  );
}

function Containers({ host }: { host: HostAnswer }) {
  return (
    <section aria-label="Containers">
      <div class="head">
        <h2>Containers that run something</h2>
      </div>
      <Busy host={host} />
      <div class="head">
        <h2>Containers that wait for a call</h2>
      </div>
      <Idle host={host} />
    </section>
  );
}

type BusyContainers = NonNullable<HostAnswer["busy"]>[number];
type IdleContainers = NonNullable<HostAnswer["idle"]>[number];

interface ContainersShown {
  kind: string;
  namespace: string | null;
  containers: number;
  /** MB of each. */
  memory: number;
}

/** What both lists of containers tell, with what each has of its own. */
function containerColumns<T extends ContainersShown>(own: {
  name: (each: T) => ComponentChildren;
  figure: ColumnOf<T>;
  since: ColumnOf<T>;
}): ColumnOf<T>[] {
  const { name, figure, since } = own;
  return [
    {
      text: "Function",
      cell: (each) => (
        <>
          {name(each)}
          <p class="muted small">{each.kind}</p>
        </>
      ),
    },
    { text: "For", look: "wide", cell: (each) => each.namespace ?? "–" },
    { text: "Containers", look: "number", cell: (each) => each.containers },
    figure,
    { text: "Memory", look: "number wide", cell: (each) => `${each.containers * each.memory} MB` },
    since,
  ];
}

function Busy({ host: { busy = [], moreBusy = false, containers } }: { host: HostAnswer }) {
  if (busy.length === 0 && !moreBusy) return <p class="panel muted">None now.</p>;
  return (
    <>
      {busy.length > 0 && (
        <TableOf
          label="Containers that run something"
          rows={busy}
          keyOf={(each) => `${each.activations[0]}`}
          columns={containerColumns<BusyContainers>({
            name: (each) => (
              <>
                {each.action} <span class="muted">{each.version}</span>
              </>
            ),
            figure: { text: "Runs", look: "number", cell: (each) => each.running },
            since: {
              text: "Oldest",
              cell: (each) => (
                <>
                  <Ago at={each.since} />
                  <details class="small">
                    <summary>Activations</summary>
                    {each.activations.map((id) => (
                      <code key={id}>{id} </code>
                    ))}
                  </details>
                </>
              ),
            },
          })}
        />
      )}
      {moreBusy && (
        <p class="muted">There are more than are shown{containers === undefined ? "" : `: ${containers}`}.</p>
      )}
    </>
  );
}

function Idle({ host: { idle, moreIdle = false } }: { host: HostAnswer }) {
  if (idle === undefined) {
    return <p class="panel muted">Not known: the host is away, did not answer in time, or is of an earlier release.</p>;
  }
  if (idle.length === 0) return <p class="panel muted">None. The next call of a function makes one: a cold start.</p>;
  return (
    <>
      <TableOf
        label="Containers that wait for a call"
        rows={idle}
        keyOf={(each) => `${each.namespace} ${each.action} ${each.kind} ${each.memory} ${each.since}`}
        columns={containerColumns<IdleContainers>({
          name: (each) => each.action ?? <span class="muted">kept ready for any</span>,
          figure: { text: "Frozen", look: "number wide", cell: (each) => each.paused },
          since: { text: "Unused since", cell: (each) => <Ago at={each.since} /> },
        })}
      />
      {moreIdle && <p class="muted">There are more; those that have waited longest are shown.</p>}
    </>
  );
}

function Images({ host }: { host: HostAnswer }) {
  if (host.runtimes.length === 0) return <p class="panel muted">It has not said yet which images it has.</p>;
  return (
    <section>
      <div class="head">
        <h2>What it can run</h2>
      </div>
      <TableOf
        label="Images"
        rows={host.runtimes}
        keyOf={({ kind }) => kind}
        columns={[
          { text: "Kind", look: "tight", cell: ({ kind }) => kind },
          { text: "Image", look: "anywhere", cell: ({ image }) => image },
          { text: "Digest", look: "wide", cell: ({ digest }) => <code>{digest.slice(0, 19)}</code> },
        ]}
      />
    </section>
  );
}
