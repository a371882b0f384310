// What the blob API is given of a host's request.

import { fail, ok, type Result } from "../../errors.ts";
import type { AppContext } from "../context.ts";
import { type BlobPorts, LEASE_HEADER, META_HEADER, OWNER_HEADER, type WrittenBlob } from "./blobs.ts";

/** Fails with `malformed-body` where there is none. */
export function writtenOf({ body, headers }: Request): Result<WrittenBlob> {
  if (body === null) return fail("malformed-body", "A body is expected.");
  const named = headers.get("Content-Length");
  return ok({
    body,
    length: named === null ? null : Number(named),
    lease: headers.get(LEASE_HEADER),
    about: headers.get(META_HEADER),
    owner: headers.get(OWNER_HEADER),
  });
}

export function blobPortsOf(c: AppContext): BlobPorts {
  const services = c.get("services");
  return {
    host: c.get("host"),
    now: Date.now(),
    proofs: services.proofs,
    blobs: services.stores.blobs,
    schedulers: () => services.roster().schedulers(),
    scheduler: (name) => services.scheduler(name),
  };
}
