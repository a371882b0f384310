// `edgewhisk config`: what a platform goes by, and where each setting comes from.

import * as z from "zod";
import { ConfigItem } from "../../../src/entities/administration.ts";
import { toggle } from "../../program/options.ts";
import { openAdmin, tableOf } from "../shared/administering.ts";
import { defineCommand } from "../shared/command.ts";
import { type CommandOutcome, DONE, refused } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS } from "../shared/platform.ts";

const Answer = z.object({ items: z.array(ConfigItem) });

export const config = defineCommand({
  name: "config",
  group: "Administer a deployment",
  summary: "each setting of the platform: its value, where that comes from, and its default; secrets are hidden",
  options: { ...ADMIN_OPTIONS, set: toggle("only what is set") },
  notes: `Those of a runtime host stand in its own --help, those of this machine's platform in edgewhisk start --help.\n${ADMIN_NOTES}`,
  async run(call): Promise<CommandOutcome> {
    const opened = await openAdmin(call);
    if (!opened.ok) return opened;
    const reply = await opened.admin.ask("GET", "/config", { schema: Answer });
    if (!reply.ok) return refused(reply);
    const items = reply.value.items.filter(({ from }) => !call.options.set || from === "set");
    const rows = items.map((each) => [each.name, each.value ?? "", each.from, each.default ?? ""]);
    const [heading = "", ...lines] = tableOf(["NAME", "VALUE", "FROM", "DEFAULT"], rows);
    call.heading(heading);
    for (const [at, item] of items.entries()) call.print(item, lines[at] ?? "");
    return DONE;
  },
});
