// `edgewhisk activation locate`: which object, table and segment hold the record of an activation, and where its result
// and logs are.

import { LocationAnswer } from "../../../src/entities/record-administration.ts";
import { createApiClient } from "../../client/api-client.ts";
import { text } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { DONE, failed, misused, refused } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS, administration } from "../shared/platform.ts";

const ID_WANTED = "expected one activation id: 32 hex digits, as in the answer of a call or in a list of activations";

type Copy = LocationAnswer["copies"][number];
type Part = NonNullable<LocationAnswer["result"]>;

/** What the object says of it, in words. */
const STATES: Readonly<Record<string, string>> = {
  waiting: "it waits there for a host",
  running: "it runs",
  fired: "its rules are being served",
  here: "its record is still in the object",
  handed: "its record has been handed over",
  unstored: "storing is switched off for it",
  shelved: "its record has been handed over",
  none: "the object remembers nothing of it any more",
};

export const activationLocate = defineCommand({
  name: "activation locate",
  group: "Look at what happens",
  summary: "where the record of an activation and its logs are kept",
  positionals: [{ name: "activation", summary: "its id: 32 hex digits", complaint: ID_WANTED }],
  options: {
    namespace: text("NAME", "look only into this one; else all databases, and the objects of all namespaces"),
    ...ADMIN_OPTIONS,
  },
  notes: `Each place that should have a copy is looked at. Fails where a copy that should be there is missing or damaged.

${ADMIN_NOTES}`,
  async run(call) {
    const [id = ""] = call.positionals;
    if (!/^[0-9a-f]{32}$/.test(id)) return misused(ID_WANTED);
    const door = await administration(call);
    if (!door.ok) return door;
    const { namespace } = call.options;
    const asked = namespace === undefined ? "" : `?namespace=${encodeURIComponent(namespace)}`;
    const client = createApiClient(door.url, { kind: "admin", token: door.token });
    const reply = await client.ask("GET", `/admin/v1/activations/${id}/location${asked}`, { schema: LocationAnswer });
    if (!reply.ok) return refused(reply);
    call.print(reply.value, textOf(reply.value));
    const bad = reply.value.copies.filter(({ state }) => state === "missing" || state === "damaged");
    return bad.length === 0 ? DONE : failed(`${bad.length} of its copies cannot be used`);
  },
});

function textOf({ id, mode, namespace, object, copies, kept, ...parts }: LocationAnswer): string {
  const since = object.since === undefined ? "" : `, since ${timeOf(object.since)}`;
  const lines: [string, string][] = [
    ["activation", id],
    ["namespace", `${namespace.name ?? "unknown"} (${namespace.id})`],
    ["made", timeOf(Number.parseInt(id.slice(0, 12), 16))],
    ["store", `${mode}, object ${object.name}: ${STATES[object.state] ?? object.state}${since}`],
    ...(kept === undefined ? [] : [["kept", keptText(kept)] as [string, string]]),
    ...copies.map((copy): [string, string] => ["copy", copyText(copy)]),
    ...(["result", "logs"] as const).flatMap((name): [string, string][] => {
      const part = parts[name];
      return part === undefined ? [] : [[name, partText(part)]];
    }),
  ];
  return lines.map(([name, text]) => `${name.padEnd(12)}${text}`).join("\n");
}

function keptText({ until, sooner }: NonNullable<LocationAnswer["kept"]>): string {
  const text = until === null ? "for good" : `until ${timeOf(until)}`;
  return sooner ? `${text}, as long as not too many newer ones come` : text;
}

function copyText(copy: Copy): string {
  const state = copy.state === "waiting" ? "not there yet: the object keeps the record until it is" : copy.state;
  const why = copy.why === undefined ? "" : ` (${copy.why})`;
  return `${placeText(copy)}: ${state}${why}`;
}

function placeText(copy: Copy): string {
  if (copy.in === "object") return `in the object ${copy.object}`;
  if (copy.in === "d1") {
    const size = copy.bytes === undefined ? "" : `, ${copy.bytes} bytes`;
    return `in D1, ${copy.binding}, table ${copy.table}${size}`;
  }
  if (copy.segment === undefined) return "in R2";
  const part = copy.offset === undefined ? "" : `, ${copy.length} bytes at ${copy.offset}`;
  return `in R2, segment ${copy.segment}${part}`;
}

function partText({ in: place, key, bytes, state }: Part): string {
  return place === "record" ? "in the record" : `in R2, ${key}, ${bytes} bytes: ${state}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
