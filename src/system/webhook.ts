// The package `webhook`, whose feed gives a trigger an address for others to send to.

import { SYSTEM_NAMESPACE } from "../entities/names.ts";
import { newWebhook, SCHEMES } from "../events/webhook.ts";
import { type AddressFeed, serveAddressFeed } from "./address-feed.ts";
import type { SystemPackage } from "./system-package.ts";

const FEED: AddressFeed = {
  noun: "webhook",
  isOwn: ({ events }) => events === undefined,
  wish: newWebhook,
};

/** Its feed is also called by others of this namespace. */
export const WEBHOOK_FEED = `/${SYSTEM_NAMESPACE}/webhook/webhook`;

export const WEBHOOK: SystemPackage = {
  name: "webhook",
  notes: { description: "Fires triggers when somebody posts to an address" },
  parameters: { apihost: "" },
  actions: {
    webhook: {
      notes: {
        feed: true,
        description: "Gives a trigger an address; what is posted there, and signed as it should be, fires it",
        parameters: [
          { name: "signature", required: true, description: `Who signs: ${SCHEMES.join(", ")}` },
          {
            name: "secret",
            required: false,
            description: "What they sign with; made here for github and hmac if not given",
          },
          {
            name: "hmac",
            required: false,
            description: "Of hmac: header, algorithm, encoding, prefix, timestampHeader",
          },
          { name: "filter", required: false, description: "Wanted values of headers and JSON paths: {header, json}" },
          { name: "idHeader", required: false, description: "Header by which a delivery that comes again is known" },
          { name: "maxPerMinute", required: false, description: "Deliveries taken in a minute; 60 if not given" },
          { name: "maxBytes", required: false, description: "Size of a body at most; 1 MB if not given" },
          { name: "rotate", required: false, description: "On update: true for a new address" },
          { name: "overlap", required: false, description: "On update: seconds for which the old one is good; a day" },
          { name: "apihost", required: false, description: "Where senders reach this platform, if not where you do" },
        ],
        sampleInput: { signature: "github", filter: { header: { "X-GitHub-Event": "push" } } },
        sampleOutput: { status: "success", url: "https://openwhisk.example/api/v1/webhooks/3q2-7wAAAAAAAAAAAAAAAA" },
      },
      run: (args, context, ports) => serveAddressFeed(FEED, args, { context, ports }),
    },
  },
};
