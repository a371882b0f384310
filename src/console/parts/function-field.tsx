// A field that names a function, with those there are to choose from; others,
// such as "/whisk.system/utils/echo", can be typed.

import { useId } from "preact/hooks";
import { ask, ownPath } from "./api.ts";
import { shortNameOf } from "./entities.ts";
import { usePolled } from "./poll.ts";

const MOST = 200;

export function FunctionField(props: {
  label: string;
  value: string;
  onText: (text: string) => void;
  /** Instead of the form being sent. */
  onEnter?: () => void;
}) {
  const { label, value, onText, onEnter } = props;
  const id = useId();
  const known = usePolled(
    (signal) => ask<{ namespace: string; name: string }[]>(ownPath("actions"), { query: { limit: MOST }, signal }),
    { key: "actions to choose from" },
  );
  return (
    <label class="field">
      <span>{label}</span>
      <input
        list={id}
        value={value}
        maxLength={1_024}
        placeholder="name or package/name"
        spellcheck={false}
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || onEnter === undefined) return;
          event.preventDefault();
          onEnter();
        }}
      />
      <datalist id={id}>
        {(known.value ?? []).map(({ namespace, name }) => (
          <option key={`${namespace}/${name}`} value={shortNameOf({ path: namespace, name })} />
        ))}
      </datalist>
    </label>
  );
}
