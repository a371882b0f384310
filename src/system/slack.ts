// The package `slack`: messages to a channel, by an incoming webhook of Slack's or by its API.

import type { SystemPackage } from "./system-package.ts";

/** `slack` of OpenWhisk's catalog; unlike there a message that Slack refuses is an error. */
export const SLACK: SystemPackage = {
  name: "slack",
  notes: {
    description: "Speaks with Slack",
    parameters: [
      { name: "username", required: true, bindTime: true, description: "The name the message is posted under" },
      {
        name: "url",
        required: true,
        bindTime: true,
        description: "The address of your incoming webhook",
        doclink: "https://api.slack.com/incoming-webhooks",
      },
      { name: "channel", required: true, bindTime: true, description: "The channel's name" },
      { name: "token", description: "A token for Slack's API", doclink: "https://api.slack.com/docs/oauth" },
    ],
  },
  actions: {
    post: {
      notes: {
        description: "Posts a message",
        parameters: [{ name: "text", required: true, description: "The message" }],
        sampleInput: {
          username: "edgewhisk",
          text: "All is well",
          channel: "general",
          url: "https://hooks.slack.com/services/T000/B000/XXXX",
        },
      },
      code: String.raw`// With a token it is a call of Slack's API, whose fields stand in the form; else of an incoming webhook, which wants
// them as one JSON text.
async function main(params) {
  const { text, attachments, url, token } = params;
  if (text === undefined && attachments === undefined) return { error: "No text provided" };
  if (url === undefined) return { error: "No Webhook URL provided" };
  const fields = { channel: params.channel, username: params.username || "Simple Message Bot" };
  if (params.icon_emoji) fields.icon_emoji = params.icon_emoji;
  if (params.as_user === true) fields.as_user = true;
  if (text) fields.text = text;
  if (attachments) fields.attachments = JSON.stringify(attachments);
  const form = new URLSearchParams();
  const sent = token ? { ...fields, token } : { payload: JSON.stringify(fields) };
  for (const [name, value] of Object.entries(sent)) if (value !== undefined) form.set(name, String(value));
  const answer = await fetch(url, { method: "POST", body: form, signal: AbortSignal.timeout(30000) });
  const said = await answer.text();
  const refused = answer.status >= 400 || /"ok"\s*:\s*false/.test(said);
  if (refused) return { error: "Slack answered " + answer.status + ": " + said.slice(0, 500) };
  console.log("success: ", text, "successfully sent");
  return {};
}
`,
    },
  },
};
