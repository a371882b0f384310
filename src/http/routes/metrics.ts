// GET /metrics: everything that was counted, for a scraper with a token. It asks the Metrics object and the roster, and
// wakes no other.

import { sameSecret } from "../../entities/sealing.ts";
import { type Failure, fail } from "../../errors.ts";
import { OPENMETRICS_TYPE, TEXT_TYPE, wantsOpenMetrics } from "../../metrics/exposition.ts";
import type { App, AppContext } from "../context.ts";
import { respond } from "../errors.ts";
import { hostCounts } from "../fleet.ts";
import { methodNotAllowed } from "../method.ts";
import { reply } from "../reply.ts";

export function metricsRoutes(app: App): void {
  app.get("/metrics", scrape);
  app.all("/metrics", methodNotAllowed("GET"));
}

async function scrape(c: AppContext): Promise<Response> {
  const refusal = await refusalOf(c);
  if (refusal !== null) {
    const response = respond(c, refusal);
    response.headers.set("WWW-Authenticate", 'Bearer realm="edgewhisk metrics"');
    return response;
  }
  if (c.env.METRICS_MODE === "off") return respond(c, fail("metrics-off"));
  const services = c.get("services");
  const openMetrics = wantsOpenMetrics(c.req.raw.headers.get("Accept"));
  const hosts = hostCounts(await services.schedulers((work) => c.executionCtx.waitUntil(work)));
  const text = await services.metrics().expose({ openMetrics, hosts });
  return reply(c, text, { headers: { "Content-Type": openMetrics ? OPENMETRICS_TYPE : TEXT_TYPE } });
}

/** Null for who has the token of the metrics, or the administrator's. */
async function refusalOf(c: AppContext): Promise<Failure | null> {
  const wanted = [c.env.METRICS_TOKEN ?? "", c.env.ADMIN_TOKEN ?? ""].filter((token) => token !== "");
  if (wanted.length === 0) return fail("metrics-closed");
  const given = c.req.raw.headers.get("Authorization");
  if (given === null) return fail("not-authenticated");
  const token = /^bearer\s+(\S+)\s*$/i.exec(given)?.[1] ?? "";
  const same = await Promise.all(wanted.map((each) => sameSecret(token, each)));
  return same.includes(true) ? null : fail("bad-credentials");
}
