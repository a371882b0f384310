// A new function, from a template.

import { useState } from "preact/hooks";
import { type AskFault, ask, ownPath } from "../parts/api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { FaultPanel } from "../parts/panels.tsx";
import { go, hrefOf } from "../parts/router.ts";
import { TEMPLATES, type Template } from "./templates.ts";
import { typedInputs } from "./typed-inputs.ts";

export function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [template, setTemplate] = useState(0);
  const [fault, setFault] = useState<AskFault | null>(null);
  const [busy, setBusy] = useState(false);
  const chosen = TEMPLATES[template] as Template;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const { kind, code, web } = chosen;
    const answer = await ask<unknown>(ownPath("actions", name.trim()), {
      method: "PUT",
      body: { exec: { kind, code }, ...(web ? { annotations: [{ key: "web-export", value: true }] } : {}) },
    });
    setBusy(false);
    if (!answer.ok) {
      const taken = answer.fault.status === 409;
      return setFault(
        taken
          ? { ...answer.fault, text: `The name '${name.trim()}' is taken.`, help: "Choose another." }
          : answer.fault,
      );
    }
    typedInputs.set(name.trim(), chosen.input);
    onClose();
    go(hrefOf("functions", [name.trim()]));
  };
  return (
    <Dialog title="Create a function" onClose={onClose}>
      <form onSubmit={submit}>
        <label class="field">
          <span>Name</span>
          <input
            value={name}
            required
            maxLength={256}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <fieldset>
          <legend class="small">Begin with</legend>
          {TEMPLATES.map((each, at) => (
            <label class="option" key={each.title}>
              <input type="radio" name="template" checked={template === at} onChange={() => setTemplate(at)} />{" "}
              {each.title}
            </label>
          ))}
        </fieldset>
        <FaultPanel fault={fault} />
        <button type="submit" class="main" disabled={busy || name.trim() === ""}>
          {busy ? "Creating …" : "Create"}
        </button>
      </form>
    </Dialog>
  );
}
