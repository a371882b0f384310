// The whole Worker as tests call it: an identity made through the admin API, and requests in its name.

import { exports } from "cloudflare:workers";

const ORIGIN = "http://edgewhisk.test";
const ADMIN = { Authorization: "Bearer test-admin-token" };

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // Tests look at answers as the clients do; what is not there reads as undefined.
  json: ReturnType<typeof JSON.parse>;
}

export interface Client {
  namespace: string;
  key: string;
  call(method: string, path: string, body?: unknown): Promise<Answer>;
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  return (exports as unknown as { default: Fetcher }).default.fetch(`${ORIGIN}${path}`, init);
}

export async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

export async function admin(method: string, path: string, body?: unknown): Promise<Answer> {
  return answer(await send(`/admin/v1${path}`, { method, ...payload(body, ADMIN) }));
}

let made = 0;

/** A fresh namespace and somebody who may use it. */
export async function newClient(limits?: object): Promise<Client> {
  const subject = `tester-${Date.now()}-${made++}`;
  const { json } = await admin("POST", "/identities", { subject, ...(limits === undefined ? {} : { limits }) });
  return clientOf(json.namespace, json.key);
}

export function clientOf(namespace: string, key: string): Client {
  const headers = { Authorization: `Basic ${btoa(key)}` };
  return {
    namespace,
    key,
    async call(method, path, body) {
      return answer(await send(`/api/v1/namespaces/_${path}`, { method, ...payload(body, headers) }));
    },
  };
}

function payload(body: unknown, headers: Record<string, string>): RequestInit {
  if (body === undefined) return { headers };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { headers: { ...headers, "Content-Type": "application/json" }, body: text };
}
