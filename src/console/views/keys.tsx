// The keys of the namespace: who has one, what it may, and another one. For the owner.

import { useState } from "preact/hooks";
import type { KeyItem } from "../../entities/administration.ts";
import { Ago } from "../parts/ago.tsx";
import { ask, ownPath } from "../parts/api.ts";
import { Confirmed } from "../parts/confirm.tsx";
import { useDoing } from "../parts/doing.ts";
import { Badge, FaultPanel, Head, Loading } from "../parts/panels.tsx";
import { usePolled } from "../parts/poll.ts";
import { hrefOf } from "../parts/router.ts";
import { SecretShown } from "../parts/secret-shown.tsx";
import { session, signIn } from "../parts/session.ts";
import { Table } from "../parts/table.tsx";
import type { ViewProps } from "../parts/view.ts";

const PAGE = 50;
const ROLES = ["developer", "invoker", "reader", "owner"] as const;
/** How long (s) a key stays good that was replaced. */
const OVERLAPS = [
  { s: 0, title: "not at all" },
  { s: 3_600, title: "for an hour" },
  { s: 86_400, title: "for a day" },
  { s: 604_800, title: "for a week" },
  { s: 2_592_000, title: "for 30 days" },
] as const;
const MAY = {
  developer: "writes and runs everything",
  invoker: "runs functions and fires triggers",
  reader: "looks at everything",
  owner: "does all of that, and manages keys",
} as const;

export default function Keys({ query }: ViewProps) {
  const after = query.get("after") ?? "";
  const read = usePolled(
    (signal) =>
      ask<{ items: KeyItem[]; next: string | null }>(ownPath("keys"), { query: { limit: PAGE, after }, signal }),
    { key: `keys ${after}` },
  );
  const forbidden = read.fault?.status === 403;
  return (
    <>
      <Head title="Keys">
        {!forbidden && (
          <button type="button" onClick={read.reload}>
            Read again
          </button>
        )}
      </Head>
      {forbidden && (
        <p class="panel muted">
          Keys are managed by who owns the namespace: sign in with a key of the role owner and without a scope.
        </p>
      )}
      {read.fault !== null && !forbidden && <FaultPanel fault={read.fault} again={read.reload} />}
      {read.value === undefined && read.fault === null && <Loading what="the keys" />}
      {read.value !== undefined && (
        <>
          <NewKey changed={read.reload} />
          <KeyTable items={read.value.items} changed={read.reload} />
          {(after !== "" || read.value.next !== null) && (
            <nav class="pages" aria-label="Pages of keys">
              {after !== "" && (
                <a class="button" href={hrefOf("keys")}>
                  First
                </a>
              )}
              {read.value.next !== null && (
                <a class="button" href={hrefOf("keys", [], { after: read.value.next })}>
                  Next
                </a>
              )}
            </nav>
          )}
        </>
      )}
    </>
  );
}

function KeyTable({ items, changed }: { items: readonly KeyItem[]; changed: () => void }) {
  const [made, setMade] = useState<{ of: KeyItem; key: string } | null>(null);
  const rotated = (of: KeyItem, { key }: { key: string }) => {
    setMade({ of, key });
    // Who has replaced the key he is signed in with goes on with the new one.
    if (isOwn(of)) signIn({ kind: "key", key, namespace: of.namespace });
    changed();
  };
  return (
    <>
      {made !== null && (
        <SecretShown
          title={`The key that takes the place of ${made.of.name}.`}
          secret={made.key}
          close={() => setMade(null)}
        />
      )}
      <Table
        label="Keys"
        columns={[
          "Key",
          "Role",
          { text: "Names it may use", look: "wide" },
          "State",
          { text: "Made", look: "wide" },
          { text: "What can be done", look: "away away" },
        ]}
      >
        {items.map((each) => (
          <KeyRow key={each.id} {...{ each, changed }} rotated={(answer) => rotated(each, answer)} />
        ))}
      </Table>
    </>
  );
}

function KeyRow(props: { each: KeyItem; changed: () => void; rotated: (answer: { key: string }) => void }) {
  const { each, changed, rotated } = props;
  const own = isOwn(each);
  return (
    <tr>
      <td>
        {each.name} {own && <Badge>yours, here</Badge>}
        <p class="muted small">{each.subject}</p>
      </td>
      <td>{each.role}</td>
      <td class="wide">{each.scope === null ? <span class="muted">all</span> : each.scope.join(", ")}</td>
      <td>
        <Badge tone={each.good ? "good" : "bad"}>{each.good ? "in force" : each.blocked ? "blocked" : "ended"}</Badge>
        {each.replacedBy !== null && <p class="muted small">replaced</p>}
        {each.ends !== null && (
          <p class="muted small">
            {each.good ? "ends " : "ended "}
            <Ago at={each.ends} />
          </p>
        )}
      </td>
      <td class="wide">{each.created === 0 ? <span class="muted">–</span> : <Ago at={each.created} />}</td>
      <td>
        <div class="actions">
          {each.good && each.replacedBy === null && <Rotate {...{ each, rotated }} />}
          <Confirmed
            label="Revoke"
            about={`Revoke the key ${each.name} of ${each.subject}`}
            text={`${own ? "You are signed in with this key: it ends your session here. " : ""}Whoever holds it gets in no more, from the next request on. This cannot be taken back.`}
            work={() => ask(ownPath("keys", each.id), { method: "DELETE" })}
            done={changed}
          />
        </div>
      </td>
    </tr>
  );
}

function Rotate({ each, rotated }: { each: KeyItem; rotated: (answer: { key: string }) => void }) {
  const [overlap, setOverlap] = useState<number>(OVERLAPS[1].s);
  return (
    <Confirmed
      label="Replace"
      about={`Replace the key ${each.name} of ${each.subject}`}
      text="A new key takes its place, with the same name, role and scope, and is shown once."
      danger={false}
      work={() => ask<{ key: string }>(ownPath("keys", each.id, "rotate"), { method: "POST", body: { overlap } })}
      done={rotated}
    >
      <label class="field">
        <span>The one before stays good</span>
        <select value={overlap} onChange={(event) => setOverlap(Number(event.currentTarget.value))}>
          {OVERLAPS.map(({ s, title }) => (
            <option key={s} value={s}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </Confirmed>
  );
}

/** Whether it is the one that this tab is signed in with. */
function isOwn({ id }: KeyItem): boolean {
  const who = session.peek();
  return who?.kind === "key" && who.key.startsWith(`${id}:`);
}

function NewKey({ changed }: { changed: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<(typeof ROLES)[number]>("developer");
  const [scope, setScope] = useState("");
  const [ends, setEnds] = useState("");
  const [issued, setIssued] = useState<string | null>(null);
  const doing = useDoing();
  const issue = async (event: Event) => {
    event.preventDefault();
    setIssued(null);
    const patterns = scope.split(/[\s,]+/).filter((each) => each !== "");
    const body = {
      ...{ name: name.trim(), role },
      ...(patterns.length === 0 ? {} : { scope: patterns }),
      ...(ends === "" ? {} : { ends: new Date(ends).toISOString() }),
    };
    const answer = await doing.run(() => ask<{ key: string }>(ownPath("keys"), { method: "POST", body }));
    if (answer?.ok !== true) return;
    setIssued(answer.value.key);
    setName("");
    changed();
  };
  return (
    <>
      <form class="row panel" onSubmit={issue} aria-label="New key">
        <label class="field">
          <span>Name of a new key</span>
          <input value={name} maxLength={63} placeholder="ci" onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>Role</span>
          <select value={role} onChange={(event) => setRole(event.currentTarget.value as (typeof ROLES)[number])}>
            {ROLES.map((each) => (
              <option key={each} value={each}>
                {each}: {MAY[each]}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Only these names</span>
          <input
            value={scope}
            maxLength={2_000}
            placeholder="all, or orders/* report"
            onInput={(event) => setScope(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Ends</span>
          <input type="datetime-local" value={ends} onInput={(event) => setEnds(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main" disabled={doing.busy || name.trim() === ""}>
          Issue key
        </button>
      </form>
      <FaultPanel fault={doing.fault} />
      {issued !== null && <SecretShown title="The new key." secret={issued} close={() => setIssued(null)} />}
    </>
  );
}
