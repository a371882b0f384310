// Which words of a host are believed.

import { expect, test } from "vitest";
import { ADOPT_FOR_MS, Grants } from "../../../durable-objects/scheduler/grants.ts";
import { newActivationId } from "../../../src/entities/activation-id.ts";
import { Proofs } from "../../../src/protocol/proofs.ts";
import { completed, metaOf, START } from "../calls.ts";

const PROOFS = new Proofs({ current: "a secret of the tests", previous: null });

function grantsOf(host = "h", provenSince = 0): Grants {
  return new Grants(host, { proofs: () => PROOFS, provenSince: () => provenSince });
}

const run = { id: newActivationId(START, 1), attempt: 1, about: metaOf() };
const LATER = START + ADOPT_FOR_MS + 1;

test("a lease is believed by every incarnation of its host, until a day has passed", () => {
  const claim = { ...run, lease: grantsOf().lease(run, 3) };
  expect(claim.lease.epoch).toBe(3);
  expect([grantsOf().status(claim, START), grantsOf().status(claim, LATER)]).toEqual(["granted", "old"]);
});

test.each([
  ["another host", "g", {}],
  ["another attempt", "h", { attempt: 2 }],
  ["another activation", "h", { id: newActivationId(START, 2) }],
  ["another namespace", "h", { about: metaOf({ namespaceId: "two" }) }],
  ["another action", "h", { about: metaOf({ path: "guest/other" }) }],
])("it is good for nothing else: not for %s", (_, host, changes) => {
  const claim = { ...run, lease: grantsOf().lease(run, 3), ...changes };
  expect([grantsOf(host).status(claim, START), grantsOf(host).status(claim, LATER)]).toEqual(["stranger", "over"]);
});

test("two leases of one attempt differ", () => {
  const grants = grantsOf();
  expect(grants.lease(run, 3)).not.toEqual(grants.lease(run, 3));
});

test("what was accepted before leases were proofs is left to its row, if its namespace can be one", () => {
  const lease = { epoch: 1, counter: 1 };
  const old = grantsOf("h", START + 1);
  expect(old.status({ ...run, lease }, START)).toBe("unproven");
  expect(old.status({ ...run, lease, about: metaOf({ namespaceId: "a/../b" }) }, START)).toBe("stranger");
  expect(grantsOf("h", START).status({ ...run, lease }, START)).toBe("stranger");
});

test("a host is who it is, and ran nothing before there was anything to run", () => {
  const told = { ...completed(), host: "another", duration: 3_600_000, endedAgo: 3_600_000 };
  const believed = grantsOf().believed({ id: run.id, completion: told }, START + 5_000);
  expect(believed).toMatchObject({ host: "h", duration: 15_000, endedAgo: 15_000, result: told.result });
  const honest = { ...completed(), duration: 20, endedAgo: 1 };
  expect(grantsOf().believed({ id: run.id, completion: honest }, START)).toMatchObject({ duration: 20, endedAgo: 1 });
});
