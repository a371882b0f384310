// The place of the code editor: a plain field until the editor is there, and should it not come.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "./codemirror.ts";

export interface CodeEditorProps {
  text: string;
  kind: string;
  label: string;
  readOnly?: boolean;
  onChange: (text: string) => void;
  onSave: () => void;
  onRun: () => void;
}

export function CodeEditor(props: CodeEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [there, setThere] = useState(false);
  const { text, kind, label, readOnly = false } = props;
  useEffect(() => {
    let gone = false;
    import("./codemirror.ts").then(
      ({ openEditor }) => {
        if (gone || place.current === null) return;
        editor.current = openEditor({
          ...{ parent: place.current, text: latest.current.text, kind, label, readOnly },
          onChange: (changed) => latest.current.onChange(changed),
          onSave: () => latest.current.onSave(),
          onRun: () => latest.current.onRun(),
        });
        setThere(true);
      },
      () => setThere(false),
    );
    return () => {
      gone = true;
      editor.current?.close();
      editor.current = null;
    };
  }, [kind, label, readOnly]);
  // With the drawing itself: later the user may have typed on, and what he has typed would be taken back.
  useLayoutEffect(() => editor.current?.setText(text), [text]);
  return (
    <div class="editor">
      <div ref={place} />
      {!there && (
        <textarea
          aria-label={label}
          spellcheck={false}
          rows={16}
          readOnly={readOnly}
          value={text}
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </div>
  );
}
