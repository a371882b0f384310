// The package `cloudevents`, whose feed gives a trigger an address that takes CloudEvents.

import { newEventFeed } from "../events/webhook.ts";
import { type AddressFeed, serveAddressFeed } from "./address-feed.ts";
import { SINK } from "./sink.ts";
import type { SystemPackage } from "./system-package.ts";

const FEED: AddressFeed = {
  noun: "address for CloudEvents",
  isOwn: ({ events }) => events !== undefined,
  // All of a feed's fires lie in one store, so that it knows all of its events.
  wish: (args, { events }) => newEventFeed(args, Math.floor(Math.random() * events.shards)),
};

export const CLOUD_EVENTS: SystemPackage = {
  name: "cloudevents",
  notes: { description: "Fires triggers with CloudEvents" },
  parameters: { apihost: "" },
  actions: {
    cloudevents: {
      notes: {
        feed: true,
        description: "Gives a trigger an address; each CloudEvent 1.0 that is posted there fires it once",
        parameters: [
          { name: "signature", required: true, description: "Who is believed: hmac, none" },
          { name: "secret", required: false, description: "What senders sign with; made here for hmac if not given" },
          {
            name: "hmac",
            required: false,
            description: "Of hmac: header, algorithm, encoding, prefix, timestampHeader",
          },
          {
            name: "filter",
            required: false,
            description: "Wanted values of attributes and of data: {json: {type, source, data.a}}",
          },
          { name: "maxPerMinute", required: false, description: "Requests taken in a minute; 60 if not given" },
          { name: "maxBytes", required: false, description: "Size of a request at most; 1 MB if not given" },
          { name: "rotate", required: false, description: "On update: true for a new address" },
          { name: "overlap", required: false, description: "On update: seconds for which the old one is good; a day" },
          { name: "apihost", required: false, description: "Where senders reach this platform, if not where you do" },
        ],
        sampleInput: { signature: "none", filter: { json: { type: "com.example.order.placed" } } },
        sampleOutput: { status: "success", url: "https://openwhisk.example/api/v1/webhooks/3q2-7wAAAAAAAAAAAAAAAA" },
      },
      run: (args, context, ports) => serveAddressFeed(FEED, args, { context, ports }),
    },
    sink: SINK,
  },
};
