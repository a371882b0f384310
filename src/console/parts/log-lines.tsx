// Lines of a log, always as text: the last ones, and earlier ones in parts. Long lines are cut where they are shown,
// not where they are kept.

import { useEffect, useRef, useState } from "preact/hooks";
import { bytesOf } from "./format.ts";
import { download } from "./long-text.tsx";

const PART = 500;
const MAX_SHOWN_LINE = 4_000;
const LINE = /^(\S+)\s+(stdout|stderr): ?(.*)$/s;

export function LogLines({ lines, name, live = false }: { lines: readonly string[]; name: string; live?: boolean }) {
  const [shown, setShown] = useState(PART);
  const box = useRef<HTMLElement>(null);
  const count = lines.length;
  // Whoever looks at the end goes on seeing the end.
  useEffect(() => {
    const { current } = box;
    if (live && current !== null) current.scrollTop = current.scrollHeight;
  }, [count, live]);
  const from = Math.max(0, count - shown);
  const seen = lines.slice(from);
  const isCut = seen.some((line) => line.length > MAX_SHOWN_LINE);
  return (
    <div>
      {(from > 0 || isCut) && (
        <p class="muted small">
          {from > 0 && (
            <>
              {from} earlier lines.{" "}
              <button type="button" class="link" onClick={() => setShown(shown + PART)}>
                Show {Math.min(PART, from)} of them
              </button>{" "}
            </>
          )}
          {isCut && "Long lines are cut here. "}
          <button type="button" class="link" onClick={() => download(lines.join("\n"), `${name}.log`)}>
            Download all
          </button>
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <section class="scroll log" ref={box} tabIndex={0} aria-label="Log" aria-live={live ? "polite" : "off"}>
        {count === 0 && <p class="muted bare">{live ? "Nothing has been printed yet." : "Nothing was printed."}</p>}
        {seen.map((line, at) => (
          <LogLine key={from + at} line={line} />
        ))}
      </section>
    </div>
  );
}

function LogLine({ line }: { line: string }) {
  const [, time = "", stream = "", text = line] = LINE.exec(line) ?? [];
  const over = text.length - MAX_SHOWN_LINE;
  return (
    <div class={`line ${stream}`}>
      <span class="muted" title={time}>
        {time.slice(11, 23)}
      </span>
      <span class="away">{stream}</span>
      <span>
        {text.slice(0, MAX_SHOWN_LINE)}
        {over > 0 && <em class="muted"> … {bytesOf(over)} more</em>}
      </span>
    </div>
  );
}
