import { describe, expect, it } from "vitest";
import { BlobApiError } from "../../../runtime-host/link/blob-api.ts";
import type { RecordMessage } from "../../../runtime-host/link/messages.ts";
import { Payloads } from "../../../runtime-host/link/payloads.ts";
import { MAX_FRAME, MAX_INLINE } from "../../../src/protocol/messages.ts";
import { idOf, metaOf, silent } from "../support.ts";

const LARGE = JSON.stringify("x".repeat(MAX_INLINE));
/** Doubled by the quotes of a frame. */
const QUOTED = JSON.stringify('"'.repeat(MAX_FRAME / 5));

function recordOf(result: string, logs = "[]"): RecordMessage {
  return {
    ...{ t: "record", id: idOf(1), attempt: 2, lease: { epoch: 1, counter: 1 }, about: metaOf("hello") },
    completion: {
      ...{ statusCode: 0, result: { inline: result }, size: result.length, duration: 1, endedAgo: 0, timedOut: false },
      ...{ engine: "process", host: "h1", ran: true, logs: { inline: logs } },
    },
  } as RecordMessage;
}

function setUp(refuse: (key: string) => Error | null = () => null) {
  const put: string[] = [];
  const payloads = new Payloads(
    {
      putBlob: async (key) => {
        put.push(key);
        const error = refuse(key);
        if (error !== null) throw error;
      },
    },
    silent,
  );
  const upload = async (message: RecordMessage) =>
    JSON.parse((await payloads.upload(message, message.about)).text) as RecordMessage;
  return { payloads, put, upload };
}

describe("a message", () => {
  it("that fits a frame travels as it is", () => {
    const { payloads } = setUp();
    const message = recordOf('{"ä":1}');
    const encoded = payloads.fitting(message);
    expect(encoded).toEqual({ text: JSON.stringify(message), bytes: Buffer.byteLength(JSON.stringify(message)) });
  });

  it("does not fit where one part is large, or all of it is once it is quoted", () => {
    const { payloads } = setUp();
    expect(payloads.fitting(recordOf(LARGE))).toBeNull();
    expect(payloads.fitting(recordOf("{}", LARGE))).toBeNull();
    expect(payloads.fitting(recordOf(QUOTED, `[${QUOTED}]`))).toBeNull();
  });

  it("leaves only what is large to the blob store, and names it with its size", async () => {
    const { put, upload } = setUp();
    const { completion } = await upload(recordOf(LARGE, '["short"]'));
    expect(put).toEqual([(completion.result as { blob: string }).blob]);
    expect(completion.result).toMatchObject({ size: Buffer.byteLength(LARGE) });
    expect(completion.logs).toEqual({ inline: '["short"]' });
  });

  it("that does not fit as a whole leaves both parts there", async () => {
    const { put, upload } = setUp();
    const { completion } = await upload(recordOf(QUOTED, `[${QUOTED}]`));
    expect(put).toHaveLength(2);
    expect([completion.result, completion.logs].every((each) => each !== undefined && "blob" in each)).toBe(true);
  });

  it("is uploaded once, however often it is sent, also at the same time", async () => {
    const { put, upload } = setUp();
    await Promise.all([upload(recordOf(LARGE)), upload(recordOf(LARGE))]);
    await upload(recordOf(LARGE));
    expect(put).toHaveLength(1);
  });

  it("waits for a platform that is away, and says so in the record where it refuses for good", async () => {
    const away = setUp(() => new BlobApiError("down", { final: false }));
    await expect(away.upload(recordOf(LARGE))).rejects.toThrow("down");
    const refused = setUp(() => new BlobApiError("413", { final: true }));
    const { completion } = await refused.upload(recordOf(LARGE, LARGE));
    expect(completion.statusCode).toBe(3);
    expect(JSON.stringify(completion.result)).toContain("could not be stored");
    expect(JSON.stringify(completion.logs)).toContain("Data might be missing");
  });
});
