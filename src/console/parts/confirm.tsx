// A question before something that is not taken back.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Asked } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import { useDoing } from "./doing.ts";
import { FaultPanel } from "./panels.tsx";

/** A button whose work is done after one more click. `text`: what it brings. */
export function Confirmed<T>(props: {
  label: string;
  /** What a screen reader says of the button, where the label is one of many. */
  about?: string;
  text: string;
  work: () => Promise<Asked<T>>;
  done: (answer: T) => void;
  danger?: boolean;
  /** What else is to be said before. */
  children?: ComponentChildren;
}) {
  const { label, about, text, work, done, danger = true, children } = props;
  const [open, setOpen] = useState(false);
  const doing = useDoing();
  const close = () => {
    setOpen(false);
    doing.clear();
  };
  const go = async () => {
    const answer = await doing.run(work);
    if (answer?.ok !== true) return;
    close();
    done(answer.value);
  };
  return (
    <>
      <button type="button" class={danger ? "danger" : ""} aria-label={about} onClick={() => setOpen(true)}>
        {label}
      </button>
      {open && (
        <Dialog title={about ?? label} onClose={close}>
          <p>{text}</p>
          {children}
          <FaultPanel fault={doing.fault} />
          <div class="actions">
            <button type="button" class={danger ? "danger" : "main"} disabled={doing.busy} onClick={go}>
              {doing.busy ? "Wait …" : label}
            </button>
            <button type="button" class="quiet" onClick={close}>
              Keep it as it is
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
