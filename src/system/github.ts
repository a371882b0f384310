// The package `github`, whose feed fires a trigger by what happens in a repository.

import type { SystemPackage } from "./system-package.ts";
import { WEBHOOK_FEED } from "./webhook.ts";

const USERNAME = { name: "username", required: true, bindTime: true, description: "Your name on GitHub" };
const REPOSITORY = {
  name: "repository",
  required: true,
  bindTime: true,
  description: "repository, or owner/repository",
};
const TOKEN = {
  name: "accessToken",
  required: true,
  bindTime: true,
  description: "A token that may write the repository's hooks",
  doclink: "https://github.com/settings/tokens/new",
};

/** `github` of OpenWhisk's catalog. What GitHub is told is a webhook's address and a secret, not the caller's key. */
export const GITHUB: SystemPackage = {
  name: "github",
  notes: { description: "Speaks with GitHub" },
  actions: {
    webhook: {
      notes: {
        feed: true,
        "provide-api-key": true,
        description: "Fires a trigger by events of a repository",
        parameters: [
          USERNAME,
          REPOSITORY,
          TOKEN,
          {
            name: "events",
            required: true,
            description: "Names of events, with commas between them",
            doclink: "https://docs.github.com/webhooks/webhook-events-and-payloads",
          },
          { name: "baseUrl", required: false, description: "GitHub's API, if not https://api.github.com" },
          {
            name: "apihost",
            required: false,
            description: "Where GitHub reaches this platform, if not where actions do",
          },
        ],
        sampleInput: {
          username: "ada",
          repository: "engines or lovelace/engines",
          accessToken: "github_pat_XXXX",
          events: "push, pull_request",
          baseUrl: "https://github.example/api/v3",
        },
      },
      code: `const { createHash } = require("node:crypto");
const openwhisk = require("openwhisk");

const FEED = "${WEBHOOK_FEED}";

async function main(params) {
  const { lifecycleEvent, triggerName, username, repository, accessToken } = params;
  const missing = ["triggerName", "username", "repository", "accessToken"].find((name) => !params[name]);
  if (missing !== undefined) return { error: "Expected an argument '" + missing + "'." };
  const path = String(repository).includes("/") ? repository : username + "/" + repository;
  const hooks = (params.baseUrl || "https://api.github.com") + "/repos/" + path + "/hooks";
  const github = caller(hooks, { username, accessToken });
  console.log("Using endpoint: " + hooks);
  if (lifecycleEvent === "CREATE") return create(github, params);
  if (lifecycleEvent === "DELETE") return remove(github, triggerName);
  if (lifecycleEvent === "READ") return feed({ lifecycleEvent, triggerName });
  return { error: "unsupported lifecycleEvent" };
}

// The address is GitHub's from now on: it stands in no answer.
async function create(github, { triggerName, events, apihost }) {
  if (!events) return { error: "Expected an argument 'events'." };
  const told = { lifecycleEvent: "CREATE", triggerName, signature: "github" };
  const made = await feed(apihost ? { ...told, apihost } : told);
  if (made.error !== undefined) return made;
  const config = { url: made.url, content_type: "json", secret: made.secret, insecure_ssl: "0" };
  const names = String(events).split(",").map((name) => name.trim());
  const answer = await github("POST", "", { name: "web", active: true, events: names, config });
  if (answer.error === undefined) return { response: { ...answer.body, config: { content_type: "json" } } };
  await feed({ lifecycleEvent: "DELETE", triggerName });
  return { error: answer.error };
}

// Which of the hooks is ours says the hash of its address.
async function remove(github, triggerName) {
  const shown = await feed({ lifecycleEvent: "READ", triggerName });
  const hashes = shown.error === undefined ? shown.status.addresses.map(({ sha256 }) => sha256) : [];
  const listed = await github("GET", "?per_page=100");
  if (listed.error !== undefined) return { error: listed.error };
  const ours = listed.body.filter(({ config }) => hashes.includes(hashOf(String(config && config.url))));
  if (ours.length === 0) return { error: "Found no existing webhooks for trigger " + triggerName };
  for (const { id } of ours) {
    const gone = await github("DELETE", "/" + id);
    if (gone.error !== undefined && gone.error.statusCode !== 404) return { error: gone.error };
  }
  return feed({ lifecycleEvent: "DELETE", triggerName });
}

function hashOf(address) {
  return createHash("sha256").update(address.slice(address.lastIndexOf("/") + 1)).digest("hex");
}

async function feed(params) {
  try {
    const activation = await openwhisk().actions.invoke({ actionName: FEED, params, blocking: true });
    return activation.response.result;
  } catch (error) {
    const { response } = (error && error.error) || {};
    return response && response.result ? response.result : { error: error.message };
  }
}

// Answers with what GitHub did, or with the status and body of its refusal.
function caller(hooks, { username, accessToken }) {
  const authorization = "Basic " + Buffer.from(username + ":" + accessToken).toString("base64");
  const headers = { authorization, accept: "application/vnd.github+json", "user-agent": "edgewhisk" };
  return async (method, path, body) => {
    try {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const more = body === undefined ? {} : { "content-type": "application/json" };
      const signal = AbortSignal.timeout(30000);
      const answer = await fetch(hooks + path, { method, headers: { ...headers, ...more }, signal, ...sent });
      const text = await answer.text();
      const response = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
      console.log("Status code: " + answer.status);
      return answer.ok ? { body: response } : { error: { statusCode: answer.status, response } };
    } catch (error) {
      const { code } = error.cause || {};
      return { error: "GitHub cannot be reached: " + (code || error.message) };
    }
  };
}
`,
    },
  },
};
