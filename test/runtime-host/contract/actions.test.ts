// The contract's own actions: each language has one for each need, and says how it is sent.

import { expect, it } from "vitest";
import { ACTIONS, NEEDS } from "../../../runtime-host/contract/actions.ts";

it.each(Object.keys(ACTIONS))("%s has an action for each need", (family) => {
  const actions = ACTIONS[family] ?? {};
  expect(Object.keys(actions).toSorted()).toEqual(Object.keys(NEEDS).toSorted());
  for (const [need, code] of Object.entries(actions)) {
    expect(code.code, need).not.toBe("");
    const isZip = Buffer.from(code.code, "base64").subarray(0, 2).toString("latin1") === "PK";
    expect(code.binary, need).toBe(isZip);
  }
});
