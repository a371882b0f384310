// Whether a caller may do something with a name, and what a refusal says of right, role and scope.

import { describe, expect, it } from "vitest";
import type { Identity } from "../../src/entities/identity.ts";
import { RIGHT_TEXTS, refusalOf, rightFault, scopeFault, wholeFault } from "../../src/entities/permission.ts";
import type { Right } from "../../src/entities/rights.ts";

const NAMESPACE = { name: "guest", uuid: "n" };
type Caller = Pick<Identity, "rights" | "derived" | "scope" | "role">;
const caller = (more: Partial<Caller> = {}) => ({ derived: false, namespace: NAMESPACE, ...more });
const refused = (more: Partial<Caller>, right: Right, name?: { path: string; name?: string }) =>
  refusalOf(caller(more), { right, ...(name === undefined ? {} : { name }) });

describe("a right", () => {
  it("is the owner's whatever it is, and nobody's who has none but to come in", () => {
    for (const right of Object.keys(RIGHT_TEXTS) as Right[]) {
      expect([right, refused({}, right)]).toEqual([right, null]);
      expect([right, refused({ rights: "none" }, right) === null]).toEqual([right, right === "enter"]);
    }
  });

  it("that an action's key lacks is told in the words that its clients know", () => {
    for (const lacking of [{ derived: true }, { derived: true, rights: "deploy" as const }]) {
      expect(refused(lacking, "own")).toMatchObject({ ok: false, code: "beyond-credential" });
    }
    expect(refused({ derived: true }, "invoke")).toBeNull();
  });

  it("that a role lacks names the role, the right, and who has it", () => {
    const fault = rightFault({ derived: false, rights: "read", role: "reader" }, "invoke");
    expect(fault).toMatchObject({ code: "lacks-right" });
    expect(fault?.text).toContain("This key's role is 'reader', and it may not invoke actions");
    expect(fault?.text).toContain("that takes the role 'owner' or 'developer' or 'invoker'.");
    expect(rightFault({ derived: true, rights: "deploy", role: "developer" }, "own")).toMatchObject({
      code: "lacks-right",
    });
  });

  it("that a lent key lacks without a role is told as the action's", () => {
    const text = refused({ derived: true, rights: "read" }, "fire")?.text;
    expect(text).toContain("This key was given to an action, and may not fire triggers");
  });
});

describe("a name", () => {
  it("is asked for after the right, and only where there is one", () => {
    const scoped = { scope: ["a*"] };
    expect(refused(scoped, "invoke")).toBeNull();
    expect(refused(scoped, "invoke", { path: "guest", name: "abc" })).toBeNull();
    expect(refused(scoped, "invoke", { path: "guest", name: "b" })).toMatchObject({ code: "out-of-scope" });
    const both = { ...scoped, rights: "read" as const, derived: true };
    expect(refused(both, "invoke", { path: "guest", name: "b" })).toMatchObject({ code: "lacks-right" });
  });

  it("that is out of scope is told with what the scope holds, ten patterns at most", () => {
    const scope = Array.from({ length: 11 }, (_, at) => `p${at}`);
    const fault = (given: string[] | undefined, name?: string) =>
      scopeFault({ scope: given, own: "guest" }, { path: "guest/q", ...(name === undefined ? {} : { name }) })?.text;
    expect(fault(scope.slice(1), "a")).toContain("'/guest/q/a' is not in the scope of the key: it holds 'p1', 'p2'");
    expect(fault(scope.slice(1), "a")).toMatch(/'p10'\.$/);
    expect(fault(scope, "a")).toMatch(/'p9', …\.$/);
    expect(fault([])).toContain("'/guest/q' is not in the scope of the key: it holds nothing.");
    expect(fault(undefined, "a")).toBeUndefined();
  });
});

describe("all names", () => {
  it("are for keys without a scope", () => {
    expect(wholeFault({})).toBeNull();
    expect(wholeFault({ scope: ["*"] })).toMatchObject({ code: "out-of-scope" });
    expect(wholeFault({ scope: [] })?.text).toContain("it holds nothing");
  });
});
