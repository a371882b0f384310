// Which requests are acts that the audit log tells of, and where the line comes from.

/** "stored": the change writes its line itself, in its own transaction. "outside": it happens elsewhere than in the
 * database of entities, so that its line is written before it, and told afterwards how it ended. */
export interface AuditedRoute {
  act: string;
  line: "stored" | "outside";
}

const API = "/api/v1/namespaces/:ns";
const ADMIN = "/admin/v1";

const stored = (act: string): AuditedRoute => ({ act, line: "stored" });
const outside = (act: string): AuditedRoute => ({ act, line: "outside" });

/** By verb and path, as the router has them. */
export const AUDITED: ReadonlyMap<string, AuditedRoute> = new Map([
  [`PUT ${API}/actions/:name`, stored("action.write")],
  [`PUT ${API}/actions/:package/:name`, stored("action.write")],
  [`DELETE ${API}/actions/:name`, stored("action.delete")],
  [`DELETE ${API}/actions/:package/:name`, stored("action.delete")],
  [`PUT ${API}/packages/:name`, stored("package.write")],
  [`DELETE ${API}/packages/:name`, stored("package.delete")],
  [`PUT ${API}/triggers/:name`, stored("trigger.write")],
  [`DELETE ${API}/triggers/:name`, stored("trigger.delete")],
  [`PUT ${API}/rules/:name`, stored("rule.write")],
  [`POST ${API}/rules/:name`, stored("rule.switch")],
  [`DELETE ${API}/rules/:name`, stored("rule.delete")],
  [`PUT ${API}/events`, stored("events.set")],
  [`DELETE ${API}/events`, stored("events.delete")],
  [`POST ${API}/records`, outside("records.import")],
  [`POST ${API}/keys`, stored("key.issue")],
  [`PATCH ${API}/keys/:id`, stored("key.change")],
  [`DELETE ${API}/keys/:id`, stored("key.revoke")],
  [`POST ${API}/keys/:id/rotate`, stored("key.rotate")],
  [`PUT ${API}/retention`, stored("retention.set")],
  [`DELETE ${API}/retention`, stored("retention.set")],
  [`PUT ${API}/forwarding`, stored("forwarding.set")],
  [`DELETE ${API}/forwarding`, stored("forwarding.delete")],
  [`POST ${ADMIN}/identities`, stored("key.issue")],
  [`DELETE ${ADMIN}/identities/:subject`, stored("subject.delete")],
  [`POST ${ADMIN}/identities/:subject/block`, stored("subject.block")],
  [`POST ${ADMIN}/identities/:subject/unblock`, stored("subject.unblock")],
  [`POST ${ADMIN}/identities/:subject/rotate`, stored("key.rotate")],
  [`PATCH ${ADMIN}/keys/:id`, stored("key.change")],
  [`DELETE ${ADMIN}/keys/:id`, stored("key.revoke")],
  [`POST ${ADMIN}/keys/:id/rotate`, stored("key.rotate")],
  [`POST ${ADMIN}/namespaces`, stored("namespace.create")],
  [`POST ${ADMIN}/namespaces/:namespace/block`, stored("namespace.block")],
  [`POST ${ADMIN}/namespaces/:namespace/unblock`, stored("namespace.unblock")],
  [`DELETE ${ADMIN}/namespaces/:namespace`, stored("namespace.delete")],
  [`PUT ${ADMIN}/namespaces/:namespace/limits`, stored("limits.set")],
  [`PATCH ${ADMIN}/namespaces/:namespace/limits`, stored("limits.set")],
  [`DELETE ${ADMIN}/namespaces/:namespace/limits`, stored("limits.delete")],
  [`PUT ${ADMIN}/namespaces/:namespace/retention`, stored("retention.set")],
  [`DELETE ${ADMIN}/namespaces/:namespace/retention`, stored("retention.set")],
  [`PUT ${ADMIN}/namespaces/:namespace/forwarding`, stored("forwarding.set")],
  [`DELETE ${ADMIN}/namespaces/:namespace/forwarding`, stored("forwarding.delete")],
  [`PUT ${ADMIN}/namespaces/:namespace/events`, stored("events.set")],
  [`DELETE ${ADMIN}/namespaces/:namespace/events`, stored("events.delete")],
  [`POST ${ADMIN}/namespaces/:namespace/records`, outside("records.import")],
  [`POST ${ADMIN}/records/move`, outside("records.move")],
  [`POST ${ADMIN}/reseal`, outside("keys.reseal")],
  [`PUT ${ADMIN}/sources/:kind/:name/grants/:namespace`, stored("source.grant")],
  [`DELETE ${ADMIN}/sources/:kind/:name/grants/:namespace`, stored("source.revoke")],
  [`POST ${ADMIN}/administrators`, stored("administrator.create")],
  [`PATCH ${ADMIN}/administrators/:name`, stored("administrator.change")],
  [`DELETE ${ADMIN}/administrators/:name`, stored("administrator.delete")],
  [`POST ${ADMIN}/administrators/:name/rotate`, stored("administrator.rotate")],
  [`POST ${ADMIN}/hosts`, outside("host.create")],
  [`DELETE ${ADMIN}/hosts/:name`, outside("host.revoke")],
  [`POST ${ADMIN}/hosts/:name/drain`, outside("host.drain")],
  [`POST ${ADMIN}/hosts/:name/undrain`, outside("host.undrain")],
  [`POST ${ADMIN}/hosts/:name/enable`, outside("host.enable")],
  [`POST ${ADMIN}/hosts/:name/rename`, outside("host.rename")],
]);

/** What changes nothing, though its verb does not say so, and what is counted elsewhere: calls,
 * fires and deliveries have records. */
export const NOT_AUDITED: ReadonlySet<string> = new Set([
  `POST ${API}/actions/:name`,
  `POST ${API}/actions/:package/:name`,
  `POST ${API}/triggers/:name`,
  `POST ${ADMIN}/whois`,
  // What hosts do of themselves.
  "PUT /host/v1/blobs/:key{.+}",
  "POST /host/v1/subscriptions",
  "POST /host/v1/subscriptions/fires",
]);
