// The blob API: what of the blob store a host may read and write. It reads what a scheduler signed for it; it writes,
// once, what ended under a lease that was granted to it.

import { chunksOf } from "../../entities/chunks.ts";
import { jsonFault } from "../../entities/json-check.ts";
import { MAX_BODY } from "../../entities/limits.ts";
import { LinesCheck } from "../../entities/lines-check.ts";
import { fail, ok, type Result } from "../../errors.ts";
import type { Proofs } from "../../protocol/proofs.ts";
import type { InvokerSchedulerRpc, RosterEntry, SchedulerName } from "../../protocol/rpc.ts";
import type { BlobOwner, BlobStore } from "../../storage/blob-store.ts";

/** Where a host says under which lease it writes: `<epoch>.<counter>`, and the digest of the activation's meta. */
export const LEASE_HEADER = "Edgewhisk-Lease";
export const META_HEADER = "Edgewhisk-About";
/** Whose activation it is: the id of its namespace. A host that names another's loses what it
 * stored for its own run. */
export const OWNER_HEADER = "Edgewhisk-Namespace";
const OWNER = /^[\x21-\x7e]{1,200}$/;
/** Bytes of a result; it is looked at as a whole. */
const MAX_RESULT_BLOB = 16 * 1024 * 1024;
const LEASE = /^(\d{1,16})\.(\d{1,16})$/;
const WRITTEN = /^(results|logs)\/([0-9a-f]{32})\/([1-9]\d{0,8})$/;
const READ = { code: /^code\//, blobs: /^args\// };
/** An object of a version that signed no keys: it is not replaced in the same moment as the Worker. */
const OLD_OBJECT = /does not implement/;

export interface BlobPorts {
  host: string;
  now: number;
  proofs: Proofs;
  blobs: Pick<BlobStore, "get" | "putOnce">;
  schedulers(): Promise<RosterEntry[]> | RosterEntry[];
  scheduler(name: SchedulerName): Pick<InvokerSchedulerRpc, "grants">;
}

/** What lies under a key that was signed for this host. */
export async function readBlob(
  ports: BlobPorts,
  area: keyof typeof READ,
  signed: string,
): Promise<Result<{ body: ReadableStream<Uint8Array>; size: number }>> {
  const opened = ports.proofs.openBlob(signed, ports);
  const key = opened ?? (READ[area].test(signed) && (await hasOldObject(ports)) ? signed : null);
  if (key === null || !READ[area].test(key)) return fail("not-authorized", signed.slice(0, 100));
  const blob = await ports.blobs.get(key);
  return blob === null ? fail("not-found") : ok(blob);
}

/** What a host writes. */
export interface WrittenBlob {
  body: ReadableStream<Uint8Array>;
  /** Bytes, where the request names them. */
  length: number | null;
  /** The headers by these names. */
  lease: string | null;
  about: string | null;
  /** Absent from hosts of an earlier version. */
  owner: string | null;
}

/** Its size. What is there already stays. */
export async function writeBlob(ports: BlobPorts, key: string, written: WrittenBlob): Promise<Result<number>> {
  const [, part, id, digits] = WRITTEN.exec(key) ?? [];
  if (part === undefined || id === undefined) return fail("not-found");
  const granted = await isGranted(ports, { id, attempt: Number(digits) }, written);
  if (!granted.ok) return granted;
  const { body, length } = written;
  const owner = ownerOf(written);
  const most = part === "results" ? MAX_RESULT_BLOB : MAX_BODY;
  if (length === null || length > most)
    return fail("too-large", `The body must say its length, at most ${most} bytes.`);
  const stored = { body, length, owner };
  return part === "results" ? writeResult(ports, key, stored) : writeLogs(ports, key, stored);
}

interface Stored {
  body: ReadableStream<Uint8Array>;
  length: number;
  owner: BlobOwner | undefined;
}

function ownerOf({ owner }: Pick<WrittenBlob, "owner">): BlobOwner | undefined {
  return owner !== null && OWNER.test(owner) ? { namespaceId: owner } : undefined;
}

async function isGranted(
  ports: BlobPorts,
  run: { id: string; attempt: number },
  { lease, about }: Pick<WrittenBlob, "lease" | "about">,
): Promise<Result<true>> {
  const [, epoch, counter] = LEASE.exec(lease ?? "") ?? [];
  if (epoch === undefined || about === null) {
    return (await anyGrants(ports, run)) ? ok(true) : fail("lease-missing");
  }
  const grant = { host: ports.host, ...run, about: decoded(about) };
  const isLease = ports.proofs.isLease(grant, { epoch: Number(epoch), counter: Number(counter) });
  return isLease ? ok(true) : fail("not-authorized", run.id);
}

/** For hosts that show no lease: whether one of their schedulers has granted it. */
async function anyGrants(ports: BlobPorts, run: { id: string; attempt: number }): Promise<boolean> {
  const mine = (await ports.schedulers()).filter((each) => each.host === ports.host && each.connected);
  const said = await Promise.all(
    mine.map((each) => ports.scheduler(each.scheduler).grants(run.id, run.attempt).catch(isOldObject)),
  );
  return said.includes(true);
}

async function hasOldObject(ports: BlobPorts): Promise<boolean> {
  return anyGrants(ports, { id: "", attempt: 0 });
}

/** What an object answers to a question that its version does not know; anything else is thrown on. */
export function isOldObject(cause: unknown): boolean {
  if (OLD_OBJECT.test(String(cause))) return true;
  throw cause;
}

async function writeResult(ports: BlobPorts, key: string, { body, length, owner }: Stored): Promise<Result<number>> {
  const text = await new Response(body).text();
  const fault = jsonFault(text);
  if (fault !== null) return fail("malformed-body", fault);
  await ports.blobs.putOnce(key, text, owner);
  return ok(length);
}

async function writeLogs(ports: BlobPorts, key: string, { body, length, owner }: Stored): Promise<Result<number>> {
  const check = new LinesCheck();
  const { readable, writable } = new FixedLengthStream(length);
  const stored = ports.blobs.putOnce(key, readable, owner);
  const writer = writable.getWriter();
  try {
    // Where something lies under the key already, nobody reads what is written.
    await Promise.race([stored, pump(chunksOf(body), { writer, check })]);
    if (check.whole) await stored;
  } catch (cause) {
    if (check.valid) throw cause;
  } finally {
    await writer.abort().catch(() => undefined);
    await stored.catch(() => undefined);
  }
  return check.valid ? ok(length) : fail("malformed-body", "Logs are the text of a JSON array of strings, in UTF-8.");
}

/** An object is there as soon as its last byte is: that one waits until all of it is known to be what it should. */
async function pump(
  chunks: AsyncIterable<Uint8Array>,
  { writer, check }: { writer: WritableStreamDefaultWriter<Uint8Array>; check: LinesCheck },
): Promise<void> {
  let held = new Uint8Array(0);
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    check.push(chunk);
    if (!check.valid) return;
    const bytes = new Uint8Array(held.length + chunk.length - 1);
    bytes.set(held);
    bytes.set(chunk.subarray(0, -1), held.length);
    held = chunk.slice(-1);
    if (bytes.length > 0) await writer.write(bytes);
  }
  check.end();
  if (!check.valid) return;
  await writer.write(held);
  await writer.close();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
