// Who makes a request, as the audit log has it, and the stores for what he changes.

import { type Author, UNKNOWN_SOURCE } from "../entities/audit.ts";
import type { Identity } from "../entities/identity.ts";
import type { Services } from "../services/services.ts";
import { clientAddress } from "./client-address.ts";
import type { AppContext } from "./context.ts";
import { told } from "./told.ts";

/** With no identity it is an administrator below /admin, else nobody we know. */
export function authorOf(c: AppContext): Author {
  const identity = c.get("identity") as Identity | undefined;
  const isAdmin = identity === undefined && c.req.path.startsWith("/admin/");
  return {
    ...(isAdmin ? administratorOf(c) : whoIs(identity)),
    source: clientAddress(c.req.raw.headers, c.get("settings").clientAddressHeader) ?? UNKNOWN_SOURCE,
    transactionId: c.get("transactionId").slice(0, 128),
    request: `${c.req.method} ${told(c.req.path)}`,
  };
}

export function actingStores(c: AppContext): ReturnType<Services["acting"]> {
  return c.get("services").acting(authorOf(c));
}

/** Who holds ADMIN_TOKEN has no name. Who is not let in is nobody known. */
function administratorOf(c: AppContext): Pick<Author, "via" | "subject" | "keyId"> {
  const administrator = c.get("administrator") as { name: string | null } | undefined;
  const name = administrator?.name ?? "";
  return { via: "admin", subject: name, keyId: administrator === undefined || name !== "" ? name : "ADMIN_TOKEN" };
}

function whoIs(identity: Identity | undefined): Pick<Author, "via" | "subject" | "keyId"> {
  if (identity === undefined) return { via: "key", subject: "", keyId: "" };
  const { subject, keyId = "", derived, role } = identity;
  const via = keyId === "" ? "namespace" : derived && role === undefined ? "credential" : "key";
  return { via, subject, keyId };
}
