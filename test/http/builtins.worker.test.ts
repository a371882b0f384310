// What is built in, to those who own its namespace and to those who want its code.

import { afterEach, describe, expect, it } from "vitest";
import { developmentNamespace } from "../../src/entities/development.ts";
import { type Answer, ask, GUEST_KEY } from "../support/client.worker.ts";

const SYSTEM = "/api/v1/namespaces/whisk.system";
const OWNER = keyOf("whisk.system");

function keyOf(namespace: string): string {
  const found = developmentNamespace(namespace);
  if (found === undefined) throw new Error(`no key of ${namespace}`);
  return found.key;
}

async function system(
  method: string,
  path: string,
  body?: object,
): Promise<Answer & { body: Record<string, unknown> }> {
  const answer = await ask(method, `${SYSTEM}/${path}`, {
    key: OWNER,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { ...answer, body: answer.json() as Record<string, unknown> };
}

const CODE = { exec: { kind: "nodejs:default", code: "function main() { return { mine: true }; }" } };

describe("a built-in entity", () => {
  afterEach(async () => {
    for (const path of ["actions/utils/echo", "actions/utils/sort"]) await system("DELETE", path);
    await system("DELETE", "packages/utils?force=true");
  });

  it("is not deleted, and who tries is told why and what he can do", async () => {
    for (const path of ["actions/utils/echo", "packages/utils", "packages/utils?force=true"]) {
      const { status, body } = await system("DELETE", path);
      expect([path, status]).toEqual([path, 409]);
      expect(body.error).toMatch(/^'\/whisk\.system\/utils(\/echo)?' is part of the platform and cannot be deleted\./);
    }
    expect((await system("GET", "packages/utils")).status).toBe(200);
  });

  it("makes room for one that is created under its name, as if nothing were there, and comes back after it", async () => {
    const created = await system("PUT", "packages/utils", { annotations: [{ key: "mine", value: 1 }] });
    expect(created.status).toBe(200);
    expect(created.body).toMatchObject({ version: "0.0.1", publish: false });
    expect(created.body.annotations).toEqual([{ key: "mine", value: 1 }]);
    expect((await system("PUT", "packages/utils", {})).status).toBe(409);
    const echo = await system("PUT", "actions/utils/echo", CODE);
    expect(echo.status).toBe(200);
    expect(echo.body).toMatchObject({
      version: "0.0.1",
      exec: { kind: expect.stringMatching(/^nodejs:/), binary: false },
    });
    expect((echo.body.annotations as { key: string }[]).map(({ key }) => key)).not.toContain("description");
    expect((await system("PUT", "actions/utils/echo", CODE)).status).toBe(409);
    expect((await system("DELETE", "actions/utils/echo")).status).toBe(200);
    expect((await system("GET", "actions/utils/echo")).body.exec).toMatchObject({ kind: "builtin" });
  });

  it("is updated from what it was", async () => {
    const updated = await system("PUT", "actions/utils/sort?overwrite=true", CODE);
    expect(updated.status).toBe(200);
    expect((updated.body.annotations as { key: string }[]).map(({ key }) => key)).toContain("description");
  });

  it("has no code: who saves it finds a sentence, and who copies it is told so", async () => {
    const got = await ask("GET", `${SYSTEM}/actions/utils/echo`, { key: GUEST_KEY });
    const { exec } = got.json() as { exec: { kind: string; code: string } };
    expect(exec.kind).toBe("builtin");
    expect(exec.code).toMatch(/^\/\/ This action is part of the platform and has no code of its own\./);
    const bare = await ask("GET", `${SYSTEM}/actions/utils/echo?code=false`, { key: GUEST_KEY });
    expect((bare.json() as { exec: object }).exec).toEqual({ kind: "builtin", binary: false });
    const copy = await ask("PUT", "/api/v1/namespaces/_/actions/copied", { body: JSON.stringify({ exec }) });
    expect(copy.status).toBe(400);
    expect((copy.json() as { error: string }).error).toContain("has no code that could be copied");
  });
});
