// A sequence is made, and its steps are changed. What is typed is kept until it is saved or given up, also while
// another view is looked at; what somebody else saved meanwhile is shown and never written over unasked.

import { useState } from "preact/hooks";
import { partsOf, type ShownAction } from "./actions.ts";
import { ask, ownPath } from "./api.ts";
import { useDoing } from "./doing.ts";
import { pathOf, pointOf, shortNameOf } from "./entities.ts";
import { FaultPanel } from "./panels.tsx";
import { go, hrefOf } from "./router.ts";
import { StepFields } from "./step-fields.tsx";

/** What was typed and not saved. */
interface Draft {
  name: string;
  steps: readonly string[];
  /** The version and the steps it began from; a new one from none. */
  base: string;
  began: readonly string[];
}

/** By the sequence's name; "": a new one. */
const drafts = new Map<string, Draft>();

addEventListener("beforeunload", (event) => {
  if (drafts.size > 0) event.preventDefault();
});

function useDraft(id: string) {
  const [draft, setDraft] = useState<Draft | null>(drafts.get(id) ?? null);
  // At once: whoever closes the form draws it no more.
  const change = (to: Draft | null) => {
    if (to === null) drafts.delete(id);
    else drafts.set(id, to);
    setDraft(to);
  };
  return [draft, change] as const;
}

export function isBegun(id: string): boolean {
  return drafts.has(id);
}

export function NewSequence({ close }: { close: () => void }) {
  const [draft, setDraft] = useDraft("");
  const { name, steps } = draft ?? { name: "", steps: [] };
  const doing = useDoing();
  const change = (to: Partial<Pick<Draft, "name" | "steps">>) => setDraft({ name, steps, base: "", began: [], ...to });
  const make = async (event: Event) => {
    event.preventDefault();
    const parts = name.trim().split("/");
    const answer = await doing.run(() => ask(ownPath("actions", ...parts), { method: "PUT", body: bodyOf(steps) }));
    if (answer?.ok === true) {
      setDraft(null);
      go(hrefOf("sequences", parts));
    } else if (answer?.fault.status === 409) doing.refuse(`The name '${name.trim()}' is taken.`, "Choose another.");
  };
  const giveUp = () => {
    setDraft(null);
    close();
  };
  return (
    <form class="panel" aria-label="New sequence" onSubmit={make}>
      <div class="head">
        <h2>New sequence</h2>
        <button type="button" class="quiet" onClick={giveUp}>
          Give up
        </button>
      </div>
      <label class="field">
        <span>Name</span>
        <input
          value={name}
          required
          maxLength={256}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
      </label>
      <StepFields steps={steps} onSteps={(to) => change({ steps: to })} />
      <FaultPanel fault={doing.fault} />
      <div class="actions">
        <button type="submit" class="main" disabled={doing.busy || name.trim() === "" || steps.length === 0}>
          {doing.busy ? "Creating …" : "Create sequence"}
        </button>
      </div>
    </form>
  );
}

/** `action`: as it is stored now. `changed`: it is to be read again. */
export function EditSequence(props: { action: ShownAction; changed: () => void; close: () => void }) {
  const { action, changed, close } = props;
  const id = partsOf(action).join("/");
  const saved = shortStepsOf(action);
  const [draft, setDraft] = useDraft(id);
  const doing = useDoing();
  const steps = draft?.steps ?? saved;
  const isDirty = draft !== null && !isSame(draft.steps, saved);
  const conflict = draft !== null && draft.base !== action.version && !isSame(draft.began, saved) && isDirty;
  const save = async (event?: Event) => {
    event?.preventDefault();
    const path = ownPath("actions", ...partsOf(action));
    const put = (ifVersion: string) =>
      ask<ShownAction>(path, { method: "PUT", query: { overwrite: true, ifVersion }, body: bodyOf(steps) });
    const answer = await doing.run(async () => {
      const first = await put(action.version);
      if (first.ok || first.fault.status !== 409 || draft === null) return first;
      const now = await ask<ShownAction>(path, { query: { code: false } });
      // Where something else of it has changed, nobody's steps are lost.
      return now.ok && isSame(draft.began, shortStepsOf(now.value)) ? put(now.value.version) : first;
    });
    if (answer?.ok === true) {
      setDraft(null);
      close();
    } else if (answer?.fault.status === 409)
      doing.refuse("Somebody else has changed this sequence meanwhile.", "Theirs is shown; yours is kept.");
    changed();
  };
  const giveUp = () => {
    setDraft(null);
    close();
  };
  const change = (to: string[]) => {
    const { base, began } = draft ?? { base: action.version, began: saved };
    setDraft({ name: id, steps: to, base, began });
  };
  return (
    <form class="panel" aria-label="Change the steps" onSubmit={save}>
      <div class="head">
        <h2>Change the steps</h2>
        <button type="button" class="quiet" onClick={giveUp}>
          Give up
        </button>
      </div>
      {conflict && (
        <section class="panel warn" aria-label="Conflict">
          <h3>Two versions</h3>
          <p>
            Yours began from version {draft.base}; version {action.version} was saved meanwhile. Theirs runs{" "}
            {saved.join(", then ")}.
          </p>
          <div class="actions">
            <button type="button" disabled={doing.busy} onClick={() => void save()}>
              Save mine over theirs
            </button>
            <button type="button" onClick={() => setDraft(null)}>
              Take theirs, drop mine
            </button>
          </div>
        </section>
      )}
      <StepFields steps={steps} onSteps={change} />
      <FaultPanel fault={doing.fault} />
      <div class="actions">
        <button type="submit" class="main" disabled={doing.busy || !isDirty || conflict || steps.length === 0}>
          {doing.busy ? "Saving …" : "Save steps"}
        </button>
      </div>
    </form>
  );
}

function shortStepsOf({ exec }: ShownAction): string[] {
  return (exec.components ?? []).map((each) => shortNameOf(pointOf(each)));
}

function bodyOf(steps: readonly string[]): object {
  return { exec: { kind: "sequence", components: steps.map((each) => pathOf(pointOf(each))) } };
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}
