// The security levels of hosts: runtime-host/engine/SECURITY.md says what each promises.

/** From the least on. */
export const SECURITY_LEVELS = ["none", "containers", "confined", "strict"] as const;
export type SecurityLevel = (typeof SECURITY_LEVELS)[number];
