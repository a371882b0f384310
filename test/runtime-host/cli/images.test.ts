// `npm run images` with wishes it cannot meet: one sentence and a code, never a stack.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { images } from "../../../runtime-host/cli/images.ts";

let said = "";

beforeEach(() => {
  said = "";
  const note = (text: string | Uint8Array) => {
    said += text;
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(note);
  vi.spyOn(process.stderr, "write").mockImplementation(note);
});
afterEach(() => vi.restoreAllMocks());

it("explains itself", async () => {
  expect(await images(["--help"])).toBe(0);
  expect(said).toContain("--base local|registry");
});

it("refuses a base it does not know", async () => {
  expect(await images(["--base", "moon"])).toBe(1);
  expect(said).toBe("--base takes local or registry, not moon.\n");
});

it("refuses an option it does not know", async () => {
  expect(await images(["--bass", "local"])).toBe(1);
  expect(said).toMatch(/^Unknown option '--bass'/);
});

it("says that no engine answers", async () => {
  expect(await images(["--engine-socket", "/nonexistent/docker.sock"])).toBe(1);
  expect(said).toMatch(/^No container engine answers \(.*ENOENT.*\)\.\n$/);
});
