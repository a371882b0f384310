// `edgewhisk reseal`: after MASTER_SECRET was changed, seals all stored keys with the new one and says when the old one
// may go.

import { createAdminClient } from "../../client/admin-client.ts";
import { defineCommand } from "../shared/command.ts";
import { DONE, failed, refused } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS, administration } from "../shared/platform.ts";

export const reseal = defineCommand({
  name: "reseal",
  group: "Administer a deployment",
  summary: "after MASTER_SECRET was changed: seal all keys with the new one",
  options: ADMIN_OPTIONS,
  notes: `Seals all stored keys of the platform with its current MASTER_SECRET, and says when MASTER_SECRET_PREVIOUS may be
removed. May be run at any time and again. It fails where a key is lost: where no secret opens it.

To change the secret: set MASTER_SECRET_PREVIOUS to the present one, then MASTER_SECRET to a new one, run this, and
remove MASTER_SECRET_PREVIOUS when it says so. No key changes.

${ADMIN_NOTES}`,
  async run(call) {
    const door = await administration(call);
    if (!door.ok) return door;
    const admin = createAdminClient(door.url, door.token);
    let resealed = 0;
    let lost = 0;
    for (let after: string | null = ""; after !== null; ) {
      const reply = await admin.reseal(after);
      if (!reply.ok) {
        const soFar = resealed === 0 ? "" : `; keys sealed so far: ${resealed}. Run it again to go on`;
        return refused(reply, `${reply.reason}${soFar}`);
      }
      resealed += reply.value.resealed;
      for (const { subject, namespace } of reply.value.lost) {
        lost++;
        const sentence = `no secret opens the key of ${subject} to ${namespace}: it needs a new one (rotate)`;
        call.print({ lost: { subject, namespace } }, sentence);
      }
      after = reply.value.next;
      const { mayGo } = reply.value;
      if (mayGo === undefined) continue;
      call.print(
        { resealed, lost, previousMayBeRemovedAfter: mayGo },
        `${resealed} keys were sealed anew; all that open are sealed with the current MASTER_SECRET now.\n` +
          `MASTER_SECRET_PREVIOUS may be removed after ${mayGo}: until then calls under way may carry what it sealed.`,
      );
    }
    return lost === 0 ? DONE : failed(null);
  },
});
