// The code editor itself: read when it is shown first.

import { indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup, EditorView } from "codemirror";

export interface EditorOptions {
  parent: HTMLElement;
  text: string;
  /** Of the action. */
  kind: string;
  label: string;
  readOnly: boolean;
  onChange: (text: string) => void;
  onSave: () => void;
  onRun: () => void;
}

export interface Editor {
  setText(text: string): void;
  close(): void;
}

const MAX_ERRORS = 20;

const look = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.comment], color: "var(--muted)", fontStyle: "italic" },
  {
    tag: [tags.function(tags.variableName), tags.definition(tags.function(tags.variableName))],
    color: "var(--accent)",
  },
]);

const frame = EditorView.theme({
  "&": { fontSize: "0.87rem", backgroundColor: "var(--surface)", color: "var(--text)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-content, .cm-gutter": { minHeight: "18rem" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", border: "0" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  "&.cm-focused, &:focus-within": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--tint)",
  },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--text)" },
});

export function openEditor(options: EditorOptions): Editor {
  const language = options.kind.startsWith("python") ? python() : options.kind.startsWith("nodejs") ? javascript() : [];
  const act = (what: () => void) => () => {
    what();
    return true;
  };
  let quiet = false;
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        keymap.of([
          { key: "Mod-s", run: act(options.onSave), preventDefault: true },
          { key: "Mod-Enter", run: act(options.onRun), preventDefault: true },
        ]),
        basicSetup,
        keymap.of([indentWithTab]),
        language,
        syntaxHighlighting(look),
        linter(syntaxErrors),
        lintGutter(),
        frame,
        EditorView.domEventHandlers({ beforeinput: insertTyped }),
        EditorView.lineWrapping,
        EditorView.cspNonce.of(nonceOf()),
        EditorView.contentAttributes.of({ "aria-label": options.label }),
        EditorState.readOnly.of(options.readOnly),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText(text) {
      if (text === view.state.doc.toString()) return;
      quiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      quiet = false;
    },
    close: () => view.destroy(),
  };
}

/** What is typed goes into the text at once: the browser's own insertion would try inline styles,
 * which the page's policy refuses. */
function insertTyped(event: InputEvent, view: EditorView): boolean {
  const { data, inputType, isComposing } = event;
  if (inputType !== "insertText" || data === null || isComposing || view.composing || view.state.readOnly) return false;
  event.preventDefault();
  const { from, to } = view.state.selection.main;
  const insert = () =>
    view.state.update(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
  // Such as the one that closes brackets.
  const handled = view.state.facet(EditorView.inputHandler).some((each) => each(view, from, to, data, insert));
  if (!handled) view.dispatch(insert());
  return true;
}

/** What the page's policy lets add styles. */
function nonceOf(): string {
  return document.querySelector<HTMLLinkElement>("link[rel=stylesheet]")?.nonce ?? "";
}

/** Where the text is none of its language. */
function syntaxErrors(view: EditorView): Diagnostic[] {
  const found: Diagnostic[] = [];
  const { length } = view.state.doc;
  syntaxTree(view.state).iterate({
    enter: (node) => {
      if (!node.type.isError || found.length >= MAX_ERRORS) return;
      const to = Math.min(length, Math.max(node.to, node.from + 1));
      const from = Math.min(node.from, to);
      found.push({ from, to, severity: "error", message: "Syntax error" });
    },
  });
  return found;
}
