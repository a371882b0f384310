// What commands of the administrator share: the client that the surroundings give, and lists that come page by page.

import type { z } from "zod";
import { pageOf } from "../../../src/entities/administration.ts";
import { type ApiClient, createApiClient } from "../../client/api-client.ts";
import type { Option } from "../../program/options.ts";
import type { Call } from "./command.ts";
import { type CommandFailure, type CommandOutcome, DONE, refused } from "./exit-codes.ts";
import { administration } from "./platform.ts";

const PAGE = 500;
const ROOT = "/admin/v1";

/** Options and words of a command of the administrator. */
export type AdminCall = Call<{ url: Option<string | undefined>; state: Option<string | undefined> }>;

export interface Administrator {
  readonly url: string;
  readonly ask: ApiClient["ask"];
}

/** What stands before the paths of a request, and who asks. */
export type Door<C> = (call: C) => Promise<{ ok: true; admin: Administrator } | CommandFailure>;

/** Paths are those below /admin/v1. */
export async function openAdmin(call: AdminCall): Promise<{ ok: true; admin: Administrator } | CommandFailure> {
  const door = await administration(call);
  if (!door.ok) return door;
  const client = createApiClient(door.url, { kind: "admin", token: door.token });
  return {
    ok: true,
    admin: { url: door.url, ask: (method, path, options) => client.ask(method, `${ROOT}${path}`, options) },
  };
}

export interface Shown<T> {
  /** What stands above each column. */
  headings: readonly string[];
  row(item: T): readonly string[];
}

/** One request, and its answer printed. */
export async function askAndPrint<T, C extends AdminCall>(
  call: C,
  [method, path]: [method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE", path: string],
  {
    body,
    schema,
    text,
    door = openAdmin,
  }: { body?: unknown; schema: z.ZodType<T>; text(value: T): string; door?: Door<C> },
): Promise<CommandOutcome> {
  const opened = await door(call);
  if (!opened.ok) return opened;
  const reply = await opened.admin.ask(method, path, { ...(body === undefined ? {} : { body }), schema });
  if (!reply.ok) return refused(reply);
  call.print(reply.value, text(reply.value));
  return DONE;
}

/** All pages of a list, one item a line. */
export async function printAll<T extends z.ZodType, C extends AdminCall>(
  call: C,
  path: string,
  { item, shown, door = openAdmin }: { item: T; shown: Shown<z.infer<T>>; door?: Door<C> },
): Promise<CommandOutcome> {
  const opened = await door(call);
  if (!opened.ok) return opened;
  let widths: readonly number[] | null = null;
  for (let after: string | null = ""; after !== null; ) {
    const query: string = `${path.includes("?") ? "&" : "?"}limit=${PAGE}&after=${encodeURIComponent(after)}`;
    const reply = await opened.admin.ask("GET", `${path}${query}`, { schema: pageOf(item) });
    if (!reply.ok) return refused(reply);
    const items = reply.value.items as z.infer<T>[];
    const rows = items.map((each) => shown.row(each));
    if (widths === null) {
      widths = widthsOf([shown.headings, ...rows]);
      call.heading(line(shown.headings, widths));
    }
    for (const [at, each] of items.entries()) call.print(each, line(rows[at] ?? [], widths));
    after = reply.value.next;
  }
  return DONE;
}

/** Rows below their headings, as wide as they need. */
export function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = widthsOf([headings, ...rows]);
  return [headings, ...rows].map((row) => line(row, widths));
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
    .join("  ")
    .trimEnd();
}

/** Epoch ms as people and scripts read it. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.000Z$/, "Z");
}

/** As a segment of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}
