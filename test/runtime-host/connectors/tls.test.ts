// Real brokers that speak TLS: who vouches for a certificate, and whose name it must bear,
// whatever address was dialled.

import { afterAll, beforeAll, expect, it } from "vitest";
import { parseAllowList } from "../../../runtime-host/connectors/addresses.ts";
import { connectBroker } from "../../../runtime-host/connectors/brokers.ts";
import { certificateFault } from "../../../runtime-host/connectors/certificate-fault.ts";
import type { SubscriptionSettings } from "../../../src/entities/subscription.ts";
import { type Broker, startMosquitto, startNats, withBrokers } from "../../support/brokers.ts";
import { type Authority, startAuthority } from "../../support/certificates.ts";

const KINDS = { mqtt: startMosquitto, nats: startNats };
const SCHEMES = { mqtt: "mqtts", nats: "tls" };
const KNOWN_TO_NOBODY = /nobody who is well known: give .* as 'ca'/;

withBrokers("TLS of brokers", ["mosquitto", "nats-server", "openssl"], () => {
  let authority: Authority;
  let stranger: Authority;
  const named = new Map<string, Broker>();
  const numbered = new Map<string, Broker>();

  beforeAll(async () => {
    authority = startAuthority();
    stranger = startAuthority();
    for (const [kind, start] of Object.entries(KINDS)) {
      named.set(kind, await start({ tls: authority.issue("DNS:localhost") }));
      numbered.set(kind, await start({ tls: authority.issue("IP:127.0.0.1") }));
    }
  });
  afterAll(async () => {
    for (const broker of [...named.values(), ...numbered.values()]) await broker.close();
    authority?.close();
    stranger?.close();
  });

  /** "connected", or why not. */
  async function dial(
    kind: keyof typeof KINDS,
    { port }: { port: number },
    host: string,
    ca?: string,
  ): Promise<string> {
    const common = { isJSONData: false, isBinaryValue: false, ...(ca === undefined ? {} : { ca }) };
    const url = `${SCHEMES[kind]}://${host}:${port}`;
    const settings: SubscriptionSettings =
      kind === "mqtt"
        ? { kind, url, topics: ["t"], qos: 1, version: 5, sessionExpiry: 60, ...common }
        : { kind, url, subject: "t", deliver: "new", ...common };
    const allowed = parseAllowList("127.0.0.1");
    if (allowed === null) throw new Error("no list");
    const receiver = { take: () => undefined, full: false, release: () => undefined };
    try {
      const connection = await connectBroker({ id: "tls", settings, credentials: {}, allowed, receiver });
      await connection.close({ forget: true });
      return "connected";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  it.each(["mqtt", "nats"] as const)("%s: the authority is that which was given, and no other", async (kind) => {
    const broker = named.get(kind)!;
    expect(await dial(kind, broker, "localhost", authority.ca)).toBe("connected");
    expect(await dial(kind, broker, "localhost", `${stranger.ca}${authority.ca}`)).toBe("connected");
    expect(await dial(kind, broker, "localhost", stranger.ca)).toMatch(/vouched for by nobody whom 'ca' names/);
    expect(await dial(kind, broker, "localhost")).toMatch(KNOWN_TO_NOBODY);
  });

  it.each(["mqtt", "nats"] as const)(
    "%s: the name is that which was given, not the address it led to",
    async (kind) => {
      expect(await dial(kind, numbered.get(kind)!, "localhost", authority.ca)).toMatch(
        /certificate is not for localhost$/,
      );
      expect(await dial(kind, numbered.get(kind)!, "127.0.0.1", authority.ca)).toBe("connected");
      expect(await dial(kind, named.get(kind)!, "127.0.0.1", authority.ca)).toMatch(
        /certificate is not for 127\.0\.0\.1$/,
      );
    },
  );
});

it("what is wrong with a certificate is said for its owner, and of other errors nothing", () => {
  const fault = (code: string, hasAuthority = false) =>
    certificateFault(Object.assign(new Error("by Node"), { code }), { hostname: "broker.example", hasAuthority });
  expect(fault("CERT_HAS_EXPIRED")).toBe("the broker's certificate has expired");
  expect(fault("CERT_NOT_YET_VALID")).toBe("the broker's certificate is not valid yet");
  expect(fault("SELF_SIGNED_CERT_IN_CHAIN")).toMatch(KNOWN_TO_NOBODY);
  expect([fault("ECONNREFUSED"), certificateFault("text", { hostname: "a", hasAuthority: false })]).toEqual([
    null,
    null,
  ]);
});
