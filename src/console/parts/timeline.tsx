// The steps of an activation as a picture: what took how long, one below the other; beside it the same in words.

import { spanOf } from "./format.ts";

export interface TimelineStep {
  what: string;
  /** Epoch ms. */
  at?: number;
  ms?: number;
  text: string;
}

/** Drawn as wide as it is shown, so that its words stay as large as others. */
const narrow = matchMedia("(max-width: 800px)");
const ROW = 26;
const LEFT = 96;

export function Timeline({ steps }: { steps: readonly TimelineStep[] }) {
  const width = narrow.matches ? 340 : 640;
  const placed = steps.filter((each) => each.at !== undefined);
  const from = Math.min(...placed.map((each) => each.at ?? 0));
  const to = Math.max(...placed.map((each) => (each.at ?? 0) + (each.ms ?? 0)), from + 1);
  const x = (at: number) => LEFT + ((at - from) / (to - from)) * (width - LEFT - 70);
  const rows = steps.map((step) => {
    const { at = from, ms } = step;
    const start = x(at);
    return { step, start, long: Math.max(3, x(at + (ms ?? 0)) - start), said: ms === undefined ? "" : spanOf(ms) };
  });
  return (
    <svg
      class="timeline"
      viewBox={`0 0 ${width} ${steps.length * ROW}`}
      role="img"
      aria-label={`Took ${spanOf(to - from)} in all`}
    >
      {rows.map(({ step, start, long, said }, row) => (
        <g key={`${row} ${step.what}`} transform={`translate(0 ${row * ROW})`}>
          <text class="word" x={LEFT - 10} y={17} text-anchor="end">
            {step.what}
          </text>
          <rect class={`bar ${step.what}`} x={start} y={6} width={long} height={14} rx={3} />
          <text class="word said" x={start + long + 6} y={17}>
            {said}
          </text>
        </g>
      ))}
    </svg>
  );
}
