// `edgewhisk doctor`: what is wrong on this machine or with a platform, and the way out. It changes nothing.

import { statfs } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { StatusAnswer } from "../../../src/entities/administration.ts";
import { createApiClient } from "../../client/api-client.ts";
import { buildOf } from "../../program/build.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { findingsOf, findingsText, type SeenFacts } from "../shared/diagnosis.ts";
import { DONE, failed } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS, knownAdministration, stateFolderOf } from "../shared/platform.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const WITHIN_MS = 10_000;
const MB = 1024 ** 2;
const Version = z.looseObject({ buildno: z.string().optional() });

export const doctor = defineCommand({
  name: "doctor",
  group: "Look at what happens",
  summary: "what is wrong on this machine or with a platform, and the way out",
  options: ADMIN_OPTIONS,
  notes: `Looks at this machine's engine, images and disk, and at the platform: whether it answers, its clock, its version, its hosts.
Nothing is changed. Fails where something is wrong.

${ADMIN_NOTES}`,
  async run(call) {
    const findings = findingsOf(await factsOf(call));
    call.print(findings, findingsText(findings));
    const wrong = findings.filter(({ state }) => state === "wrong").length;
    return wrong === 0 ? DONE : failed(wrong === 1 ? "one thing is wrong" : `${wrong} things are wrong`);
  },
});

async function factsOf(call: Call<typeof ADMIN_OPTIONS>): Promise<SeenFacts> {
  const { surveyDocker } = await import("../../engine/docker/survey.ts");
  const known = knownAdministration(call);
  const [engine, disk, build, rest] = await Promise.all([
    surveyDocker({ prefix: "edgewhisk/action-", tag: "" }),
    diskOf(stateFolderOf(call)),
    buildOf(ROOT),
    known === null ? {} : platformFacts(known),
  ]);
  return { node: process.version, engine, disk, build, ...rest };
}

/** Of the folder, or of the nearest one above it that is there. */
async function diskOf(folder: string): Promise<NonNullable<SeenFacts["disk"]>> {
  for (let path = folder; ; ) {
    try {
      const { bavail, bsize } = await statfs(path);
      return { folder: path, freeMb: (bavail * bsize) / MB };
    } catch (error) {
      const above = path.replace(/\/[^/]*$/, "") || "/";
      if (above === path) return { folder, reason: error instanceof Error ? error.message : String(error) };
      path = above;
    }
  }
}

async function platformFacts({
  url,
  token,
}: {
  url: string;
  token: string | null;
}): Promise<Pick<SeenFacts, "platform" | "status">> {
  const ping = await pinged(url);
  if (typeof ping !== "string" || ping.trim() !== "pong") return { platform: { url, ping } };
  const admin = createApiClient(url, { kind: "admin", token: token ?? "none" });
  const version = await admin.ask("GET", "/api/v1", { schema: Version });
  const buildno = version.ok ? version.value.buildno : undefined;
  const platform = { url, ping, ...(buildno === undefined ? {} : { build: buildno }) };
  if (token === null) return { platform, status: { reason: "without the admin token hosts are not looked at" } };
  const asked = Date.now();
  const status = await admin.ask("GET", "/admin/v1/status", { schema: StatusAnswer });
  if (!status.ok) return { platform, status: { reason: status.reason } };
  const { at, hosts, waiting } = status.value;
  // Its clock was read while we waited: somewhere in between.
  const ahead = at > Date.now() ? at - Date.now() : at < asked ? at - asked : 0;
  const oldest = waiting.toSorted((one, other) => other.oldestWaitMs - one.oldestWaitMs)[0];
  return {
    platform: { ...platform, ahead },
    status: {
      hosts,
      oldestWaitMs: oldest?.oldestWaitMs ?? 0,
      ...(oldest?.reason === undefined ? {} : { waitReason: oldest.reason }),
    },
  };
}

async function pinged(url: string): Promise<string | { reason: string }> {
  try {
    const answer = await fetch(new URL("/ping", url), { redirect: "error", signal: AbortSignal.timeout(WITHIN_MS) });
    const text = (await answer.text()).slice(0, 300);
    return answer.ok ? text : { reason: `it answered ${answer.status}: ${text}` };
  } catch (error) {
    return { reason: error instanceof Error ? `it does not answer (${error.message})` : String(error) };
  }
}
