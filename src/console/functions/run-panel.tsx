// A function is run: input, and side by side what it returns and what it prints while it runs.

import { useEffect, useRef, useState } from "preact/hooks";
import { inputFault, startRun } from "../parts/actions.ts";
import type { AskFault } from "../parts/api.ts";
import { followLogs } from "../parts/follow.ts";
import { spanOf } from "../parts/format.ts";
import { LogLines } from "../parts/log-lines.tsx";
import { Result, StatusBadge } from "../parts/outcome.tsx";
import { FaultPanel } from "../parts/panels.tsx";
import { recordSoon, type ShownRecord } from "../parts/records.ts";
import { hrefOf } from "../parts/router.ts";

interface Run {
  id: string;
  record: ShownRecord | null;
  lines: readonly string[];
}

/** Lines that are kept of a log while it is written. */
const MAX_LINES = 20_000;

export function RunPanel(props: {
  parts: readonly string[];
  input: string;
  onInput: (text: string) => void;
  /** Called before a run; false: it is not to be. */
  before: () => Promise<boolean>;
  label: string;
  /** Grows when a run is asked for by a key. */
  asked: number;
}) {
  const { parts, input, asked } = props;
  const [run, setRun] = useState<Run | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<AskFault | null>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const wrong = inputFault(input);

  const start = async () => {
    if (wrong !== null || busy) return;
    stop.current?.abort();
    const controller = new AbortController();
    stop.current = controller;
    const { signal } = controller;
    setBusy(true);
    setFault(null);
    if (!(await props.before())) return setBusy(false);
    const answer = await startRun(parts, input);
    if (!answer.ok) {
      setFault(answer.fault);
      return setBusy(false);
    }
    await watchRun(answer.value.activationId, signal, setRun, setFault);
    if (!signal.aborted) setBusy(false);
  };
  const latest = useRef(start);
  latest.current = start;
  useEffect(() => {
    if (asked > 0) void latest.current();
  }, [asked]);

  return (
    <section class="panel" aria-label="Run">
      <div class="head">
        <h2>Run</h2>
        <button type="button" class="main" disabled={busy || wrong !== null} onClick={start}>
          {busy ? "Running …" : props.label}
        </button>
      </div>
      <label class="field">
        <span>Input</span>
        <textarea
          rows={4}
          spellcheck={false}
          value={input}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      </label>
      {wrong !== null && <p class="problem">{wrong}</p>}
      <FaultPanel fault={fault} />
      {run !== null && <Outcome run={run} busy={busy} name={parts.join("-")} />}
    </section>
  );
}

/** Until its record is there. */
async function watchRun(
  id: string,
  signal: AbortSignal,
  show: (change: (before: Run | null) => Run | null) => void,
  failed: (fault: AskFault) => void,
): Promise<void> {
  const lines: string[] = [];
  let planned = false;
  const draw = () => {
    planned = false;
    const shown = lines.slice(-MAX_LINES);
    if (!signal.aborted) show((before) => ({ id, record: before?.id === id ? before.record : null, lines: shown }));
  };
  draw();
  const onLine = (line: string) => {
    lines.push(line);
    // Seldom, and many at once: each time all that is kept is moved.
    if (lines.length >= 2 * MAX_LINES) lines.splice(0, MAX_LINES);
    if (!planned) requestAnimationFrame(draw);
    planned = true;
  };
  const fault = await followLogs(id, { onLine, signal });
  if (signal.aborted) return;
  if (fault !== null) return failed(fault);
  const answer = await recordSoon(id, signal);
  if (signal.aborted) return;
  if (!answer.ok) return failed(answer.fault);
  show(() => ({ id, record: answer.value, lines: answer.value.logs }));
}

function Outcome({ run: { id, record, lines }, busy, name }: { run: Run; busy: boolean; name: string }) {
  return (
    <>
      <p class="small" role="status">
        {record === null ? "Running … " : <StatusBadge status={record.response.status} />}{" "}
        {record !== null && <span class="muted">{spanOf(record.duration)} · </span>}
        <a href={hrefOf("activations", [id])}>Activation {id.slice(0, 8)}</a>
      </p>
      <div class="columns">
        <div>
          <h3>Result</h3>
          {record === null ? <p class="muted">Not yet.</p> : <Result value={record.response.result} name={name} />}
        </div>
        <div>
          <h3>Log</h3>
          <LogLines lines={lines} name={id} live={busy} />
        </div>
      </div>
    </>
  );
}
