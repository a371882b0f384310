// What comes by the clock: the triggers that the alarm feeds fire, and one of them.

import { Ago } from "../parts/ago.tsx";
import { type Asked, ask, ownPath } from "../parts/api.ts";
import { feedOf, isAlarm, type KeyValue } from "../parts/entities.ts";
import { Pages, pageOf } from "../parts/pages.tsx";
import { Badge, Empty, Head, Pending } from "../parts/panels.tsx";
import { usePolled } from "../parts/poll.ts";
import { hrefOf, replaceQuery } from "../parts/router.ts";
import { OneSchedule, timingOf } from "../parts/schedule.tsx";
import { readSchedule, type ScheduleShown } from "../parts/schedule-calls.ts";
import { NewSchedule } from "../parts/schedule-new.tsx";
import { Table } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

/** Each is asked for by itself: so many at once, and not as often as a list. */
const PAGE = 20;
const EVERY_MS = 10_000;
/** Of triggers, in one answer. */
const MOST = 200;
/** Answers of triggers that are looked through. */
const MAX_ANSWERS = 10;

interface Row {
  name: string;
  /** Null: it has a feed, but no schedule (any more). */
  schedule: ScheduleShown | null;
}

export default function Schedules({ rest, query }: ViewProps) {
  const [name] = rest;
  if (name === undefined) return <AllSchedules query={query} />;
  return <OneSchedule name={name} />;
}

function AllSchedules({ query }: Pick<ViewProps, "query">) {
  const number = Math.max(1, Number.parseInt(query.get("page") ?? "", 10) || 1);
  const making = query.get("new") !== null;
  const listed = usePolled((signal) => scheduled(number, signal), { key: `schedules ${number}`, every: EVERY_MS });
  const rows = listed.value?.rows ?? [];
  return (
    <>
      <Head title="Schedules">
        {!making && (
          <button type="button" class="main" onClick={() => replaceQuery({ new: "1" })}>
            New schedule
          </button>
        )}
      </Head>
      {making && <NewSchedule start={query.get("start") ?? ""} close={() => replaceQuery({})} />}
      <Pending read={listed} what="schedules" />
      {listed.value !== undefined && rows.length === 0 && number === 1 && (
        <Empty title="No schedules yet">
          <p>
            A schedule fires a trigger by the clock: each morning at seven in Berlin, every five minutes, once on a day.
            Choose “New schedule”, say when and which function starts; the next runs are shown before you create it.
          </p>
        </Empty>
      )}
      {rows.length > 0 && (
        <Table label="Schedules" columns={["Name", "When", "Next run", { text: "Last run", look: "wide" }, "State"]}>
          {rows.map((row) => (
            <ScheduleRow key={row.name} {...row} />
          ))}
        </Table>
      )}
      <Pages
        label="Pages of schedules"
        number={number}
        more={listed.value?.more ?? false}
        go={(to) => replaceQuery(to === 1 ? {} : { page: String(to) })}
      />
    </>
  );
}

function ScheduleRow({ name, schedule }: Row) {
  const link = <a href={hrefOf("schedules", [name])}>{name}</a>;
  if (schedule === null) {
    return (
      <tr>
        <td>{link}</td>
        <td colSpan={4} class="muted">
          It has ended, or was never begun.
        </td>
      </tr>
    );
  }
  const [next] = schedule.schedule.next;
  const last = schedule.schedule.history.find((each) => each.outcome !== "unprepared");
  return (
    <tr>
      <td>{link}</td>
      <td>{timingOf(schedule)}</td>
      <td>{next === undefined ? <span class="muted">none</span> : <Ago at={Date.parse(next)} />}</td>
      <td class="wide">
        {last === undefined ? <span class="muted">none yet</span> : <Ago at={Date.parse(last.slot)} />}
      </td>
      <td>
        <Badge tone={schedule.status.active ? "good" : "warn"}>{schedule.status.active ? "on" : "off"}</Badge>
      </td>
    </tr>
  );
}

async function scheduled(number: number, signal: AbortSignal): Promise<Asked<{ rows: Row[]; more: boolean }>> {
  const names: string[] = [];
  const wanted = number * PAGE + 1;
  let headers = new Headers();
  for (let answers = 0; answers < MAX_ANSWERS && names.length < wanted; answers++) {
    const listed = await ask<{ name: string; annotations?: KeyValue[] }[]>(ownPath("triggers"), {
      ...{ query: { limit: MOST, skip: answers * MOST }, signal },
    });
    if (!listed.ok) return listed;
    headers = listed.headers;
    names.push(...listed.value.filter((each) => isAlarm(feedOf(each))).map((each) => each.name));
    if (listed.value.length < MOST) break;
  }
  const { shown, more } = pageOf(names.slice((number - 1) * PAGE), PAGE);
  const read = await Promise.all(shown.map((name) => readSchedule(name, signal)));
  const fault = read.find((each) => !each.ok && each.fault.status !== 404);
  if (fault !== undefined && !fault.ok) return fault;
  const rows = shown.map((name, at) => {
    const each = read[at];
    return { name, schedule: each?.ok === true ? each.value : null };
  });
  return { ok: true, value: { rows, more }, headers };
}
