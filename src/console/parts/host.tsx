// One host: how it is, its schedulers, its images, and what an operator can do to it.

import type { HostAnswer, HostItem } from "../../entities/administration.ts";
import { Ago } from "./ago.tsx";
import { type Asked, ask } from "./api.ts";
import { Confirmed } from "./confirm.tsx";
import { useDoing } from "./doing.ts";
import { spanOf } from "./format.ts";
import { Badge, Facts, FaultPanel, Head, Pending, Table } from "./panels.tsx";
import { LIVE_MS, usePolled } from "./poll.ts";
import { hrefOf } from "./router.ts";
import { mayOperate } from "./session.ts";

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
    <Table
      label="Schedulers"
      columns={[
        "Scheduler",
        "Connection",
        { text: "Running", look: "number" },
        { text: "Memory", look: "number wide" },
      ]}
    >
      {host.schedulers.map((each) => (
        <tr key={each.scheduler}>
          <td>{each.scheduler}</td>
          <td>
            {each.connected ? "connected" : "away"}
            {each.silence !== undefined && <span class="muted">, heard {spanOf(each.silence)} ago</span>}
            {each.unanswered !== undefined && <span class="wrong">, {each.unanswered}</span>}
          </td>
          <td class="number">{each.running}</td>
          <td class="number wide">
            {each.used} / {each.memory} MB
          </td>
        </tr>
      ))}
    </Table>
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

function Busy({ host: { busy = [], moreBusy = false, containers } }: { host: HostAnswer }) {
  if (busy.length === 0 && !moreBusy) return <p class="panel muted">None now.</p>;
  return (
    <>
      {busy.length > 0 && (
        <Table
          label="Containers that run something"
          columns={[
            "Function",
            { text: "For", look: "wide" },
            { text: "Containers", look: "number" },
            { text: "Runs", look: "number" },
            { text: "Memory", look: "number wide" },
            "Oldest",
          ]}
        >
          {busy.map((each) => (
            <tr key={`${each.activations[0]}`}>
              <td>
                {each.action} <span class="muted">{each.version}</span>
                <p class="muted small">{each.kind}</p>
              </td>
              <td class="wide">{each.namespace}</td>
              <td class="number">{each.containers}</td>
              <td class="number">{each.running}</td>
              <td class="number wide">{each.containers * each.memory} MB</td>
              <td>
                <Ago at={each.since} />
                <details class="small">
                  <summary>Activations</summary>
                  {each.activations.map((id) => (
                    <code key={id}>{id} </code>
                  ))}
                </details>
              </td>
            </tr>
          ))}
        </Table>
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
      <Table
        label="Containers that wait for a call"
        columns={[
          "Function",
          { text: "For", look: "wide" },
          { text: "Containers", look: "number" },
          { text: "Frozen", look: "number wide" },
          { text: "Memory", look: "number wide" },
          "Unused since",
        ]}
      >
        {idle.map((each) => (
          <tr key={`${each.namespace} ${each.action} ${each.kind} ${each.memory} ${each.since}`}>
            <td>
              {each.action ?? <span class="muted">kept ready for any</span>}
              <p class="muted small">{each.kind}</p>
            </td>
            <td class="wide">{each.namespace ?? "–"}</td>
            <td class="number">{each.containers}</td>
            <td class="number wide">{each.paused}</td>
            <td class="number wide">{each.containers * each.memory} MB</td>
            <td>
              <Ago at={each.since} />
            </td>
          </tr>
        ))}
      </Table>
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
      <Table label="Images" columns={["Kind", "Image", { text: "Digest", look: "wide" }]}>
        {host.runtimes.map(({ kind, image, digest }) => (
          <tr key={kind}>
            <td class="tight">{kind}</td>
            <td class="anywhere">{image}</td>
            <td class="wide">
              <code>{digest.slice(0, 19)}</code>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
