// Signatures, as GitHub, Stripe, Slack and others make them: with Node's crypto here, and forged in many ways.

import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { checkSignature } from "../../src/events/signature.ts";
import type { WebhookSettings } from "../../src/events/webhook.ts";

const SECRET = "It's a Secret to Everybody";
const NOW = 1_700_000_000_000;
const SECONDS = String(NOW / 1_000);
const BODY = Buffer.from('{"a":1.0,"ü":"é"}');

type Signed = Pick<WebhookSettings, "signature" | "hmac">;

function check(
  settings: Signed,
  headers: Record<string, string>,
  options: { body?: Uint8Array; secrets?: string[]; now?: number } = {},
) {
  const { body = BODY, secrets = [SECRET], now = NOW } = options;
  return checkSignature(settings, secrets, { headers: new Headers(headers), body, now });
}

const mac = (text: string, algorithm = "sha256", encoding: "hex" | "base64" = "hex") =>
  createHmac(algorithm, SECRET).update(text).update(BODY).digest(encoding);

const hmac = { header: "X-Sig", algorithm: "sha256", encoding: "hex", prefix: "" } as const;

const right: [string, Signed, Record<string, string>][] = [
  ["github", { signature: "github" }, { "X-Hub-Signature-256": `sha256=${mac("")}` }],
  ["stripe", { signature: "stripe" }, { "Stripe-Signature": `t=${SECONDS},v0=00,v1=${mac(`${SECONDS}.`)}` }],
  ["stripe, rolled", { signature: "stripe" }, { "Stripe-Signature": `t=${SECONDS}, v1=00, v1=${mac(`${SECONDS}.`)}` }],
  [
    "slack",
    { signature: "slack" },
    { "X-Slack-Signature": `v0=${mac(`v0:${SECONDS}:`)}`, "X-Slack-Request-Timestamp": SECONDS },
  ],
  ["hmac", { signature: "hmac", hmac }, { "X-Sig": mac("").toUpperCase() }],
  [
    "hmac, base64 of SHA-512 with its time in ms",
    {
      signature: "hmac",
      hmac: { ...hmac, algorithm: "sha512", encoding: "base64", prefix: "v1,", timestampHeader: "X-At" },
    },
    { "X-Sig": `v1,${mac(`${NOW}.`, "sha512", "base64")}`, "X-At": String(NOW) },
  ],
];

it.each(right)("%s: the right one passes, by any of the secrets", async (_, settings, headers) => {
  expect(await check(settings, headers)).toEqual({ ok: true, value: true });
  expect(await check(settings, headers, { secrets: ["another", SECRET] })).toEqual({ ok: true, value: true });
});

it.each(right)("%s: another body, secret, or any other text is refused", async (_, settings, headers) => {
  const refused = { ok: false, code: "bad-signature" };
  expect(await check(settings, headers, { body: Buffer.from(`${BODY} `) })).toMatchObject(refused);
  expect(await check(settings, headers, { secrets: ["another"] })).toMatchObject(refused);
  expect(await check(settings, headers, { secrets: [] })).toMatchObject(refused);
  expect(await check(settings, {})).toMatchObject(refused);
  for (const [name, value] of Object.entries(headers)) {
    const { [name]: _gone, ...rest } = headers;
    expect(await check(settings, rest)).toMatchObject(refused);
    for (const forged of ["", "x", value.slice(0, -1), `${value.slice(0, -2)}zz`, `${value}0`, "\u00ff".repeat(3)]) {
      expect(await check(settings, { ...headers, [name]: forged })).toMatchObject(refused);
    }
  }
});

it.each(right.filter(([name]) => /stripe|slack|time/.test(name)))(
  "%s: not when it is old",
  async (_, settings, headers) => {
    expect(await check(settings, headers, { now: NOW + 299_000 })).toMatchObject({ ok: true });
    for (const now of [NOW + 301_000, NOW - 301_000]) {
      const refused = await check(settings, headers, { now });
      expect(refused.ok ? "" : refused.text).toContain("five minutes");
    }
  },
);

it("none takes everything", async () => {
  expect(await check({ signature: "none" }, {}, { secrets: [] })).toEqual({ ok: true, value: true });
});
