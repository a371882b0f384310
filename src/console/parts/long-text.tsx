// Text of any length, in bounded parts: always as text, whatever is in it.

import { useState } from "preact/hooks";
import { bytesOf } from "./format.ts";

/** Characters that are shown at once. */
const PART = 100_000;

export function LongText({ text, label, name }: { text: string; label: string; name: string }) {
  const [shown, setShown] = useState(PART);
  const rest = text.length - shown;
  return (
    <div class="long-text">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <section class="scroll" tabIndex={0} aria-label={label}>
        <pre>{text.slice(0, shown)}</pre>
      </section>
      {text.length > PART && (
        <p class="muted">
          {rest > 0
            ? `Shown: ${bytesOf(shown)} of ${bytesOf(text.length)}. `
            : `All of ${bytesOf(text.length)} is shown. `}
          {rest > 0 && (
            <button type="button" class="link" onClick={() => setShown(shown + PART)}>
              Show {bytesOf(Math.min(PART, rest))} more
            </button>
          )}{" "}
          <button type="button" class="link" onClick={() => download(text, name)}>
            Download
          </button>
        </p>
      )}
    </div>
  );
}

/** Saves a text as a file. */
export function download(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1_000);
}
