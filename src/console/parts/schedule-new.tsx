// A new schedule: when, with what, and what it starts; the platform itself says what the next runs would be.

import { useEffect, useState } from "preact/hooks";
import { useDoing } from "./doing.ts";
import { FunctionField } from "./function-field.tsx";
import { JsonField, readObject } from "./json-field.tsx";
import { FaultPanel } from "./panels.tsx";
import { usePolled } from "./poll.ts";
import { go, hrefOf } from "./router.ts";
import { RunList } from "./schedule.tsx";
import { type AlarmFeed, makeSchedule, previewOf } from "./schedule-calls.ts";

/** ms without a key before the platform is asked. */
const TYPED_MS = 300;
const PATTERNS = [
  ["*/5 * * * *", "every 5 minutes"],
  ["0 * * * *", "every hour"],
  ["0 7 * * *", "each day at 7"],
  ["0 7 * * 1-5", "on work days at 7"],
  ["0 0 1 * *", "on the first of each month"],
] as const;
const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")];

/** `start`: the function that it is for, or "". */
export function NewSchedule({ start, close }: { start: string; close: () => void }) {
  const [name, setName] = useState(start === "" ? "" : `${start.replaceAll("/", "-")}-by-clock`);
  const [feed, setFeed] = useState<AlarmFeed>("alarm");
  const [cron, setCron] = useState("0 7 * * *");
  const [zone, setZone] = useState(OWN_ZONE);
  const [minutes, setMinutes] = useState("15");
  const [date, setDate] = useState("");
  const [target, setTarget] = useState(start);
  const [payload, setPayload] = useState("");
  const doing = useDoing();
  const at = date === "" ? "" : new Date(date).toISOString();
  const timing = timingFor(feed, { cron, zone, minutes, at });
  const make = async (event: Event) => {
    event.preventDefault();
    const read = readObject(payload);
    if (!read.ok) return doing.refuse(read.text, read.help);
    const answer = await doing.run(() =>
      makeSchedule({ name: name.trim(), feed, timing, payload: read.text, target: target.trim() }),
    );
    if (answer?.ok === true) go(hrefOf("schedules", [name.trim()]));
  };
  return (
    <form class="panel" onSubmit={make} aria-label="New schedule">
      <div class="head">
        <h2>New schedule</h2>
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </div>
      <fieldset class="choice">
        <legend class="away">How often</legend>
        {(["alarm", "interval", "once"] as const).map((each) => (
          <label key={each}>
            <input type="radio" name="feed" checked={feed === each} onChange={() => setFeed(each)} />{" "}
            {{ alarm: "By a cron pattern", interval: "At intervals", once: "Once" }[each]}
          </label>
        ))}
      </fieldset>
      <div class="columns">
        <div>
          {feed === "alarm" && <CronFields {...{ cron, setCron, zone, setZone }} />}
          {feed === "interval" && (
            <TextField label="Minutes between two runs" value={minutes} onText={setMinutes} type="number" />
          )}
          {feed === "once" && (
            <TextField label="When (time of this computer)" value={date} onText={setDate} type="datetime-local" />
          )}
          <TextField label="Name" value={name} onText={setName} placeholder="each-morning" />
          <FunctionField label="Start this function" value={target} onText={setTarget} />
          <JsonField label="With these parameters" value={payload} onText={setPayload} rows={3} />
        </div>
        <Preview feed={feed} timing={timing} />
      </div>
      <FaultPanel fault={doing.fault} />
      <button type="submit" class="main" disabled={doing.busy || name.trim() === ""}>
        {doing.busy ? "Creating …" : "Create schedule"}
      </button>
    </form>
  );
}

function timingFor(
  feed: AlarmFeed,
  given: { cron: string; zone: string; minutes: string; at: string },
): Record<string, string | number> {
  if (feed === "alarm") return { cron: given.cron.trim(), timezone: given.zone.trim() || "UTC" };
  return feed === "interval" ? { minutes: Number(given.minutes) } : { date: given.at };
}

function CronFields(props: {
  cron: string;
  setCron: (text: string) => void;
  zone: string;
  setZone: (text: string) => void;
}) {
  const { cron, setCron, zone, setZone } = props;
  return (
    <>
      <div class="row spaced">
        <TextField label="Cron pattern" value={cron} onText={setCron} mono />
        <label class="field">
          <span>For instance</span>
          <select value={cron} onChange={(event) => setCron(event.currentTarget.value)}>
            {!PATTERNS.some(([pattern]) => pattern === cron) && <option value={cron}>as written</option>}
            {PATTERNS.map(([pattern, words]) => (
              <option key={pattern} value={pattern}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </div>
      <label class="field">
        <span>Time zone</span>
        <input list="zones" value={zone} maxLength={64} onInput={(event) => setZone(event.currentTarget.value)} />
        <datalist id="zones">
          {ZONES.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </label>
    </>
  );
}

function TextField(props: {
  label: string;
  value: string;
  onText: (text: string) => void;
  type?: "text" | "number" | "datetime-local";
  placeholder?: string;
  mono?: boolean;
}) {
  const { label, value, onText, type = "text", placeholder, mono = false } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        class={mono ? "mono" : ""}
        // Preact's types tell each kind of field apart; these are alike in what is used here.
        type={type as "text"}
        {...{ value, placeholder }}
        maxLength={256}
        spellcheck={false}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </label>
  );
}

function Preview({ feed, timing }: { feed: AlarmFeed; timing: Record<string, string | number> }) {
  const typed = JSON.stringify([feed, timing]);
  const asked = useSettled(typed);
  const preview = usePolled(
    (signal) => {
      const [kind, given] = JSON.parse(asked) as [AlarmFeed, Record<string, string | number>];
      return previewOf(kind, given, signal);
    },
    { key: asked },
  );
  const next = preview.value?.next;
  return (
    <section class="preview" aria-live="polite">
      <h3>The next runs would be</h3>
      {preview.fault !== null && <p class="wrong">{preview.fault.text}</p>}
      {next === undefined && preview.fault === null && <p class="muted">Asking the platform …</p>}
      {next !== undefined && <RunList next={next} />}
      <p class="muted small">In the time of this computer, {OWN_ZONE}.</p>
    </section>
  );
}

/** The text once nothing was typed for a while. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
