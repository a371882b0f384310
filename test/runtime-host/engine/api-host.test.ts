import { describe, expect, it } from "vitest";
import { apiHostOf, placeOf } from "../../../runtime-host/engine/api-host.ts";

describe("the API's address for actions", () => {
  it.each([
    ["http://127.0.0.1:3233", "", "gateway"],
    ["http://localhost:3233", "", "gateway"],
    ["http://[::1]:3233", "", "gateway"],
    ["https://edge.example.workers.dev", "", "https://edge.example.workers.dev"],
    ["http://10.0.0.7:3233", "", "http://10.0.0.7:3233"],
    ["http://10.0.0.7:3233", "gateway", "gateway"],
    ["http://127.0.0.1:3233", "https://functions.example", "https://functions.example"],
  ])("of a platform at %s, with --api-host %s: %s", (apiUrl, apiHost, told) =>
    expect(apiHostOf({ apiUrl, apiHost })).toBe(told),
  );

  it("has a place that containers may have to be let to", async () => {
    expect(await placeOf("http://10.0.0.7")).toEqual({ hostname: "10.0.0.7", port: 80, closed: ["10.0.0.7"] });
    expect(await placeOf("https://8.8.8.8:8443")).toEqual({ hostname: "8.8.8.8", port: 8443, closed: [] });
    expect((await placeOf("https://localhost")).closed).toEqual(["127.0.0.1"]);
  });
});
