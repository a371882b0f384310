// What stands where nothing else can: an error with its way out, an empty list that teaches, a wait.

import type { ComponentChildren } from "preact";
import type { AskFault } from "./api.ts";
import type { Polled } from "./poll.ts";

/** Parameters that are shown, and characters of each. */
const MAX_FACTS = 100;
const MAX_VALUE = 2_000;

/** Nothing where nothing went wrong. */
export function FaultPanel({ fault, again }: { fault: AskFault | null; again?: () => void }) {
  if (fault === null) return null;
  return (
    <div class="panel fault" role="alert">
      <strong>{fault.text}</strong>
      {fault.help !== "" && <p>{fault.help}</p>}
      {fault.code !== undefined && (
        <p class="muted">
          Code of this request: <code>{fault.code}</code>
        </p>
      )}
      {again !== undefined && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="panel empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="muted loading" role="status">
      Reading {what} …
    </p>
  );
}

/** What stands beside or in place of what is asked for: an error, or the wait for the first answer. */
export function Pending({ read, what }: { read: Polled<unknown>; what: string }) {
  if (read.fault !== null) return <FaultPanel fault={read.fault} again={read.reload} />;
  return read.value === undefined ? <Loading what={what} /> : null;
}

/** `good`, `bad`, `warn` or plain; the word says it, the colour repeats it. */
export function Badge({
  tone = "plain",
  children,
}: {
  tone?: "good" | "bad" | "warn" | "plain";
  children: ComponentChildren;
}) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** A view's title with what can be done. */
export function Head({ title, children }: { title: ComponentChildren; children?: ComponentChildren }) {
  return (
    <header class="head">
      <h1 tabIndex={-1}>{title}</h1>
      <div class="actions">{children}</div>
    </header>
  );
}

/** What is known of something, each with its name; what is not known (undefined, null, false or "") is left out. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value], at) =>
        value === undefined || value === null || value === false || value === "" ? null : (
          <div class="fact" key={`${at} ${name}`}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

export interface CardOf {
  title: string;
  figure: ComponentChildren;
  /** Below the figure. */
  more?: ComponentChildren;
}

/** Figures that are seen first. */
export function Cards({ of }: { of: readonly CardOf[] }) {
  return (
    <dl class="cards">
      {of.map(({ title, figure, more }) => (
        <div class="card" key={title}>
          <dt class="muted small">{title}</dt>
          <dd class="figure">{figure}</dd>
          {more !== undefined && <dd>{more}</dd>}
        </div>
      ))}
    </dl>
  );
}

/** Parameters of an entity as facts, values as JSON, bounded. */
export function parameterFacts(parameters: readonly { key: string; value: unknown }[]) {
  return parameters
    .slice(0, MAX_FACTS)
    .map(({ key, value }) => [key, <code>{(JSON.stringify(value) ?? "").slice(0, MAX_VALUE)}</code>] as const);
}
