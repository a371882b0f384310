// What only real containers show: black boxes, memory, images that cannot be had. Parity 3.2, 4.2, 4.3. Where no
// container engine answers these cases do not run, and say so.

import { expect } from "vitest";
import { annotation, ask, code, ECHO, fresh, line, make, recordOf, useApi } from "./suite.ts";

await useApi({ docker: true });

const needs = "containers";
const invoke = (name: string, body: object = {}) => ask("POST", `actions/${name}?blocking=true`, { body });

line(
  "3.25 3.26 3.27",
  "black box actions take an image, with or without code",
  async () => {
    const plain = fresh("box");
    await make(`actions/${plain}`, { exec: { kind: "blackbox", image: "openwhisk/example" } });
    const { exec } = (await ask("GET", `actions/${plain}`)).json;
    expect(exec).toEqual({ kind: "blackbox", image: "openwhisk/example", binary: false });
    const coded = fresh("box");
    await make(`actions/${coded}`, {
      exec: { kind: "blackbox", image: `registry.example:5000/a/b:tag@sha256:${"a".repeat(64)}`, code: ECHO },
    });
    expect((await ask("GET", `actions/${coded}`)).json.exec.code).toBe(ECHO);
    const blank = fresh("box");
    await make(`actions/${blank}`, { exec: { kind: "blackbox", image: "a/b", code: "  " } });
    expect((await ask("GET", `actions/${blank}`)).json.exec).not.toHaveProperty("code");
    const bad = await ask("PUT", `actions/${fresh("box")}`, {
      body: { exec: { kind: "blackbox", image: "UPPER CASE!" } },
    });
    expect(bad.status).toBe(400);
    expect(bad.json.error).toContain("could not parse image name");
  },
  { needs },
);

line(
  "4.16 4.25",
  "an image that cannot be had is a developer error, and the record says that nothing ran",
  async () => {
    const name = fresh("box");
    const image = "edgewhisk.invalid/no/such:image";
    await make(`actions/${name}`, { exec: { kind: "blackbox", image } });
    const { json, status } = await invoke(name);
    expect([status, json.response.status]).toEqual([502, "action developer error"]);
    expect(json.response.result.error).toContain(`Failed to pull container image '${image}'.`);
    const record = await recordOf(json.activationId);
    expect(annotation(record, "kind")).toBe("blackbox");
    expect(annotation(record, "path")).toMatch(new RegExp(`/${name}$`));
    expect(annotation(record, "initTime")).toBeUndefined();
  },
  { needs },
);

line(
  "4.15",
  "an action that needs more memory than it may is ended, loading or running, and the text names memory",
  async () => {
    const hog = "const kept = []; for (;;) kept.push(Buffer.alloc(8 * 1024 * 1024, 1));";
    for (const source of [`function main() { ${hog} }`, `${hog} function main() {}`]) {
      const name = fresh("hog");
      await make(`actions/${name}`, code(source, { limits: { memory: 128, timeout: 20_000 } }));
      const { json, status } = await invoke(name);
      expect([source, status, json.response.status]).toEqual([source, 502, "action developer error"]);
      expect(json.response.result.error).toBe("The action exhausted its memory and was aborted.");
    }
  },
  { needs },
);
