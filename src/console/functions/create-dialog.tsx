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
    const id = name.trim();
    const parts = id.split("/");
    const answer = await ask<unknown>(ownPath("actions", ...parts), {
      method: "PUT",
      body: { exec: { kind, code }, ...(web ? { annotations: [{ key: "web-export", value: true }] } : {}) },
    });
    setBusy(false);
    if (!answer.ok) {
      const { fault: said } = answer;
      if (said.status === 409)
        return setFault({ ...said, text: `The name '${id}' is taken.`, help: "Choose another." });
      const isPackageMissing = said.status === 404 && parts.length === 2;
      return setFault(
        isPackageMissing
          ? { ...said, text: `There is no package '${parts[0]}'.`, help: "Make it first, in the view Packages." }
          : said,
      );
    }
    typedInputs.set(id, chosen.input);
    onClose();
    go(hrefOf("functions", parts));
  };
  return (
    <Dialog title="Create a function" onClose={onClose}>
      <form onSubmit={submit}>
        <label class="field">
          <span>Name</span>
          <input
            value={name}
            placeholder="name or package/name"
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
