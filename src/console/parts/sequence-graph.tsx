// A sequence as a picture: its steps from left to right, those that are sequences themselves opened in place. The same
// steps stand in a list for who does not look at pictures: each node is a link or a button.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { functionHref, shortNameOf } from "./entities.ts";
import type { SequenceStep } from "./sequence-steps.ts";

const WIDTH = 168;
const HEIGHT = 44;
const GAP = 36;
const PAD = 14;
const HEAD = 22;
/** Characters of a name that a node has room for. */
const SHOWN = 20;

interface Box {
  step: SequenceStep;
  x: number;
  y: number;
  width: number;
  height: number;
  inner: Box[];
}

export function SequenceGraph(props: {
  steps: readonly SequenceStep[];
  /** Opens or closes a step that is a sequence. */
  toggle: (place: string) => void;
}) {
  const { steps } = props;
  // What was pressed is drawn anew, as something else: the keyboard stays with it.
  const pressed = useRef<string | null>(null);
  const toggle = (place: string) => {
    pressed.current = place;
    props.toggle(place);
  };
  useEffect(() => {
    if (pressed.current !== null) document.getElementById(idOf(pressed.current))?.focus();
    pressed.current = null;
  }, [steps]);
  const laid = rowOf(steps, PAD, PAD);
  const width = laid.reduce((right, box) => Math.max(right, box.x + box.width), 0) + PAD;
  const height = laid.reduce((low, box) => Math.max(low, box.height), 0) + 2 * PAD;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="table graph" aria-label="The sequence as a picture" tabIndex={0}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        <title>Steps, in their order</title>
        <Row boxes={laid} middle={PAD + (height - 2 * PAD) / 2} toggle={toggle} />
      </svg>
    </section>
  );
}

function Row({ boxes, middle, toggle }: { boxes: readonly Box[]; middle: number; toggle: (place: string) => void }) {
  return (
    <>
      {boxes.map((box, at) => {
        const next = boxes[at + 1];
        return (
          <g key={box.step.place}>
            <Node box={box} middle={middle} toggle={toggle} />
            {next !== undefined && <Arrow from={box.x + box.width} to={next.x} y={middle} />}
          </g>
        );
      })}
    </>
  );
}

function Arrow({ from, to, y }: { from: number; to: number; y: number }) {
  return (
    <g class="arrow">
      <line x1={from + 3} y1={y} x2={to - 8} y2={y} />
      <polygon points={`${to - 3},${y} ${to - 11},${y - 5} ${to - 11},${y + 5}`} />
    </g>
  );
}

function Node({ box, middle, toggle }: { box: Box; middle: number; toggle: (place: string) => void }) {
  const { step, x, width, height, inner } = box;
  const y = middle - height / 2;
  const name = shortNameOf(step.point);
  const text = name.length > SHOWN ? `…${name.slice(1 - SHOWN)}` : name;
  if (inner.length > 0) {
    return (
      <g class="group">
        <rect {...{ x, y, width, height }} rx={8} />
        <Head {...{ x, y, text, name }} place={step.place} open toggle={toggle} />
        <Row boxes={inner} middle={y + HEAD + (height - HEAD) / 2} toggle={toggle} />
      </g>
    );
  }
  const shape = (
    <>
      <rect {...{ x, y, width, height }} rx={8} />
      <text x={x + width / 2} y={middle + 5} text-anchor="middle">
        {text}
      </text>
    </>
  );
  if (step.steps !== null) return <Closed {...{ x, y, width, height, name, text, step, toggle }} />;
  const href = functionHref(step.point);
  return href === null ? (
    <g class="node foreign">
      <title>{name}</title>
      {shape}
    </g>
  ) : (
    <a class="node" href={href} aria-label={text === name ? name : `${text}: ${name}`}>
      {shape}
    </a>
  );
}

/** A sequence among the steps that is not opened. */
function Closed(props: {
  x: number;
  y: number;
  width: number;
  height: number;
  name: string;
  text: string;
  step: SequenceStep;
  toggle: (place: string) => void;
}) {
  const { x, y, width, height, name, text, step, toggle } = props;
  return (
    <Press place={step.place} label={`Open ${name}`} expanded={false} press={() => toggle(step.place)}>
      <rect {...{ x, y, width, height }} rx={8} />
      <text x={x + width / 2} y={y + height / 2 + 5} text-anchor="middle">
        + {text}
      </text>
    </Press>
  );
}

function Head(props: {
  x: number;
  y: number;
  text: string;
  name: string;
  place: string;
  open: boolean;
  toggle: (place: string) => void;
}) {
  const { x, y, text, name, place, open, toggle } = props;
  return (
    <Press place={place} label={`Close ${name}`} expanded={open} press={() => toggle(place)}>
      <rect x={x} y={y} width={WIDTH} height={HEAD} rx={8} />
      <text x={x + 10} y={y + 16}>
        − {text}
      </text>
    </Press>
  );
}

/** A part of the picture that is a button. */
function Press(props: {
  place: string;
  label: string;
  expanded: boolean;
  press: () => void;
  children: ComponentChildren;
}) {
  const { place, label, expanded, press, children } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a picture has no element of its own for a button.
    <g
      id={idOf(place)}
      class="node press"
      role="button"
      // Attributes of SVG are told apart by case.
      tabindex={0}
      aria-label={label}
      aria-expanded={expanded}
      onClick={press}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        press();
      }}
    >
      {children}
    </g>
  );
}

function idOf(place: string): string {
  return `step ${place}`.replaceAll(/[ /]/g, "-");
}

/** Boxes side by side; what is opened holds its own row. `y` is of the tallest. */
function rowOf(steps: readonly SequenceStep[], left: number, y: number): Box[] {
  let x = left;
  return steps.map((step) => {
    const box = boxOf(step, x, y);
    x += box.width + GAP;
    return box;
  });
}

function boxOf(step: SequenceStep, x: number, y: number): Box {
  if (step.steps === null || !step.open || step.steps.length === 0) {
    return { step, x, y, width: WIDTH, height: HEIGHT, inner: [] };
  }
  const inner = rowOf(step.steps, x + PAD, y + HEAD + PAD);
  const right = inner.reduce((most, box) => Math.max(most, box.x + box.width), x);
  const tallest = inner.reduce((most, box) => Math.max(most, box.height), 0);
  return { step, x, y, width: right + PAD - x, height: tallest + HEAD + 2 * PAD, inner };
}
