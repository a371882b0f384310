// What is wrong with a broker's certificate, for whoever wrote the subscription. Pure.

const UNKNOWN_ISSUER: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
]);

/** Null: it is something else. `hasAuthority`: its owner said who vouches for it. */
export function certificateFault(
  error: unknown,
  { hostname, hasAuthority }: { hostname: string; hasAuthority: boolean },
): string | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `the broker's certificate is not for ${hostname}`;
  if (code === "CERT_HAS_EXPIRED") return "the broker's certificate has expired";
  if (code === "CERT_NOT_YET_VALID") return "the broker's certificate is not valid yet";
  if (!UNKNOWN_ISSUER.has(code)) return null;
  return hasAuthority
    ? "the broker's certificate is vouched for by nobody whom 'ca' names"
    : "the broker's certificate is vouched for by nobody who is well known: give the certificate of its authority as 'ca'";
}
