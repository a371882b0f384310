// One namespace as its operator sees it: its state, what it may use, what it has; and what he can do to it.

import { useState } from "preact/hooks";
import type { NamespaceItem } from "../../entities/administration.ts";
import { ask } from "./api.ts";
import { Confirmed } from "./confirm.tsx";
import { useDoing } from "./doing.ts";
import { Badge, Facts, FaultPanel, Head, Pending } from "./panels.tsx";
import { usePolled } from "./poll.ts";
import { Records } from "./records-kept.tsx";
import { hrefOf } from "./router.ts";
import { mayOperate } from "./session.ts";

/** Counts that hold for it; empty ones are the platform's. */
const COUNTS = [
  { name: "invocationsPerMinute", title: "Calls a minute" },
  { name: "firesPerMinute", title: "Fires a minute" },
  { name: "concurrentInvocations", title: "Running at once" },
  { name: "concurrentMemory", title: "Memory at once (MB)" },
] as const;
type CountName = (typeof COUNTS)[number]["name"];
const TONES = { open: "good", blocked: "bad", deleting: "warn" } as const;

export function StateOfNamespace({ of: { state, open } }: { of: NamespaceItem }) {
  return (
    <>
      <Badge tone={TONES[state] ?? "plain"}>{state}</Badge>
      {state === "open" && !open && <span class="muted small"> no key opens it</span>}
    </>
  );
}

export function OneNamespace({ name }: { name: string }) {
  const path = `/admin/v1/namespaces/${encodeURIComponent(name)}`;
  const read = usePolled((signal) => ask<NamespaceItem>(path, { signal }), { key: `namespace ${name}` });
  const { value: found } = read;
  const may = mayOperate("operate");
  const blocked = found?.state === "blocked";
  return (
    <>
      <Head title={name}>
        <a class="button" href={hrefOf("namespaces")}>
          All namespaces
        </a>
        <a class="button" href={hrefOf("audit", [], { namespace: name })}>
          What was done in it
        </a>
        {found !== undefined && may && found.state !== "deleting" && (
          <Confirmed
            label={blocked ? "Let in again" : "Shut out"}
            about={`${blocked ? "Let in again" : "Shut out"} the namespace ${name}`}
            text={
              blocked
                ? "Its keys open it again, and its schedules go on."
                : "No key opens it, and nothing of it starts any more, until it is let in again. What it has stays."
            }
            danger={!blocked}
            work={() => ask(`${path}/${blocked ? "unblock" : "block"}`, { method: "POST", body: {} })}
            done={read.reload}
          />
        )}
      </Head>
      <Pending read={read} what="the namespace" />
      {found !== undefined && (
        <>
          {!may && (
            <p class="panel muted">
              Your role looks at namespaces. Who changes limits, or shuts one out, is an operator or an admin.
            </p>
          )}
          <div class="columns">
            <section class="panel">
              <h2>What it is</h2>
              <Facts
                of={[
                  ["State", <StateOfNamespace of={found} />],
                  ["Keys", `${found.keys}, of ${found.subjects} ${found.subjects === 1 ? "subject" : "subjects"}`],
                  ["Id", <code>{found.id}</code>],
                ]}
              />
            </section>
            <LimitsOf key={JSON.stringify(found.limits)} {...{ path, may }} found={found} changed={read.reload} />
          </div>
          <Records root={path} forbidden="Your role does not see its records." mayChange={may} />
        </>
      )}
    </>
  );
}

function LimitsOf(props: { path: string; found: NamespaceItem; may: boolean; changed: () => void }) {
  const { path, found, may, changed } = props;
  const [typed, setTyped] = useState<Record<string, string>>(() =>
    Object.fromEntries(COUNTS.map(({ name }) => [name, String(found.limits[name] ?? "")])),
  );
  const doing = useDoing();
  const others = Object.entries(found.limits).filter(([name]) => COUNTS.every((each) => each.name !== name));
  const save = async (event: Event) => {
    event.preventDefault();
    const body = Object.fromEntries(COUNTS.map(({ name }) => [name, countOf(typed[name])]));
    const answer = await doing.run(() => ask(`${path}/limits`, { method: "PATCH", body }));
    if (answer?.ok === true) changed();
  };
  return (
    <form class="panel" onSubmit={save} aria-label="Limits">
      <h2>What it may use</h2>
      <div class="row spaced">
        {COUNTS.map(({ name, title }: { name: CountName; title: string }) => (
          <label class="field" key={name}>
            <span>{title}</span>
            <input
              type="number"
              min={0}
              step={1}
              placeholder="as the platform"
              readOnly={!may}
              value={typed[name]}
              onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      {others.length > 0 && (
        <p class="muted small">Besides: {others.map(([name, value]) => `${name} ${String(value)}`).join(", ")}.</p>
      )}
      {may && (
        <button type="submit" class="main" disabled={doing.busy}>
          Set limits
        </button>
      )}
      <FaultPanel fault={doing.fault} />
    </form>
  );
}

/** Null: the platform's holds. */
function countOf(text: string | undefined): number | null {
  return text === undefined || text.trim() === "" ? null : Number(text);
}
