// One schedule: its next runs, what became of those before, pause and resume, a fire by hand.

import { useState } from "preact/hooks";
import { Ago } from "./ago.tsx";
import { ask, ownPath } from "./api.ts";
import { Confirmed } from "./confirm.tsx";
import { useDoing } from "./doing.ts";
import { feedOf, isAlarm, type KeyValue } from "./entities.ts";
import { type FireAnswer, FireOutcome, fire } from "./fire.tsx";
import { spanOf, whenOf } from "./format.ts";
import { Badge, Empty, FaultPanel, Head, Loading } from "./panels.tsx";
import { LIVE_MS, usePolled } from "./poll.ts";
import { go, hrefOf } from "./router.ts";
import { endTrigger, pauseSchedule, readSchedule, type ScheduleShown, type SlotShown } from "./schedule-calls.ts";
import { Table } from "./table.tsx";

/** ms after which a fire is worth a second look. */
const LATE_MS = 1_000;
const TONES = {
  fired: "good",
  idle: "plain",
  skipped: "warn",
  missed: "warn",
  failed: "bad",
  unprepared: "warn",
} as const;
const MEANINGS = {
  fired: "fired",
  idle: "fired; no rule is on",
  skipped: "skipped",
  missed: "missed",
  failed: "failed",
  unprepared: "not prepared for",
} as const;

/** When it fires, in words. */
export function timingOf({ config }: Pick<ScheduleShown, "config">): string {
  const { cron, timezone, minutes, date } = config;
  if (cron !== undefined) return `${cron} (${timezone || "UTC"})`;
  if (minutes !== undefined) return minutes === 1 ? "every minute" : `every ${minutes} minutes`;
  return date === undefined ? "–" : `once, ${whenOf(new Date(date).getTime())}`;
}

export function OneSchedule({ name }: { name: string }) {
  const read = usePolled((signal) => readSchedule(name, signal), { key: `schedule ${name}`, every: LIVE_MS });
  const trigger = usePolled((signal) => ask<{ annotations?: KeyValue[] }>(ownPath("triggers", name), { signal }), {
    key: `trigger of ${name}`,
  });
  const feed = trigger.value === undefined ? null : feedOf(trigger.value);
  const { value: schedule } = read;
  const none = read.fault?.status === 404;
  return (
    <>
      <Head title={name}>
        <a class="button" href={hrefOf("schedules")}>
          All schedules
        </a>
        <a class="button" href={hrefOf("triggers", [name])}>
          Trigger and rules
        </a>
        {trigger.value !== undefined && isAlarm(feed) && (
          <Confirmed
            label="Delete"
            about={`Delete the schedule ${name}`}
            text="It fires no more, and its trigger goes with it. This cannot be taken back."
            work={() => endTrigger({ name, feed })}
            done={() => go(hrefOf("schedules"))}
          />
        )}
      </Head>
      {read.fault !== null && !none && <FaultPanel fault={read.fault} again={read.reload} />}
      {none && (
        <Empty title="This trigger has no schedule">
          <p>It has ended, was deleted, or never had one. Make one with “New schedule” in the list of schedules.</p>
        </Empty>
      )}
      {schedule === undefined && read.fault === null && <Loading what="the schedule" />}
      {schedule !== undefined && (
        <>
          <State {...{ name, schedule, feed }} changed={read.reload} />
          <div class="columns">
            <NextRuns schedule={schedule} />
            <History schedule={schedule} />
          </div>
        </>
      )}
    </>
  );
}

function State(props: { name: string; schedule: ScheduleShown; feed: string | null; changed: () => void }) {
  const { name, schedule, feed, changed } = props;
  const { status, config } = schedule;
  const { missed, firesLeft, waiting } = schedule.schedule;
  const [fired, setFired] = useState<FireAnswer | null>();
  const doing = useDoing();
  const pause = async () => {
    if (feed === null) return;
    await doing.run(() => pauseSchedule({ name, feed, on: status.active }));
    changed();
  };
  const now = async () => {
    setFired(undefined);
    const answer = await doing.run(() => fire(name, JSON.stringify(config.payload ?? {})));
    if (answer?.ok === true) setFired(answer.value);
  };
  return (
    <section class="panel" aria-label="State">
      <div class="head">
        <p class="lead">
          <Badge tone={status.active ? "good" : "warn"}>{status.active ? "on" : "off"}</Badge> {timingOf(schedule)}
        </p>
        <div class="actions">
          <button type="button" class="main" disabled={doing.busy} onClick={now}>
            Fire now
          </button>
          <button type="button" disabled={doing.busy || feed === null} onClick={pause}>
            {status.active ? "Pause" : "Resume"}
          </button>
        </div>
      </div>
      {status.reason !== undefined && (
        <p>
          {status.reason.kind === "USER" ? "Paused by its owner: " : "Ended by the platform: "}
          {status.reason.message}
        </p>
      )}
      {waiting !== undefined && (
        <p>
          The run of {whenOf(Date.parse(waiting.slot))} waits: {waiting.why}. Tried {waiting.tries} times; again{" "}
          <Ago at={Date.parse(waiting.again)} />.
        </p>
      )}
      <p class="muted">
        {missed} missed so far{firesLeft === undefined ? "" : `, ${firesLeft} left`}. It fires with{" "}
        <code>{(JSON.stringify(config.payload ?? {}) ?? "").slice(0, 500)}</code>
      </p>
      <FaultPanel fault={doing.fault} />
      {fired !== undefined && <FireOutcome fired={fired} />}
    </section>
  );
}

function NextRuns({ schedule }: { schedule: ScheduleShown }) {
  const { next } = schedule.schedule;
  return (
    <section class="panel">
      <h2>Next runs</h2>
      {next.length === 0 && <p class="muted">{schedule.status.active ? "None any more." : "None while it is off."}</p>}
      <RunList next={next} />
    </section>
  );
}

/** `next`: ISO 8601. In the time of this computer. */
export function RunList({ next }: { next: readonly string[] }) {
  return (
    <ol class="runs">
      {next.map((each) => (
        <li key={each}>
          {whenOf(Date.parse(each))}{" "}
          <span class="muted">
            <Ago at={Date.parse(each)} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function History({ schedule }: { schedule: ScheduleShown }) {
  const { history } = schedule.schedule;
  if (history.length === 0) {
    return (
      <section class="panel">
        <h2>Before</h2>
        <p class="muted">
          It has not been due yet. Each run will stand here, with how late it was and what it started.
        </p>
      </section>
    );
  }
  return (
    <section aria-label="Before">
      <div class="head">
        <h2>Before</h2>
      </div>
      <Table label="Runs so far" columns={["Due", "What became of it", { text: "Late", look: "number" }]}>
        {history.map((slot) => (
          <Slot key={`${slot.slot} ${slot.outcome}`} slot={slot} />
        ))}
      </Table>
    </section>
  );
}

function Slot({ slot }: { slot: SlotShown }) {
  const { outcome, lateMs, activationId, text, reason } = slot;
  const late = lateMs !== undefined && lateMs >= LATE_MS;
  return (
    <tr>
      <td>{whenOf(Date.parse(slot.slot))}</td>
      <td>
        <Badge tone={TONES[outcome] ?? "plain"}>{MEANINGS[outcome] ?? outcome}</Badge>{" "}
        {activationId !== undefined && <a href={hrefOf("activations", [activationId])}>what it started</a>}
        {text ?? reason}
      </td>
      <td class="number">
        {lateMs === undefined ? "–" : spanOf(lateMs)}
        {late && <span class="away">, late</span>}
      </td>
    </tr>
  );
}
