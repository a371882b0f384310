// /api/v1/webhooks/{token}: what others post, and what fires a trigger if it is signed as it should be. No key: the
// address is the secret.

import { WEBHOOK_PREFIX } from "../../events/address.ts";
import { described } from "../api/operations.ts";
import type { App } from "../context.ts";
import { serveWebhook, type WebhookParts } from "../webhooks/serve.ts";

export function webhookRoutes(app: App, parts: WebhookParts): void {
  app.all(
    `${WEBHOOK_PREFIX}:token`,
    described("deliverWebhook", (c) => serveWebhook(c, parts)),
  );
}
