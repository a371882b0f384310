// What each route of the admin API needs of who calls it. A route that is not here is an admin's.

import type { AdminRight } from "../../entities/administrator.ts";

const ROOT = "/admin/v1";
const SUBJECT = `${ROOT}/identities/:subject`;
const NAMESPACE = `${ROOT}/namespaces/:namespace`;
const HOST = `${ROOT}/hosts/:name`;
const ADMINISTRATOR = `${ROOT}/administrators/:name`;

const ROUTES: Readonly<Record<AdminRight, readonly string[]>> = {
  look: [
    ...[
      `GET ${ROOT}/identities`,
      `GET ${SUBJECT}`,
      `GET ${SUBJECT}/keys`,
      `GET ${ROOT}/keys/:id`,
      `POST ${ROOT}/whois`,
    ],
    ...[`GET ${ROOT}/namespaces`, `GET ${NAMESPACE}`, `GET ${NAMESPACE}/keys`, `GET ${NAMESPACE}/limits`],
    ...[
      `GET ${NAMESPACE}/contents`,
      `GET ${NAMESPACE}/deletion`,
      `GET ${NAMESPACE}/retention`,
      `GET ${NAMESPACE}/usage`,
    ],
    ...[`GET ${ROOT}/status`, `GET ${ROOT}/waiting`, `GET ${ROOT}/config`, `GET ${ROOT}/audit`],
    ...[`GET ${ROOT}/hosts`, `GET ${HOST}`, `GET ${ROOT}/schedulers`, `GET ${ROOT}/schedulers/:host/:shard`],
    ...[`GET ${ROOT}/activations/:id/location`, `GET ${ROOT}/records`, `GET ${ROOT}/records/move`],
    ...[`GET ${ROOT}/administrators`, `GET ${NAMESPACE}/forwarding`],
  ],
  operate: [
    ...[`POST ${ROOT}/hosts`, `DELETE ${HOST}`, `POST ${HOST}/drain`, `POST ${HOST}/undrain`, `POST ${HOST}/enable`],
    ...[`POST ${HOST}/rename`, `POST ${ROOT}/records/move`],
    ...[`PUT ${NAMESPACE}/limits`, `PATCH ${NAMESPACE}/limits`, `DELETE ${NAMESPACE}/limits`],
    ...[`PUT ${NAMESPACE}/retention`, `DELETE ${NAMESPACE}/retention`],
    ...[`POST ${NAMESPACE}/block`, `POST ${NAMESPACE}/unblock`, `POST ${SUBJECT}/block`, `POST ${SUBJECT}/unblock`],
  ],
  admit: [
    ...[`POST ${ROOT}/identities`, `DELETE ${SUBJECT}`, `POST ${SUBJECT}/rotate`],
    ...[`PATCH ${ROOT}/keys/:id`, `DELETE ${ROOT}/keys/:id`, `POST ${ROOT}/keys/:id/rotate`],
    ...[`POST ${ROOT}/namespaces`, `DELETE ${NAMESPACE}`, `GET ${NAMESPACE}/records`, `POST ${NAMESPACE}/records`],
    ...[`PUT ${NAMESPACE}/forwarding`, `DELETE ${NAMESPACE}/forwarding`],
    ...[`POST ${ROOT}/reseal`, `POST ${ROOT}/administrators`],
    ...[`PATCH ${ADMINISTRATOR}`, `DELETE ${ADMINISTRATOR}`, `POST ${ADMINISTRATOR}/rotate`],
  ],
};

/** By verb and path, as the router has them. */
export const ADMIN_NEEDS: ReadonlyMap<string, AdminRight> = new Map(
  Object.entries(ROUTES).flatMap(([right, routes]) => routes.map((route) => [route, right as AdminRight] as const)),
);
