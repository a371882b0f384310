// What the cases about namespaces of their own share: calls with their keys.

import { type Answer, admin, ask, fresh, type Tenant } from "./suite.ts";

export function put(owner: Tenant, name: string, body: object, query = "?overwrite=true"): Promise<Answer> {
  return ask("PUT", `actions/${name}${query}`, { key: owner.key, body });
}

export function invoke(owner: Tenant, name: string, body: object = {}, query = "?blocking=true"): Promise<Answer> {
  return ask("POST", `actions/${name}${query}`, { key: owner.key, body });
}

/** Another key of this namespace, another subject's; what was said of its limits stays. */
export async function secondKey({ namespace }: Tenant): Promise<string> {
  return (await admin("POST", "identities", { subject: fresh("second"), namespace })).json.key;
}
