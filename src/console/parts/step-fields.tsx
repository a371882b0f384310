// The steps of a sequence as a list that is changed: put in, moved, taken out. All of it by keyboard, which stays with
// what was moved.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { FunctionField } from "./function-field.tsx";

const WAYS = ["up", "down", "remove"] as const;
const TITLES = { up: "Up", down: "Down", remove: "Remove" } as const;
const ABOUT = { up: "Move up", down: "Move down", remove: "Take out" } as const;

/** `steps`: names as they are typed, "name", "package/name" or "/namespace/package/name". */
export function StepFields(props: { steps: readonly string[]; onSteps: (steps: string[]) => void }) {
  const { steps, onSteps } = props;
  const [next, setNext] = useState("");
  const all = useRef<HTMLDivElement>(null);
  // What was pressed is drawn at another place: the keyboard goes there, before the next key comes.
  const held = useRef<{ at: number; way: (typeof WAYS)[number] } | null>(null);
  useLayoutEffect(() => {
    if (held.current === null) return;
    const { at, way } = held.current;
    held.current = null;
    const rows = all.current?.querySelectorAll("li") ?? [];
    const row = rows[Math.min(at, rows.length - 1)];
    const own = row?.querySelector<HTMLElement>(`button[data-way="${way}"]:enabled`);
    (own ?? row?.querySelector<HTMLElement>("button:enabled") ?? all.current?.querySelector("input"))?.focus();
  }, [steps]);
  const press = (at: number, way: (typeof WAYS)[number]) => {
    const changed = [...steps];
    const [step = ""] = changed.splice(at, 1);
    const to = way === "up" ? at - 1 : at + 1;
    if (way !== "remove") changed.splice(to, 0, step);
    held.current = { at: way === "remove" ? at : to, way };
    onSteps(changed);
  };
  const add = () => {
    if (next.trim() === "") return;
    onSteps([...steps, next.trim()]);
    setNext("");
  };
  const isOff = { up: (at: number) => at === 0, down: (at: number) => at === steps.length - 1, remove: () => false };
  return (
    <div ref={all}>
      {steps.length === 0 && <p class="muted">No steps yet. Each function gets what the one before has returned.</p>}
      <ol class="steps" aria-label="Steps in their order">
        {steps.map((step, at) => (
          <li key={`${at} ${step}`}>
            <code>{step}</code>
            {WAYS.map((way) => (
              <button type="button" key={way} data-way={way} disabled={isOff[way](at)} onClick={() => press(at, way)}>
                <span aria-hidden="true">{TITLES[way]}</span>
                <span class="away">
                  {ABOUT[way]} step {at + 1}, {step}
                </span>
              </button>
            ))}
          </li>
        ))}
      </ol>
      <div class="row">
        <FunctionField label="Next step" value={next} onText={setNext} onEnter={add} />
        <button type="button" disabled={next.trim() === ""} onClick={add}>
          Add step
        </button>
      </div>
    </div>
  );
}
