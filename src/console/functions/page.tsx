// One function: its code in the editor, a run beside it, its parameters and limits. What is typed is kept until it is
// saved or given up, also while another view is looked at; what somebody else saved meanwhile is shown and never
// written over unasked.

import { useEffect, useState } from "preact/hooks";
import { partsOf, type ShownAction } from "../parts/actions.ts";
import { Ago } from "../parts/ago.tsx";
import { type AskFault, ask, ownPath } from "../parts/api.ts";
import { CodeEditor } from "../parts/code-editor.tsx";
import { LongText } from "../parts/long-text.tsx";
import { Badge, FaultPanel, Head, Loading } from "../parts/panels.tsx";
import { usePolled } from "../parts/poll.ts";
import { go, hrefOf } from "../parts/router.ts";
import { RunPanel } from "./run-panel.tsx";
import { type ChangedSettings, LimitsForm, ParametersForm } from "./settings.tsx";
import { typedInputs } from "./typed-inputs.ts";

/** What was typed and not saved. `base`: the version it began from. */
interface Draft {
  code: string;
  base: string;
}

const drafts = new Map<string, Draft>();

addEventListener("beforeunload", (event) => {
  if (drafts.size > 0) event.preventDefault();
});

export function FunctionPage({ parts }: { parts: readonly string[] }) {
  const id = parts.join("/");
  const path = ownPath("actions", ...parts);
  const stored = usePolled((signal) => ask<ShownAction>(path, { signal }), { key: id });
  if (stored.value === undefined) {
    return stored.fault === null ? (
      <Loading what="the function" />
    ) : (
      <FaultPanel fault={stored.fault} again={stored.reload} />
    );
  }
  return <Opened id={id} path={path} stored={stored.value} reload={stored.reload} />;
}

function Opened({ id, path, stored, reload }: { id: string; path: string; stored: ShownAction; reload: () => void }) {
  // What was written here a moment ago, until it has been read again.
  const [written, setWritten] = useState<ShownAction | null>(null);
  const action = written !== null && written.updated >= stored.updated ? written : stored;
  const { exec } = action;
  const saved = exec.code ?? "";
  const editable = exec.code !== undefined && exec.binary !== true;
  const [draft, setDraft] = useState<Draft | null>(drafts.get(id) ?? null);
  const [fault, setFault] = useState<AskFault | null>(null);
  const [asked, setAsked] = useState(0);
  const [input, setInput] = useState(typedInputs.get(id) ?? "{}");
  const [removing, setRemoving] = useState(false);
  const code = draft?.code ?? saved;
  // Somebody else has saved another version than the one this draft began from.
  const conflict = draft !== null && draft.base !== action.version && draft.code !== saved;
  useEffect(() => {
    if (draft === null || draft.code === saved) drafts.delete(id);
    else drafts.set(id, draft);
  }, [id, draft, saved]);
  useEffect(() => {
    typedInputs.set(id, input);
  }, [id, input]);

  const save = async (
    body: ChangedSettings & { exec?: ShownAction["exec"] },
    over = draft?.base ?? action.version,
  ): Promise<boolean> => {
    setFault(null);
    const answer = await ask<ShownAction>(path, { method: "PUT", query: { overwrite: true, ifVersion: over }, body });
    if (answer.ok) {
      const { exec: asWritten } = { exec, ...body };
      setWritten({ ...answer.value, exec: asWritten });
      if ("exec" in body) setDraft(null);
      // What is typed began from the version that this one differs from in other parts only.
      else if (draft?.base === action.version) setDraft({ ...draft, base: answer.value.version });
      reload();
      return true;
    }
    if (answer.fault.status === 409) {
      setFault({
        ...answer.fault,
        text: "Somebody else has saved this function meanwhile.",
        help: "Theirs is shown; yours is kept.",
      });
      reload();
    } else setFault(answer.fault);
    return false;
  };
  const saveCode = (over?: string) => save({ exec: { ...exec, code } }, over);
  const dirty = editable && code !== saved;
  const remove = async () => {
    const answer = await ask<unknown>(path, { method: "DELETE" });
    if (!answer.ok) return setFault(answer.fault);
    drafts.delete(id);
    go(hrefOf("functions"));
  };

  return (
    <>
      <Head title={id}>
        <Badge>{exec.kind}</Badge>
        <span class="muted small">
          Version {action.version}, <Ago at={action.updated} />
        </span>
        {editable && (
          <button type="button" class="main" disabled={!dirty || conflict} onClick={() => saveCode()}>
            Save
          </button>
        )}
        {removing ? (
          <>
            <button type="button" class="danger" onClick={remove}>
              Delete for good
            </button>
            <button type="button" onClick={() => setRemoving(false)}>
              Keep it
            </button>
          </>
        ) : (
          <button type="button" class="danger" onClick={() => setRemoving(true)}>
            Delete
          </button>
        )}
      </Head>
      <p class="small">
        <a href={hrefOf("functions")}>All functions</a> ·{" "}
        <a href={hrefOf("activations", [], { name: id })}>Its activations</a> ·{" "}
        <a href={hrefOf("schedules", [], { new: "1", start: id })}>Schedule it</a>
      </p>
      <FaultPanel fault={fault} />
      {conflict && (
        <section class="panel warn" aria-label="Conflict">
          <h2>Two versions</h2>
          <p>
            Yours began from version {draft.base}; version {action.version} was saved meanwhile. Yours stands in the
            editor, theirs below it.
          </p>
          <div class="actions">
            <button type="button" onClick={() => saveCode(action.version)}>
              Save mine over theirs
            </button>
            <button type="button" onClick={() => setDraft(null)}>
              Take theirs, drop mine
            </button>
          </div>
        </section>
      )}
      <div class="columns function">
        <div>
          {editable ? (
            <CodeEditor
              text={code}
              kind={exec.kind}
              label="Code"
              onChange={(text) => setDraft(text === saved ? null : { code: text, base: draft?.base ?? action.version })}
              onSave={() => (dirty && !conflict ? void saveCode() : undefined)}
              onRun={() => setAsked((before) => before + 1)}
            />
          ) : (
            <NotEdited action={action} />
          )}
          {dirty && !conflict && (
            <p class="muted small" role="status">
              Not saved yet. It is kept while this tab is open.
            </p>
          )}
          {conflict && (
            <>
              <h3>Theirs, version {action.version}</h3>
              <LongText text={saved} label="Theirs" name="theirs.txt" />
            </>
          )}
        </div>
        <RunPanel
          parts={partsOf(action)}
          input={input}
          onInput={setInput}
          label={dirty ? "Save and run" : "Run"}
          asked={asked}
          before={async () => !dirty || (!conflict && (await saveCode()))}
        />
      </div>
      <details class="panel">
        <summary>Parameters ({action.parameters.length})</summary>
        <ParametersForm
          key={action.version}
          action={action}
          onSave={(change: ChangedSettings) => void save(change, action.version)}
        />
      </details>
      <details class="panel">
        <summary>Limits</summary>
        <LimitsForm
          key={action.version}
          action={action}
          onSave={(change: ChangedSettings) => void save(change, action.version)}
        />
      </details>
    </>
  );
}

function NotEdited({ action }: { action: ShownAction }) {
  const { exec } = action;
  return (
    <div class="panel">
      {exec.components !== undefined ? (
        <>
          <h2>A sequence</h2>
          <ol>
            {exec.components.map((each, at) => (
              <li key={at}>{each}</li>
            ))}
          </ol>
          <a href={hrefOf("sequences", partsOf(action))}>As a picture</a>
        </>
      ) : (
        <>
          <h2>Its code is not text</h2>
          <p>
            It is {exec.image === undefined ? "an archive" : `the image ${exec.image}`}. Update it from where it is
            built, with <code>wsk action update</code>.
          </p>
        </>
      )}
    </div>
  );
}
