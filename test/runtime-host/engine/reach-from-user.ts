// Opens a host's containers as whichever user runs this, has an action call the API, and prints what it got. Arguments:
// the host's name, its folder, the API.

import { openContainers } from "../../../runtime-host/pool/open.ts";
import { silent } from "../support.ts";
import { jobOf, runOn } from "./actions.ts";

const [name = "", state = "", apiUrl = ""] = process.argv.slice(2);
const source = "async function main(){return {text:await (await fetch(process.env.__OW_API_HOST+'/api/v1')).text()}}";
const containers = await openContainers({
  engine: "docker",
  name,
  state,
  apiUrl,
  memory: 512,
  images: { prefix: "edgewhisk/action-", tag: "" },
  prewarm: [],
  container: { pids: 128, cpuShares: 0, idleTimeout: 600_000, pauseGrace: 60_000, max: 5 },
  log: silent,
  changed() {},
});
try {
  const kind = containers.runtimes().findLast((each) => each.kind.startsWith("nodejs:"))?.kind ?? "";
  const ran = await runOn(containers, jobOf(kind, source));
  process.stdout.write(`${JSON.stringify({ uid: process.getuid?.(), ...JSON.parse(ran.answer.outcome.result) })}\n`);
} finally {
  await containers.stop({ fast: false });
}
