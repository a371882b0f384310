// One package, or a binding to one: what is in it, its parameters, a binding of one's own, and its end.

import { useState } from "preact/hooks";
import { ask, ownPath, readJson } from "./api.ts";
import { Confirmed } from "./confirm.tsx";
import { useDoing } from "./doing.ts";
import { type KeyValue, noteOf, ownNamespace } from "./entities.ts";
import { FunctionLink } from "./function-link.tsx";
import { JsonField, readObject } from "./json-field.tsx";
import { Badge, Empty, Facts, FaultPanel, Head, Pending, parameterFacts } from "./panels.tsx";
import { usePolled } from "./poll.ts";
import { go, hrefOf } from "./router.ts";
import { TableOf } from "./table.tsx";

interface Content {
  name: string;
  version: string;
  annotations?: KeyValue[];
}

interface PackageShown {
  name: string;
  version: string;
  publish: boolean;
  annotations?: KeyValue[];
  parameters?: KeyValue[];
  binding?: { namespace?: string; name?: string };
  actions?: Content[];
  feeds?: Content[];
}

const PAGE = 100;

/** `namespace`: "_" for one's own. */
export function OnePackage({ namespace, name }: { namespace: string; name: string }) {
  const own = namespace === "_" || namespace === ownNamespace();
  const path = own
    ? ownPath("packages", name)
    : `/api/v1/namespaces/${[namespace, "packages", name].map(encodeURIComponent).join("/")}`;
  const read = usePolled((signal) => ask<PackageShown>(path, { signal }), { key: `package ${path}` });
  const { value: shown } = read;
  const bound = shown?.binding?.name !== undefined;
  return (
    <>
      <Head title={own ? name : `/${namespace}/${name}`}>
        <a class="button" href={hrefOf("packages", [], own ? {} : { of: namespace })}>
          All packages
        </a>
        {own && shown !== undefined && (
          <Confirmed
            label="Delete"
            about={`Delete the ${bound ? "binding" : "package"} ${name}`}
            text={
              bound
                ? "What is behind it stays; nothing goes by this name any more."
                : "It must be empty: delete its functions before. This cannot be taken back."
            }
            work={() => ask(path, { method: "DELETE" })}
            done={() => go(hrefOf("packages"))}
          />
        )}
      </Head>
      <Pending read={read} what="the package" />
      {shown !== undefined && (
        <>
          <Contents shown={shown} path={`${own ? ownNamespace() : namespace}/${name}`} />
          <div class="columns">
            <Nature shown={shown} />
            {!bound && (!own || shown.publish) && <Bind namespace={own ? ownNamespace() : namespace} name={name} />}
          </div>
        </>
      )}
    </>
  );
}

function Contents({ shown, path }: { shown: PackageShown; path: string }) {
  const [most, setMost] = useState(PAGE);
  const feeds = shown.feeds ?? [];
  const all = [
    ...(shown.actions ?? []).map((each) => ({ each, feed: false })),
    ...feeds.map((each) => ({ each, feed: true })),
  ];
  if (all.length === 0) {
    return (
      <Empty title="It is empty">
        <p>
          Put a function into it by its name: <code>{`${shown.name}/greet`}</code>.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <TableOf
        label="What is in it"
        rows={all.slice(0, most)}
        keyOf={({ each, feed }) => `${feed} ${each.name}`}
        columns={[
          {
            text: "Name",
            cell: ({ each, feed }) => (
              <>
                <FunctionLink point={{ path, name: each.name }} /> {feed && <Badge>feed</Badge>}
              </>
            ),
          },
          { text: "What it does", cell: ({ each }) => textOf(noteOf(each.annotations, "description")) },
          { text: "Version", look: "wide", cell: ({ each }) => each.version },
        ]}
      />
      {most < all.length && (
        <button type="button" onClick={() => setMost(most + PAGE)}>
          Show more of {all.length}
        </button>
      )}
    </>
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 500) : "";
}

function Nature({ shown }: { shown: PackageShown }) {
  const { binding, publish, version, parameters = [], annotations } = shown;
  const kind =
    binding?.name !== undefined && binding.namespace !== undefined ? (
      <a href={hrefOf("packages", [binding.namespace, binding.name])}>
        a binding to /{binding.namespace}/{binding.name}
      </a>
    ) : (
      `a package, ${publish ? "shared with everybody" : "for this namespace alone"}`
    );
  return (
    <section class="panel">
      <h2>What it is</h2>
      <p>{textOf(noteOf(annotations, "description"))}</p>
      <Facts of={[["Kind", kind], ["Version", version], ...parameterFacts(parameters)]} />
    </section>
  );
}

function Bind({ namespace, name }: { namespace: string; name: string }) {
  const [as, setAs] = useState(`my-${name}`);
  const [text, setText] = useState("");
  const doing = useDoing();
  const make = async (event: Event) => {
    event.preventDefault();
    const read = readObject(text);
    if (!read.ok) return doing.refuse(read.text, read.help);
    const given = readJson(read.text) as Record<string, unknown>;
    const parameters = Object.entries(given).map(([key, value]) => ({ key, value }));
    const body = { binding: { namespace, name }, parameters };
    const answer = await doing.run(() => ask(ownPath("packages", as.trim()), { method: "PUT", body }));
    if (answer?.ok === true) go(hrefOf("packages", [as.trim()]));
  };
  return (
    <form class="panel" onSubmit={make} aria-label="Binding">
      <h2>Use it under a name of your own</h2>
      <label class="field">
        <span>Name of the binding</span>
        <input value={as} maxLength={256} onInput={(event) => setAs(event.currentTarget.value)} />
      </label>
      <JsonField label="With these parameters" value={text} onText={setText} />
      <button type="submit" class="main" disabled={doing.busy || as.trim() === ""}>
        Make binding
      </button>
      <FaultPanel fault={doing.fault} />
    </form>
  );
}
