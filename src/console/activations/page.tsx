// One activation: how it ended, its result and log, what became of it step by step, beside another one, and again.

import { useState } from "preact/hooks";
import { inputFault, inputOf, startRun } from "../parts/actions.ts";
import { Ago } from "../parts/ago.tsx";
import { type AskFault, ask, ownPath } from "../parts/api.ts";
import { spanOf, whenOf } from "../parts/format.ts";
import { LogLines } from "../parts/log-lines.tsx";
import { Result, StatusBadge } from "../parts/outcome.tsx";
import { Facts, FaultPanel, Head, Loading } from "../parts/panels.tsx";
import { usePolled } from "../parts/poll.ts";
import { actionPartsOf, annotationOf, recordFor, type ShownRecord } from "../parts/records.ts";
import { go, hrefOf } from "../parts/router.ts";
import { Timeline, type TimelineStep } from "../parts/timeline.tsx";

interface Explanation {
  state: string;
  steps: TimelineStep[];
  waitsFor?: string;
  helps?: string;
}

const ID = /^[0-9a-f]{32}$/;
const LOOK_AGAIN_MS = 2_000;

export function ActivationPage({ id, other }: { id: string; other: string | null }) {
  const [missing, setMissing] = useState(true);
  const record = usePolled(
    async (signal) => {
      const answer = await recordFor(id, signal);
      setMissing(!answer.ok && answer.fault.status === 404);
      return answer;
    },
    { key: id, ...(missing ? { every: LOOK_AGAIN_MS } : {}) },
  );
  return (
    <>
      <Head title={record.value?.name ?? "Activation"}>
        {record.value !== undefined && <StatusBadge status={record.value.response.status} />}
      </Head>
      <p class="small">
        <a href={hrefOf("activations")}>All activations</a> · <code>{id}</code>
      </p>
      <Explained id={id} ended={record.value !== undefined} />
      {record.value === undefined && record.fault === null && <Loading what="the activation" />}
      {record.value === undefined && record.fault !== null && <FaultPanel fault={record.fault} again={record.reload} />}
      {record.value !== undefined && (
        <>
          <div class={other === null ? "" : "columns"}>
            <OneRecord record={record.value} />
            {other !== null && <Other id={other} />}
          </div>
          <Compare id={id} other={other} />
          <Again key={id} record={record.value} />
        </>
      )}
    </>
  );
}

function Other({ id }: { id: string }) {
  const record = usePolled((signal) => recordFor(id, signal), { key: id });
  if (record.value !== undefined) return <OneRecord record={record.value} named />;
  return record.fault === null ? <Loading what="the other one" /> : <FaultPanel fault={record.fault} />;
}

function OneRecord({ record, named = false }: { record: ShownRecord; named?: boolean }) {
  const { activationId: id, response, logs, start, end, duration, version, cause } = record;
  const parts = actionPartsOf(record);
  return (
    <section class="panel" aria-label={named ? "The other activation" : "Activation"}>
      {named && (
        <h2>
          <a href={hrefOf("activations", [id])}>{id.slice(0, 8)}</a> <StatusBadge status={response.status} />
        </h2>
      )}
      <Facts
        of={[
          [
            "Function",
            <>
              <a href={hrefOf("functions", parts)}>{parts.join("/")}</a> {version}
            </>,
          ],
          [
            "Started",
            <>
              {whenOf(start)} (<Ago at={start} />)
            </>,
          ],
          ["Took", end === undefined || end === 0 ? "–" : spanOf(duration)],
          ...["initTime", "waitTime", "kind"].map((key) => {
            const value = annotationOf(record, key);
            return [key, typeof value === "number" ? spanOf(value) : value === undefined ? "" : String(value)] as const;
          }),
          ["Caused by", cause !== undefined && <a href={hrefOf("activations", [cause])}>{cause.slice(0, 8)}</a>],
        ]}
      />
      <h3>Result</h3>
      <Result value={response.result} name={id} />
      <h3>Log</h3>
      <LogLines lines={logs} name={id} />
      <details>
        <summary>Annotations</summary>
        <Result value={record.annotations} name={`${id}-annotations`} />
      </details>
    </section>
  );
}

function Explained({ id, ended }: { id: string; ended: boolean }) {
  const told = usePolled(
    (signal) => ask<Explanation>(ownPath("activations", id), { query: { explain: true }, signal }),
    {
      key: `${id} ${ended}`,
      ...(ended ? {} : { every: LOOK_AGAIN_MS }),
    },
  );
  if (told.value === undefined) return null;
  const { steps, waitsFor, helps } = told.value;
  return (
    <section class="panel" aria-label="What became of it">
      <h2>What became of it</h2>
      {waitsFor !== undefined && (
        <p>
          It waits: {waitsFor}. {helps}
        </p>
      )}
      <Timeline steps={steps} />
      <details>
        <summary>In words</summary>
        <ol>
          {steps.map((step, at) => (
            <li key={`${at} ${step.what}`}>
              <strong>{step.what}</strong>: {step.text}
              {step.ms !== undefined && ` (${spanOf(step.ms)})`}
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}

function Compare({ id, other }: { id: string; other: string | null }) {
  const [text, setText] = useState(other ?? "");
  return (
    <form
      class="panel row"
      onSubmit={(event) => {
        event.preventDefault();
        go(hrefOf("activations", [id], { with: text.trim() }));
      }}
    >
      <label class="field grow">
        <span>Compare with another activation</span>
        <input class="mono" placeholder="its id" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <button type="submit" disabled={!ID.test(text.trim())}>
        Compare
      </button>
      {other !== null && <a href={hrefOf("activations", [id])}>Only this one</a>}
    </form>
  );
}

function Again({ record }: { record: ShownRecord }) {
  const known = inputOf(record.activationId);
  const [input, setInput] = useState(known ?? "{}");
  const [fault, setFault] = useState<AskFault | null>(null);
  const wrong = inputFault(input);
  const run = async () => {
    const answer = await startRun(actionPartsOf(record), input);
    if (answer.ok) go(hrefOf("activations", [answer.value.activationId], { with: record.activationId }));
    else setFault(answer.fault);
  };
  return (
    <section class="panel" aria-label="Run again">
      <div class="head">
        <h2>Run again</h2>
        <button type="button" disabled={wrong !== null} onClick={run}>
          {input === known ? "Run with the same input" : "Run with this input"}
        </button>
      </div>
      <p class="muted small">
        {known === undefined
          ? "Records do not hold inputs. Those of runs that were started in this tab are filled in."
          : "The input of this run, as it was sent from this tab."}
      </p>
      <label class="field">
        <span>Input</span>
        <textarea rows={3} spellcheck={false} value={input} onInput={(event) => setInput(event.currentTarget.value)} />
      </label>
      {wrong !== null && <p class="problem">{wrong}</p>}
      <FaultPanel fault={fault} />
    </section>
  );
}
