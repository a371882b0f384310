// Where the development keys may be used: they are public, so a web page open in the developer's browser must not be
// able to use them, neither from another origin nor through a name that was made to point at this machine.

import { FROM_CONTAINER } from "../entities/development.ts";

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;
const LOCAL_NAME = /^((.+\.)?localhost|host\.docker\.internal)(:\d{1,5})?$/i;

/** The request came from no browser page, or from one that this server itself has sent,
 * under a name nobody can point here. */
export function fitsDevelopment(request: Request): boolean {
  const { headers } = request;
  const host = headers.get("Host") ?? new URL(request.url).host;
  if (!ADDRESS.test(host) && !LOCAL_NAME.test(host)) return false;
  const site = headers.get("Sec-Fetch-Site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = headers.get("Origin");
  return origin === null || origin === `http://${host}` || origin === `https://${host}`;
}

/** A host's forwarder says so of all it passes on; who says it of himself gains nothing by it. */
export function isFromContainer({ headers }: Request): boolean {
  return headers.has(FROM_CONTAINER);
}
