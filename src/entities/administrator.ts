// Who administers a deployment, and what each role may. Whoever holds ADMIN_TOKEN is an admin without a name.

export const ADMIN_ROLES = ["admin", "operator", "auditor"] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];

export const ADMIN_RIGHTS = ["look", "operate", "admit"] as const;
/** "look": see all but secrets and what is tenants'. "operate": hosts, records, limits, and who is blocked. "admit":
 * who gets in, as a tenant or an administrator, with which secrets; and what is deleted. */
export type AdminRight = (typeof ADMIN_RIGHTS)[number];

export const ADMIN_RIGHT_TEXTS: Readonly<Record<AdminRight, string>> = {
  look: "look at the platform",
  operate: "operate the platform",
  admit: "decide who gets in, see secrets and tenants' records, and delete",
};

const HELD: Readonly<Record<AdminRole, readonly AdminRight[]>> = {
  admin: ["look", "operate", "admit"],
  operator: ["look", "operate"],
  auditor: ["look"],
};

export function adminRightsOf(role: AdminRole): readonly AdminRight[] {
  return HELD[role];
}

export function holdsAdminRight(role: AdminRole, right: AdminRight): boolean {
  return HELD[role].includes(right);
}

export function adminRolesWith(right: AdminRight): AdminRole[] {
  return ADMIN_ROLES.filter((role) => holdsAdminRight(role, right));
}

const TOKEN = /^ewa\.[\w-]{43}$/;
const SECRET_BYTES = 32;

export function isAdministratorToken(text: string): boolean {
  return TOKEN.test(text);
}

export function newAdministratorToken(): string {
  let bytes = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(SECRET_BYTES))) bytes += String.fromCharCode(byte);
  return `ewa.${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}
