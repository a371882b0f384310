// How many records of activations a namespace has, how long they are kept, and the way to another time: for its owner,
// and for operators.

import { useState } from "preact/hooks";
import type { RetentionAnswer, UsageAnswer } from "../../entities/record-administration.ts";
import { type Asked, ask } from "./api.ts";
import { Confirmed } from "./confirm.tsx";
import { bytesOf } from "./format.ts";
import { Facts, FaultPanel, Pending } from "./panels.tsx";
import { usePolled } from "./poll.ts";
import { TableOf } from "./table.tsx";

/** Records are counted by looking at them: not as often as a list is read. */
const USAGE_EVERY_MS = 30_000;
const DAY_S = 86_400;
const MB = 1_048_576;
/** Each with the unit in which it is typed: so many of what the route takes. */
const BOUNDS = [
  { name: "maxAge", title: "Age", unit: "days", each: DAY_S },
  { name: "maxRecords", title: "Number", unit: "records", each: 1 },
  { name: "maxBytes", title: "Size", unit: "MB", each: MB },
] as const;
type BoundName = (typeof BOUNDS)[number]["name"];
/** As typed; "": what the platform says. */
type Typed = Record<BoundName, string>;

/** `root`: of the namespace's routes. `forbidden`: what whoever may not see it is told. */
export function Records(props: { root: string; forbidden: string; mayChange?: boolean }) {
  const { root, forbidden, mayChange = true } = props;
  const usage = usePolled((signal) => ask<UsageAnswer>(`${root}/usage`, { signal }), {
    ...{ key: `${root} usage`, every: USAGE_EVERY_MS },
  });
  const kept = usePolled((signal) => ask<RetentionAnswer>(`${root}/retention`, { signal }), {
    key: `${root} retention`,
  });
  if (usage.fault?.status === 403) return <p class="panel muted">{forbidden}</p>;
  return (
    <>
      <Pending read={usage} what="the records' count" />
      {usage.value !== undefined && <Amounts usage={usage.value} />}
      <FaultPanel fault={kept.fault} again={kept.reload} />
      {kept.value !== undefined && (
        <KeptFor
          key={JSON.stringify(kept.value.bounds)}
          {...{ root, mayChange }}
          retention={kept.value}
          changed={() => {
            kept.reload();
            usage.reload();
          }}
        />
      )}
    </>
  );
}

function Amounts({ usage: { total, object, d1, r2 } }: { usage: UsageAnswer }) {
  const places: [string, UsageAnswer["total"]][] = [
    ["Just ended, still where they ran", object],
    ["In the database", d1],
    ["In segments of the object store", r2],
    ["Together, each once", total],
  ];
  return (
    <TableOf
      label="Records"
      rows={places}
      keyOf={([label]) => label}
      columns={[
        { text: "Records of activations", cell: ([label]) => label },
        { text: "Number", look: "number", cell: ([, { records }]) => records.toLocaleString() },
        { text: "Size", look: "number", cell: ([, { bytes }]) => bytesOf(bytes) },
      ]}
    />
  );
}

function KeptFor(props: { root: string; retention: RetentionAnswer; mayChange: boolean; changed: () => void }) {
  const { root, retention, mayChange, changed } = props;
  const { bounds, fault } = retention;
  return (
    <section class="panel" aria-label="How long records are kept">
      <h2>How long they are kept</h2>
      <Facts
        of={BOUNDS.map(({ name, title }) => [
          title,
          <>
            {boundOf(name, bounds[name].value)}
            {bounds[name].from === "DEFAULT_RETENTION" && <span class="muted">, as the platform says</span>}
          </>,
        ])}
      />
      {typeof fault === "string" && <p class="wrong">{fault}</p>}
      {mayChange && <ChangeRetention {...{ root, bounds, changed }} />}
    </section>
  );
}

function ChangeRetention({
  root,
  bounds,
  changed,
}: Pick<RetentionAnswer, "bounds"> & { root: string; changed: () => void }) {
  const [typed, setTyped] = useState<Typed>(() => typedOf(bounds));
  const policy = policyOf(typed);
  const change = (): Promise<Asked<unknown>> => ask(`${root}/retention`, { method: "PUT", body: policy });
  return (
    <details>
      <summary>Change it</summary>
      <div class="row">
        {BOUNDS.map(({ name, title, unit }) => (
          <label class="field" key={name}>
            <span>
              {title} <span class="muted">(at most, {unit})</span>
            </span>
            <input
              type="number"
              min={0}
              step="any"
              placeholder="as the platform"
              value={typed[name]}
              onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
            />
          </label>
        ))}
        <Confirmed
          label="Set"
          about="Set how long records are kept"
          text={`${wordsOf(policy)} What is beyond that is deleted, with its result and its log, and cannot be had back.`}
          work={change}
          done={changed}
        />
      </div>
      <p class="muted small spaced-above">A field that is empty takes what the platform says.</p>
    </details>
  );
}

/** What the namespace itself has set, in the units of the fields. */
function typedOf(bounds: RetentionAnswer["bounds"]): Typed {
  const own = BOUNDS.map(({ name, each }) => {
    const bound = bounds[name];
    const typed = bound?.from === "namespace" && bound.value !== null ? String(bound.value / each) : "";
    return [name, typed] as const;
  });
  return Object.fromEntries(own) as Typed;
}

/** As the route takes it. */
function policyOf(typed: Typed): Partial<Record<BoundName, number>> {
  const set = BOUNDS.filter(({ name }) => typed[name].trim() !== "");
  return Object.fromEntries(set.map(({ name, each }) => [name, Math.round(Number(typed[name]) * each)]));
}

function wordsOf(policy: Partial<Record<BoundName, number>>): string {
  const said = BOUNDS.filter(({ name }) => policy[name] !== undefined).map(({ name, title }) => {
    const value = boundOf(name, policy[name] ?? null);
    return `${title.toLowerCase()} at most ${value}`;
  });
  return said.length === 0
    ? "Records will be kept as the platform says."
    : `Records will be kept so: ${said.join(", ")}.`;
}

function boundOf(name: string, value: number | null): string {
  if (value === null) return "no bound";
  if (name === "maxBytes") return bytesOf(value);
  return name === "maxAge" ? `${(value / DAY_S).toLocaleString()} days` : value.toLocaleString();
}
