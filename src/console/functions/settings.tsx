// Parameters and limits of a function.

import { useState } from "preact/hooks";
import type { ShownAction, ShownLimits } from "../parts/actions.ts";
import type { KeyValue } from "../parts/entities.ts";

const LIMITS: readonly { key: keyof ShownLimits; title: string; unit: string }[] = [
  { key: "timeout", title: "Longest run", unit: "ms" },
  { key: "memory", title: "Memory", unit: "MB" },
  { key: "logs", title: "Log", unit: "MB" },
  { key: "concurrency", title: "Runs at once in a container", unit: "runs" },
];

export type ChangedSettings = Partial<{ parameters: KeyValue[]; limits: ShownLimits }>;

export function LimitsForm({ action, onSave }: { action: ShownAction; onSave: (change: ChangedSettings) => void }) {
  const [limits, setLimits] = useState<ShownLimits>(action.limits);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSave({ limits });
      }}
    >
      <div class="row">
        {LIMITS.map(({ key, title, unit }) => (
          <label class="field" key={key}>
            <span>
              {title} <span class="muted">({unit})</span>
            </span>
            <input
              type="number"
              min={0}
              required
              value={limits[key]}
              onInput={(event) => setLimits({ ...limits, [key]: Number(event.currentTarget.value) })}
            />
          </label>
        ))}
      </div>
      <p class="muted small">What the platform allows at most is said when it is more.</p>
      <button type="submit">Save limits</button>
    </form>
  );
}

interface Row {
  key: string;
  text: string;
}

/** Values are JSON; what is none is taken as text. */
export function ParametersForm({ action, onSave }: { action: ShownAction; onSave: (change: ChangedSettings) => void }) {
  const [rows, setRows] = useState<Row[]>(() =>
    action.parameters.map(({ key, value }) => ({ key, text: shownText(value) })),
  );
  const change = (at: number, row: Partial<Row>) =>
    setRows(rows.map((each, n) => (n === at ? { ...each, ...row } : each)));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const kept = new Map(action.parameters.map((each) => [each.key, each]));
        onSave({
          parameters: rows
            .filter(({ key }) => key !== "")
            .map(({ key, text }) => ({
              ...(kept.get(key)?.init ? { init: true } : {}),
              key,
              value: parameterOf(text),
            })),
        });
      }}
    >
      {rows.length === 0 && <p class="muted">None yet. Parameters are given to each run; its input goes over them.</p>}
      {rows.map((row, at) => (
        <div class="row parameter" key={at}>
          <label class="field">
            <span>Name</span>
            <input value={row.key} onInput={(event) => change(at, { key: event.currentTarget.value })} />
          </label>
          <label class="field grow">
            <span>Value</span>
            <input class="mono" value={row.text} onInput={(event) => change(at, { text: event.currentTarget.value })} />
          </label>
          <button type="button" class="danger" onClick={() => setRows(rows.filter((_, n) => n !== at))}>
            Remove
          </button>
        </div>
      ))}
      <div class="actions">
        <button type="button" onClick={() => setRows([...rows, { key: "", text: "" }])}>
          Add a parameter
        </button>
        <button type="submit">Save parameters</button>
      </div>
      <p class="muted small">A value is JSON; anything else is taken as text.</p>
    </form>
  );
}

function shownText(value: unknown): string {
  return typeof value === "string" && parameterOf(value) === value ? value : JSON.stringify(value);
}

function parameterOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
