// What every runtime we ship promises, whatever starts it: registers the cases against `start`, with the action's code
// per family. Each case has a runtime of its own, as each container has one action.
import { describe, it } from "vitest";
import { type StartRuntime, using } from "../support/runtime-client.ts";
import type { Family } from "./runtime-case.ts";
import { SHARED_CASES } from "./runtime-cases.ts";
import { NODEJS_CASES } from "./runtime-cases-nodejs.ts";
import { PYTHON_CASES } from "./runtime-cases-python.ts";
import { play } from "./runtime-play.ts";
import { registerProtocol } from "./runtime-protocol.ts";

export function registerRuntimeContract(family: Family, start: StartRuntime): void {
  const cases = [
    ...SHARED_CASES.map((shared) => shared(family)),
    ...(family === "nodejs" ? NODEJS_CASES : PYTHON_CASES),
  ];
  describe("actions", () => {
    for (const each of cases) {
      it(each.name, async () => {
        await using(start, each.env, (client) => play(client, each));
      });
    }
  });
  describe("protocol", () => registerProtocol(family, start));
}
