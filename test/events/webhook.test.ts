// What a webhook is told by the arguments of its feed.

import { expect, it } from "vitest";
import { changedWebhook, newWebhook } from "../../src/events/webhook.ts";

const made = (args: object) => newWebhook(JSON.stringify(args));
const STANDARD = { maxPerMinute: 60, maxBytes: 1_048_576 };

it("has defaults for all but whose signature it wants", () => {
  expect(made({ signature: "github" })).toEqual({
    ok: true,
    value: { settings: { signature: "github", ...STANDARD } },
  });
  expect(made({ signature: "none", authKey: "a:b", triggerName: "/_/t" })).toMatchObject({ ok: true });
  expect(made({ signature: "hmac", secret: "12345678" })).toEqual({
    ok: true,
    value: {
      secret: "12345678",
      settings: {
        signature: "hmac",
        hmac: { header: "X-Signature", algorithm: "sha256", encoding: "hex", prefix: "" },
        ...STANDARD,
      },
    },
  });
});

it.each([
  [{}, "signature"],
  [{ signature: "GitHub" }, "signature"],
  [{ signature: "slack" }, "secret"],
  [{ signature: "stripe" }, "secret"],
  [{ signature: "none", secret: "12345678" }, "secret"],
  [{ signature: "github", secret: "short" }, "secret"],
  [{ signature: "github", hmac: {} }, "hmac"],
  [{ signature: "hmac", hmac: { algorithm: "md5" } }, "hmac.algorithm"],
  [{ signature: "hmac", hmac: { header: "a b" } }, "hmac.header"],
  [{ signature: "github", maxPerMinute: 0 }, "maxPerMinute"],
  [{ signature: "github", maxBytes: 2_000_000 }, "maxBytes"],
  [{ signature: "github", filter: { json: { "a..b": 1 } } }, "filter.json.a..b"],
  [{ signature: "github", filter: { header: { a: {} } } }, "filter.header.a"],
  [{ signature: "github", filter: { header: { a: [] } } }, "filter.header.a"],
  [{ signature: "github", idHeader: "a\nb" }, "idHeader"],
])("%j is refused, with the parameter's name", (args, name) => {
  const refused = made(args);
  expect(refused).toMatchObject({ ok: false, code: "bad-request" });
  expect(refused.ok ? "" : refused.text).toContain(`The parameter '${name}' `);
});

const settings = { signature: "github", idHeader: "X-Id", maxPerMinute: 60, maxBytes: 2_048 } as const;
const changed = (args: object, of: Parameters<typeof changedWebhook>[0] = settings) =>
  changedWebhook(of, JSON.stringify(args));

it("is changed where something is named, and keeps the rest", () => {
  expect(changed({ maxPerMinute: 7, filter: { json: { action: "opened" } } })).toEqual({
    ok: true,
    value: {
      settings: { ...settings, maxPerMinute: 7, filter: { header: {}, json: { action: ["opened"] } } },
      rotate: false,
      overlapMs: 86_400_000,
    },
  });
  const { idHeader: _, ...without } = settings;
  expect(changed({ idHeader: null, rotate: true, overlap: 60 })).toEqual({
    ok: true,
    value: { settings: without, rotate: true, overlapMs: 60_000 },
  });
});

it.each([
  {},
  { signature: "none" },
  { hmac: {} },
  { rotate: false },
  { overlap: 5 },
  { rotate: true, overlap: 700_000 },
  { maxBytes: "x" },
])("a change by %j is refused", (args) => {
  expect(changed(args)).toMatchObject({ ok: false, code: "bad-request" });
});

it("without a signature has no secret to change", () => {
  expect(changed({ secret: "12345678" }, { ...settings, signature: "none" })).toMatchObject({ ok: false });
});
