// Where the development keys may be used: they are public, so a web page open in the developer's browser must not be
// able to use them, neither from another origin nor through a name that was made to point at this machine.

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i;
const LOCAL_NAME = /^(.+\.)?localhost$|^host\.docker\.internal$/i;

/** The request came from no browser page, or from one that this server itself has sent, under a name nobody can point here. */
export function fitsDevelopment(request: Request): boolean {
  const url = new URL(request.url);
  if (!ADDRESS.test(url.hostname) && !LOCAL_NAME.test(url.hostname)) return false;
  const site = request.headers.get("Sec-Fetch-Site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = request.headers.get("Origin");
  return origin === null || origin === url.origin;
}
