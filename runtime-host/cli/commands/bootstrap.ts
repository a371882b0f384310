// `edgewhisk bootstrap`: the first key and the first host token of a deployment. Both are printed once and kept
// nowhere.

import * as z from "zod";
import { HOST_NAME, HOST_NAME_RULE, MAX_SHARDS } from "../../../src/protocol/names.ts";
import { createAdminClient } from "../../client/admin-client.ts";
import { checkedText, number, text, toggle } from "../../program/options.ts";
import { defineCommand } from "../shared/command.ts";
import { DONE, failed, refused } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS, administration } from "../shared/platform.ts";

export const bootstrap = defineCommand({
  name: "bootstrap",
  group: "Administer a deployment",
  summary: "first administration of a deployment: one namespace key, one host token",
  options: {
    ...ADMIN_OPTIONS,
    subject: text("NAME", "whose key, and name of the namespace", { default: "guest" }),
    "host-name": checkedText(z.string().regex(HOST_NAME, HOST_NAME_RULE), "NAME", "name of the runtime host", {
      default: "host-1",
    }),
    shards: number("schedulers the host may be split over", { min: 1, max: MAX_SHARDS }),
    rotate: toggle("replace the token of a host that is there; a process that uses it is cut off"),
  },
  notes: `Nothing is changed where something of it is refused. ${ADMIN_NOTES}`,
  async run(call) {
    const door = await administration(call);
    if (!door.ok) return door;
    const { subject, "host-name": name, shards, rotate } = call.options;
    const admin = createAdminClient(door.url, door.token);
    const hosts = await admin.hosts();
    if (!hosts.ok) return refused(hosts);
    if (!rotate && hosts.value.includes(name)) {
      const ways = "choose another with --host-name, or replace its token with --rotate";
      return failed(`there is a host ${name} already, and nothing was changed: ${ways}`);
    }
    // First what may be refused for reasons only the platform knows; it makes all of it or nothing.
    const identity = await admin.createIdentity(subject);
    if (!identity.ok) {
      const known = identity.status === 409 ? ` (there is a key of ${subject} already: choose another --subject)` : "";
      return refused(identity, `${identity.reason}${known}; nothing was changed`);
    }
    const { namespace, key } = identity.value;
    call.print(
      { namespace, key },
      `namespace key of ${namespace}, shown this once:\n\n  wsk property set --apihost ${door.url} --auth ${key}`,
    );
    const host = await admin.createHost(name, { rotate, shards });
    if (!host.ok) return refused(host, `the key above is made, the host's token is not: ${host.reason}`);
    const { token } = host.value;
    const split = shards === undefined ? "" : ` --shards ${shards}`;
    call.print(
      { host: name, token, url: door.url },
      `\ntoken of host ${name}, shown this once; on a machine with Docker:\n\n` +
        `  EDGEWHISK_TOKEN=${token} npx edgewhisk host --url ${door.url}${split}`,
    );
    return DONE;
  },
});
