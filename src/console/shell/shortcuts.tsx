// Keys that do something anywhere, and the list of them.

import { signal } from "@preact/signals";
import { Dialog } from "../parts/dialog.tsx";
import { go, hrefOf } from "../parts/router.ts";
import { session } from "../parts/session.ts";
import { VIEWS } from "./views.ts";

export const helpShown = signal(false);

/** How long (ms) the second key may be waited for. */
const SECOND_KEY_MS = 1_500;
let firstAt = 0;

/** Called once. */
export function watchKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || session.peek() === null) return;
    const now = performance.now();
    if (now - firstAt < SECOND_KEY_MS) {
      firstAt = 0;
      const view = VIEWS.find((each) => each.for === session.peek()?.kind && each.letter === event.key);
      if (view !== undefined) {
        event.preventDefault();
        go(hrefOf(view.id));
        return;
      }
    }
    if (event.key === "g") firstAt = now;
    else if (event.key === "?") helpShown.value = true;
    else if (event.key === "/") {
      const filter = document.querySelector<HTMLInputElement>("main input[type=search]");
      if (filter === null) return;
      event.preventDefault();
      filter.focus();
    }
  });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("input, textarea, select, dialog, [contenteditable=true]") !== null
  );
}

export function ShortcutHelp() {
  if (!helpShown.value) return null;
  const views = VIEWS.filter((each) => each.for === session.value?.kind);
  return (
    <Dialog
      title="Keyboard"
      onClose={() => {
        helpShown.value = false;
      }}
    >
      <dl class="keys">
        {views.map((each) => (
          <div key={each.id}>
            <dt>
              <kbd>g</kbd> <kbd>{each.letter}</kbd>
            </dt>
            <dd>{each.title}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>Filter the list</dd>
        </div>
        <div>
          <dt>
            <kbd>Ctrl</kbd> <kbd>S</kbd>
          </dt>
          <dd>Save the function</dd>
        </div>
        <div>
          <dt>
            <kbd>Ctrl</kbd> <kbd>Enter</kbd>
          </dt>
          <dd>Run the function</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>Close a dialog; in the editor, Tab then leaves it</dd>
        </div>
        <div>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>This list</dd>
        </div>
      </dl>
    </Dialog>
  );
}
