// `edgewhisk doctor`: what is wrong on this machine or with a platform, and the way out. It changes nothing.

import { constants, type Stats, statSync } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { StatusAnswer } from "../../../src/entities/administration.ts";
import { createApiClient } from "../../client/api-client.ts";
import { ownerOf } from "../../machine/state-lock.ts";
import { buildOf } from "../../program/build.ts";
import { runningFrom } from "../../standalone/running.ts";
import { type Call, defineCommand } from "../shared/command.ts";
import { findingsOf, findingsText, type SeenFacts } from "../shared/diagnosis.ts";
import { DONE, failed } from "../shared/exit-codes.ts";
import { ADMIN_NOTES, ADMIN_OPTIONS, knownAdministration, stateFolderOf } from "../shared/platform.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DEFAULT_PORT = 3233;
const MAX_PORT = 65_535;
/** What has another form is nobody's. */
const HOST_TOKEN = /^ewh\.[\w.-]+$/;
const WITHIN_MS = 10_000;
const MB = 1024 ** 2;
const Version = z.looseObject({ buildno: z.string().optional() });

export const doctor = defineCommand({
  name: "doctor",
  group: "Look at what happens",
  summary: "what is wrong on this machine or with a platform, and the way out",
  options: ADMIN_OPTIONS,
  notes: `Looks at this machine's engine, images, disk, state folder and port, and at the platform: whether it answers, its clock, its
version, its hosts, and whether it knows the token of a host (EDGEWHISK_TOKEN). Nothing is changed. Fails where something is wrong.

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
  const folder = stateFolderOf(call);
  const running = runningFrom(folder);
  const [engine, disk, build, port, rest] = await Promise.all([
    surveyDocker({ prefix: "edgewhisk/action-", tag: "" }),
    diskOf(folder),
    buildOf(ROOT),
    running === null && known === null ? portOf(call.io.env.EDGEWHISK_PORT) : {},
    known === null ? {} : platformFacts(known, call.io.env.EDGEWHISK_TOKEN ?? ""),
  ]);
  const state = stateOf(folder, running !== null);
  return { node: process.version, engine, disk, ...state, ...port, build, ...rest };
}

function stateOf(folder: string, isServed: boolean): Pick<SeenFacts, "state"> {
  let info: Stats;
  try {
    info = statSync(folder);
  } catch {
    // None was made yet, or nothing can be said of it; the disk below it is looked at all the same.
    return {};
  }
  const isExposed = (info.mode & 0o077) !== 0 || info.uid !== process.getuid?.();
  if (!info.isDirectory()) return { state: { folder, isFile: true } };
  return { state: { folder, isExposed, ownerPid: ownerOf(folder)?.pid ?? null, isServed } };
}

/** Who listens where a start without options would. */
async function portOf(given: string | undefined): Promise<Pick<SeenFacts, "port">> {
  const port = Number(given || DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) return { port: { given: given ?? "" } };
  // Any that is free.
  if (port === 0) return {};
  const { ping } = await pinged(`http://127.0.0.1:${port}`);
  if (typeof ping === "string")
    return { port: { port, has: ping.trim() === "pong" ? "a platform" : "another program" } };
  return { port: { port, has: (await isTaken(port)) ? "another program" : "nobody" } };
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.setTimeout(WITHIN_MS, () => socket.destroy());
    socket.once("connect", () => resolve(true)).once("close", () => resolve(false));
    socket.once("connect", () => socket.destroy()).once("error", () => undefined);
  });
}

/** Of the folder, or of the nearest one above it that is there. */
async function diskOf(folder: string): Promise<NonNullable<SeenFacts["disk"]>> {
  for (let path = folder; ; ) {
    try {
      const { bavail, bsize, files, ffree } = await statfs(path);
      const isReadOnly = await access(path, constants.W_OK).then(
        () => false,
        () => true,
      );
      return { folder: path, freeMb: (bavail * bsize) / MB, freeFiles: files === 0 ? null : ffree, isReadOnly };
    } catch (error) {
      const above = path.replace(/\/[^/]*$/, "") || "/";
      if (above === path) return { folder, reason: error instanceof Error ? error.message : String(error) };
      path = above;
    }
  }
}

async function platformFacts(
  { url, token }: { url: string; token: string | null },
  hostToken: string,
): Promise<Pick<SeenFacts, "platform" | "status" | "token">> {
  const asked = Date.now();
  const { ping, date } = await pinged(url);
  if (typeof ping !== "string" || ping.trim() !== "pong") return { platform: { url, ping } };
  const admin = createApiClient(url, { kind: "admin", token: token ?? "none" });
  const version = await admin.ask("GET", "/api/v1", { schema: Version });
  const buildno = version.ok ? version.value.buildno : undefined;
  const host = hostToken === "" ? {} : await tokenOf(url, hostToken);
  // A header's date is of a second.
  const byDate = date === null ? {} : { ahead: aheadOf(date, { from: asked - 1_000, to: Date.now() }) };
  const platform = { url, ping, ...byDate, ...(buildno === undefined ? {} : { build: buildno }) };
  if (token === null) {
    const reason = "without the admin token hosts are not looked at";
    return { platform, ...host, status: { reason, isRefused: false } };
  }
  const from = Date.now();
  const status = await admin.ask("GET", "/admin/v1/status", { schema: StatusAnswer });
  if (!status.ok) return { platform, ...host, status: { reason: status.reason, isRefused: status.status === 401 } };
  const { at, hosts, waiting } = status.value;
  const ahead = aheadOf(at, { from, to: Date.now() });
  const oldest = waiting.toSorted((one, other) => other.oldestWaitMs - one.oldestWaitMs)[0];
  return {
    ...host,
    platform: { ...platform, ahead },
    status: {
      hosts,
      oldestWaitMs: oldest?.oldestWaitMs ?? 0,
      ...(oldest?.reason === undefined ? {} : { waitReason: oldest.reason }),
    },
  };
}

/** Its clock was read while we waited: somewhere in between. */
function aheadOf(at: number, { from, to }: { from: number; to: number }): number {
  return at > to ? at - to : at < from ? at - from : 0;
}

/** Asked for code that nobody has: who is not let in does not hear that. Nothing where it does not answer any more. */
async function tokenOf(url: string, token: string): Promise<Pick<SeenFacts, "token">> {
  if (!HOST_TOKEN.test(token)) return { token: "refused" };
  const headers = { Authorization: `Bearer ${token}` };
  const signal = AbortSignal.timeout(WITHIN_MS);
  const asked = fetch(new URL("/host/v1/code/none", url), { headers, redirect: "error", signal });
  const answer = await asked.catch(() => null);
  if (answer === null) return {};
  await answer.body?.cancel();
  return { token: answer.status === 401 || answer.status === 403 ? "refused" : "known" };
}

/** `date`: epoch ms by the answer's header, of a second; null where it has none. */
async function pinged(url: string): Promise<{ ping: string | { reason: string }; date: number | null }> {
  try {
    const answer = await fetch(new URL("/ping", url), { redirect: "error", signal: AbortSignal.timeout(WITHIN_MS) });
    const text = (await answer.text()).slice(0, 300);
    const date = Date.parse(answer.headers.get("Date") ?? "");
    const ping = answer.ok ? text : { reason: `it answered ${answer.status}: ${text}` };
    return { ping, date: Number.isNaN(date) ? null : date };
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined };
    const reason = `it does not answer (${cause instanceof Error ? cause.message : message})`;
    return { ping: { reason }, date: null };
  }
}
