// Records as the administrator sees them: where one is.

import { beforeAll, describe, expect, test } from "vitest";
import { storeNameOf } from "../../../src/protocol/names.ts";
import type { ActivationStoreRpc } from "../../../src/protocol/rpc.ts";
import { completion, invocation, testEnv } from "../../durable-objects/host.worker.ts";
import { admin, newClient } from "../platform.worker.ts";

interface Home {
  name: string;
  id: string;
}

let home: Home;

async function newHome(): Promise<Home> {
  const { namespace } = await newClient();
  const { json } = await admin("GET", `/identities/${namespace}`);
  return { name: namespace, id: json.namespaces[0].id };
}

/** An activation that has ended, as if a host had run it. */
async function ended({ id: namespaceId, name: namespace }: Home): Promise<string> {
  const call = invocation({ about: { namespaceId, namespace } });
  const store = testEnv().ACTIVATIONS.getByName(storeNameOf(call)) as unknown as ActivationStoreRpc;
  const word = {
    id: call.id,
    attempt: 1,
    lease: { epoch: 1, counter: 1 },
    about: call.about,
    completion: completion(),
  };
  await store.complete([word], { scheduler: "host/0", epoch: 1 });
  return call.id;
}

beforeAll(async () => {
  home = await newHome();
});

describe("where a record is", () => {
  test("is told with its object, whether its namespace is named or not", async () => {
    const id = await ended(home);
    for (const query of ["", `?namespace=${home.name}`]) {
      const { status, json } = await admin("GET", `/activations/${id}/location${query}`);
      expect(status).toBe(200);
      expect(json).toMatchObject({
        ...{ id, mode: "d1", namespace: home },
        object: { name: expect.stringMatching(`^${home.id}:0[0-3]$`), state: "here" },
        copies: [
          { in: "object", state: "whole" },
          { in: "d1", binding: "RECORDS_0", table: "records", state: "waiting" },
        ],
        ...{ result: { in: "record" }, logs: { in: "record" } },
      });
    }
  });

  test("of another namespace's, or of an unknown id, is a 404 that says what was looked through", async () => {
    const other = await newHome();
    const id = await ended(other);
    const foreign = await admin("GET", `/activations/${id}/location?namespace=${home.name}`);
    expect([foreign.status, foreign.json.searched]).toEqual([
      404,
      { databases: ["RECORDS_0"], objects: 1, namespaces: 1, more: false },
    ]);
    const unknown = await admin("GET", `/activations/${id.slice(0, 14)}${"0".repeat(18)}/location`);
    expect(unknown.status).toBe(404);
    expect(unknown.json.searched.namespaces).toBeGreaterThan(1);
    expect(unknown.json.error).toMatch(
      /^No record of activation [0-9a-f]{32}\. Looked through: the databases of records RECORDS_0; /,
    );
  });

  test.each([
    ["no id", "xyz", "", 400, /^'xyz' is no activation id/],
    ["capitals", "A".repeat(32), "", 400, /is no activation id/],
    ["another shard", `${"0".repeat(12)}ff${"0".repeat(18)}`, "", 404, /names shard 255, and there are 4/],
    ["a namespace that cannot be", "0".repeat(32), "?namespace=a%2Fb", 400, /'a\/b' is not the name of a namespace/],
    ["an unknown namespace", "0".repeat(32), "?namespace=nobody-here", 404, /'nobody-here' does not exist/],
  ])("with %s is refused in a sentence", async (_, id, query, status, text) => {
    const answer = await admin("GET", `/activations/${id}/location${query}`);
    expect([answer.status, answer.json.error]).toEqual([status, expect.stringMatching(text)]);
  });
});
