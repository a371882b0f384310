// A trigger fired by hand, and what came of it.

import { useState } from "preact/hooks";
import { type Asked, ask, ownPath } from "./api.ts";
import { useDoing } from "./doing.ts";
import { JsonField, readObject } from "./json-field.tsx";
import { FaultPanel } from "./panels.tsx";
import { hrefOf } from "./router.ts";

export interface FireAnswer {
  activationId: string;
}

/** `body`: text of a JSON object. Null: no rule was on, so that nothing has started. */
export function fire(name: string, body: string): Promise<Asked<FireAnswer | null>> {
  return ask<FireAnswer | null>(ownPath("triggers", name), { method: "POST", body });
}

export function FireOutcome({ fired }: { fired: FireAnswer | null }) {
  return (
    <p role="status" class="outcome">
      {fired === null ? (
        "It fired, and nothing started: no rule of it is on."
      ) : (
        <>
          It fired. See <a href={hrefOf("activations", [fired.activationId])}>what it started</a>.
        </>
      )}
    </p>
  );
}

export function Fire({ name }: { name: string }) {
  const [text, setText] = useState("");
  const [fired, setFired] = useState<FireAnswer | null>();
  const doing = useDoing();
  const go = async (event: Event) => {
    event.preventDefault();
    setFired(undefined);
    const read = readObject(text);
    if (!read.ok) return doing.refuse(read.text, read.help);
    const answer = await doing.run(() => fire(name, read.text));
    if (answer?.ok === true) setFired(answer.value);
  };
  return (
    <form class="panel" onSubmit={go} aria-label="Fire">
      <h2>Fire it now</h2>
      <JsonField label="With these parameters" value={text} onText={setText} />
      <button type="submit" class="main" disabled={doing.busy}>
        {doing.busy ? "Firing …" : "Fire"}
      </button>
      <FaultPanel fault={doing.fault} />
      {fired !== undefined && <FireOutcome fired={fired} />}
    </form>
  );
}
