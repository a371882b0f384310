// The sequences of the namespace, a new one, and one of them as a picture, whose steps can be changed.

import { useState } from "preact/hooks";
import type { ShownAction } from "../parts/actions.ts";
import { Ago } from "../parts/ago.tsx";
import { type Asked, ask, ownPath } from "../parts/api.ts";
import { actionPath, type KeyValue, noteOf, pointOf, shortNameOf } from "../parts/entities.ts";
import { FunctionLink } from "../parts/function-link.tsx";
import { Pages, pageOf } from "../parts/pages.tsx";
import { Empty, Head, Pending } from "../parts/panels.tsx";
import { usePolled } from "../parts/poll.ts";
import { hrefOf, replaceQuery } from "../parts/router.ts";
import { EditSequence, isBegun, NewSequence } from "../parts/sequence-edit.tsx";
import { SequenceGraph } from "../parts/sequence-graph.tsx";
import { type SequenceStep, stepsOf } from "../parts/sequence-steps.ts";
import { TableOf } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

interface Listed {
  namespace: string;
  name: string;
  updated: number;
  annotations?: KeyValue[];
}

const PAGE = 50;
/** Of functions, in one answer, and answers that are looked through. */
const MOST = 200;
const MAX_ANSWERS = 10;
const EVERY_MS = 10_000;

export default function Sequences({ rest, query }: ViewProps) {
  const name = rest.join("/");
  return name === "" ? <AllSequences query={query} /> : <OneSequence key={name} name={name} />;
}

function AllSequences({ query }: Pick<ViewProps, "query">) {
  const number = Math.max(1, Number.parseInt(query.get("page") ?? "", 10) || 1);
  const read = usePolled(sequences, { key: "sequences", every: EVERY_MS });
  const { shown, more } = pageOf((read.value ?? []).slice((number - 1) * PAGE), PAGE);
  const [making, setMaking] = useState(isBegun(""));
  return (
    <>
      <Head title="Sequences">
        {!making && (
          <button type="button" class="main" onClick={() => setMaking(true)}>
            New sequence
          </button>
        )}
      </Head>
      {making && <NewSequence close={() => setMaking(false)} />}
      <Pending read={read} what="sequences" />
      {read.value?.length === 0 && (
        <Empty title="No sequences yet">
          <p>
            A sequence runs functions one after the other; each gets what the one before has returned. It is called as
            any other function is.
          </p>
        </Empty>
      )}
      {shown.length > 0 && (
        <TableOf
          label="Sequences"
          rows={shown.map(({ namespace, name, updated }) => ({
            short: shortNameOf({ path: namespace, name }),
            updated,
          }))}
          keyOf={({ short }) => short}
          columns={[
            { text: "Name", cell: ({ short }) => <a href={hrefOf("sequences", short.split("/"))}>{short}</a> },
            { text: "Changed", cell: ({ updated }) => <Ago at={updated} /> },
          ]}
        />
      )}
      <Pages
        label="Pages of sequences"
        number={number}
        more={more}
        go={(to) => replaceQuery(to === 1 ? {} : { page: String(to) })}
      />
    </>
  );
}

async function sequences(signal: AbortSignal): Promise<Asked<Listed[]>> {
  const found: Listed[] = [];
  let headers = new Headers();
  for (let answers = 0; answers < MAX_ANSWERS; answers++) {
    const listed = await ask<Listed[]>(ownPath("actions"), { query: { limit: MOST, skip: answers * MOST }, signal });
    if (!listed.ok) return listed;
    headers = listed.headers;
    found.push(...listed.value.filter(({ annotations }) => noteOf(annotations, "exec") === "sequence"));
    if (listed.value.length < MOST) break;
  }
  return { ok: true, value: found, headers };
}

function OneSequence({ name }: { name: string }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const point = pointOf(name);
  const path = actionPath(point);
  const [changing, setChanging] = useState(isBegun(name));
  // What was opened stays in the picture while the next answer comes.
  const [last, setLast] = useState<readonly SequenceStep[]>();
  const action = usePolled((signal) => ask<ShownAction>(path, { query: { code: false }, signal }), {
    ...{ key: `steps of ${path}`, every: EVERY_MS },
  });
  const read = usePolled(
    async (signal) => {
      const steps = await stepsOf(point, open, signal);
      if (steps.ok) setLast(steps.value);
      return steps;
    },
    { key: `sequence ${path} ${[...open].join(" ")}`, every: EVERY_MS },
  );
  const changed = () => {
    action.reload();
    read.reload();
  };
  const isSequence = action.value?.exec.components !== undefined;
  const steps = read.value ?? last;
  const toggle = (place: string) => {
    const next = new Set(open);
    if (!next.delete(place)) next.add(place);
    setOpen(next);
  };
  return (
    <>
      <Head title={name}>
        <a class="button" href={hrefOf("sequences")}>
          All sequences
        </a>
        <a class="button" href={hrefOf("functions", name.split("/"))}>
          The function
        </a>
        {isSequence && !changing && (
          <button type="button" onClick={() => setChanging(true)}>
            Change the steps
          </button>
        )}
      </Head>
      <Pending read={read} what="the sequence" />
      {action.value !== undefined && isSequence && changing && (
        <EditSequence action={action.value} changed={changed} close={() => setChanging(false)} />
      )}
      {steps !== undefined && steps.length === 0 && (
        <Empty title="This is no sequence">
          <p>It is a function of its own, and runs no others in a row.</p>
        </Empty>
      )}
      {steps !== undefined && steps.length > 0 && (
        <>
          <SequenceGraph steps={steps} toggle={toggle} />
          <section class="panel">
            <h2>Step by step</h2>
            <StepList steps={steps} />
          </section>
        </>
      )}
    </>
  );
}

function StepList({ steps }: { steps: readonly SequenceStep[] }) {
  return (
    <ol class="runs">
      {steps.map((step) => (
        <li key={step.place}>
          <FunctionLink point={step.point} />
          {step.steps !== null && <span class="muted"> a sequence</span>}
          {step.open && step.steps !== null && <StepList steps={step.steps} />}
        </li>
      ))}
    </ol>
  );
}
