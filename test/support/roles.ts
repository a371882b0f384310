// ROLES.md as the code says it: `npm run docs:roles` writes it.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Roles {
  rolesDocument(): string;
  unlisted(): string[];
}

/** The Worker's routes, with types that Node has not: they are looked at as they run. */
export const roles = (await import(new URL("roles.worker.ts", import.meta.url).href)) as Roles;

const FILE = new URL("../../ROLES.md", import.meta.url);
if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, roles.rolesDocument());
