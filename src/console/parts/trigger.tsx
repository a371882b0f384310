// One trigger: the rules that follow it, a fire by hand, where its events come from, and its end.

import { useState } from "preact/hooks";
import type { EntityPoint } from "../../entities/names.ts";
import { type Asked, ask, askText, ownPath } from "./api.ts";
import { Confirmed } from "./confirm.tsx";
import { useDoing } from "./doing.ts";
import { feedOf, isAlarm, type KeyValue, pathOf, pointOf } from "./entities.ts";
import { Fire } from "./fire.tsx";
import { FunctionField } from "./function-field.tsx";
import { FunctionLink } from "./function-link.tsx";
import { Badge, Facts, FaultPanel, Head, Pending, parameterFacts } from "./panels.tsx";
import { LIVE_MS, usePolled } from "./poll.ts";
import { go, hrefOf } from "./router.ts";
import { endTrigger } from "./schedule-calls.ts";
import { Table } from "./table.tsx";

interface TriggerShown {
  name: string;
  version: string;
  annotations?: KeyValue[];
  parameters?: KeyValue[];
  /** By "ns/name". */
  rules?: Record<string, { action: EntityPoint; status: "active" | "inactive" }>;
}

/** Rows shown at first. */
const MAX_ROWS = 100;

export function OneTrigger({ name }: { name: string }) {
  const read = usePolled((signal) => ask<TriggerShown>(ownPath("triggers", name), { signal }), {
    ...{ key: `trigger ${name}`, every: LIVE_MS },
  });
  const { value: trigger } = read;
  const feed = trigger === undefined ? null : feedOf(trigger);
  return (
    <>
      <Head title={name}>
        <a class="button" href={hrefOf("triggers")}>
          All triggers
        </a>
        {trigger !== undefined && (
          <Confirmed
            label="Delete"
            about={`Delete the trigger ${name}`}
            text="Nothing starts any more when it fires. Its rules stay, but are off. This cannot be taken back."
            work={() => endTrigger({ name, feed })}
            done={() => go(hrefOf("triggers"))}
          />
        )}
      </Head>
      <Pending read={read} what="the trigger" />
      {trigger !== undefined && (
        <>
          <Rules trigger={trigger} changed={read.reload} />
          <div class="columns">
            <Fire name={name} />
            <Nature trigger={trigger} feed={feed} />
          </div>
        </>
      )}
    </>
  );
}

function Nature({ trigger, feed }: { trigger: TriggerShown; feed: string | null }) {
  const schedule = <a href={hrefOf("schedules", [trigger.name])}>the clock: its schedule</a>;
  const source = feed === null ? "whoever fires it" : isAlarm(feed) ? schedule : feed;
  return (
    <section class="panel">
      <h2>What it is</h2>
      <Facts
        of={[["Events come from", source], ["Version", trigger.version], ...parameterFacts(trigger.parameters ?? [])]}
      />
    </section>
  );
}

function Rules({ trigger, changed }: { trigger: TriggerShown; changed: () => void }) {
  const rules = Object.entries(trigger.rules ?? {});
  const [all, setAll] = useState(false);
  const shown = all ? rules : rules.slice(0, MAX_ROWS);
  return (
    <section aria-label="Rules">
      <div class="head">
        <h2>What it starts</h2>
      </div>
      {rules.length === 0 && (
        <p class="panel empty">Nothing: it has no rule yet. A rule says which function starts when it fires.</p>
      )}
      {rules.length > 0 && (
        <Table
          label="Rules of this trigger"
          columns={["Rule", "Function", "State", { text: "What can be done", look: "away away" }]}
        >
          {shown.map(([path, { action, status }]) => (
            <RuleRow key={path} name={path.slice(path.indexOf("/") + 1)} {...{ action, status, changed }} />
          ))}
        </Table>
      )}
      {shown.length < rules.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {rules.length}
        </button>
      )}
      <NewRule trigger={trigger.name} changed={changed} />
    </section>
  );
}

function RuleRow(props: { name: string; action: EntityPoint; status: string; changed: () => void }) {
  const { name, action, status, changed } = props;
  const doing = useDoing();
  const on = status === "active";
  const toggle = async () => {
    await doing.run(() =>
      askText(ownPath("rules", name), { method: "POST", body: { status: on ? "inactive" : "active" } }),
    );
    changed();
  };
  return (
    <tr>
      <td>
        {name}
        <FaultPanel fault={doing.fault} />
      </td>
      <td>
        <FunctionLink point={action} />
      </td>
      <td>
        <Badge tone={on ? "good" : "plain"}>{on ? "on" : "off"}</Badge>
      </td>
      <td class="tight">
        <div class="actions">
          <button type="button" disabled={doing.busy} onClick={toggle}>
            Switch {on ? "off" : "on"} <span class="away">the rule {name}</span>
          </button>
          <Confirmed
            label="Delete"
            about={`Delete the rule ${name}`}
            text="The function does not start any more when the trigger fires."
            work={() => ask(ownPath("rules", name), { method: "DELETE" })}
            done={changed}
          />
        </div>
      </td>
    </tr>
  );
}

function NewRule({ trigger, changed }: { trigger: string; changed: () => void }) {
  const [target, setTarget] = useState("");
  const [name, setName] = useState("");
  const doing = useDoing();
  const make = async (event: Event) => {
    event.preventDefault();
    const point = pointOf(target.trim());
    const ruleName = name.trim() || `${trigger}-${point.name}`;
    const answer = await doing.run(() => putRule({ ruleName, trigger, target: target.trim() }));
    if (answer?.ok !== true) return;
    setTarget("");
    setName("");
    changed();
  };
  return (
    <>
      <form class="row panel" onSubmit={make}>
        <FunctionField label="Start this function as well" value={target} onText={setTarget} />
        <label class="field">
          <span>Name of the rule</span>
          <input
            value={name}
            maxLength={256}
            placeholder="made from both names"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={doing.busy || target.trim() === ""}>
          Add rule
        </button>
      </form>
      <FaultPanel fault={doing.fault} />
    </>
  );
}

function putRule(of: { ruleName: string; trigger: string; target: string }): Promise<Asked<unknown>> {
  return ask(ownPath("rules", of.ruleName), {
    method: "PUT",
    body: { trigger: `/_/${of.trigger}`, action: pathOf(pointOf(of.target)) },
  });
}
