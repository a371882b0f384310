// The well-known keys inside containers: they open the API until somebody else has a namespace here.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { GUEST, SYSTEM } from "../support/platform.ts";
import { onEngines, put } from "./engines.ts";

const TRY = `async function main({ keys }) {
  const statuses = [];
  for (const key of keys) {
    const headers = { authorization: "Basic " + Buffer.from(key).toString("base64") };
    statuses.push((await fetch(process.env.__OW_API_HOST + "/api/v1/namespaces", { headers })).status);
  }
  return { statuses };
}`;

onEngines(
  "well-known keys in containers",
  (bench) => {
    it("end there with the first other namespace, and go on outside", async () => {
      await put(bench, "dev-keys", { code: TRY });
      const tried = async (keys: string[]) => {
        const body = { keys };
        return (await bench.request("actions/dev-keys?blocking=true&result=true", { method: "POST", body })).json;
      };
      expect(await tried([GUEST, SYSTEM])).toEqual({ statuses: [200, 200] });
      const { url, state } = bench.platform();
      const { adminToken } = JSON.parse(readFileSync(join(state, "secrets.json"), "utf8"));
      const made = await fetch(`${url}/admin/v1/identities`, {
        method: "POST",
        headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
        body: JSON.stringify({ subject: "alice", namespace: "home" }),
      });
      const { key } = (await made.json()) as { key: string };
      expect(await tried([GUEST, SYSTEM, key])).toEqual({ statuses: [403, 403, 200] });
    });
  },
  { engines: ["docker"] },
);
