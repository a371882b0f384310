// Arguments, results and logs that are too large for a frame lie in the blob store; nobody waits for them longer than
// he must.

import { expect, test } from "vitest";
import type { StoredRecord } from "../../../runtime-host/delivery/outbox-segments.ts";
import { BlobApiError } from "../../../runtime-host/link/blob-api.ts";
import { success } from "../../../src/entities/outcome.ts";
import { waitFor } from "../../support/wait-for.ts";
import { answerOf, idOf, runOf } from "../support.ts";
import { welcomed, withControllers } from "./controller-world.ts";

withControllers();

test("results and logs too large for a frame go through the blob API and are named in the record", async () => {
  const { controller, containers, link, blobs } = welcomed();
  const result = JSON.stringify({ text: "ä".repeat(200_000) });
  const lines = JSON.stringify(Array.from({ length: 1000 }, () => "x".repeat(1000)));
  containers.onRun = (job, listener) => {
    listener.answered(job, answerOf({ outcome: success(result) }));
    listener.collected(job, { lines });
  };
  controller.received(0, [runOf(1)]);
  await waitFor(() => expect(link.sent.at(-1)?.t).toBe("record"));
  const record = link.take().at(-1);
  const completion = record?.t === "record" ? record.completion : undefined;
  expect(completion?.result).toEqual({ blob: `results/${idOf(1)}/1`, size: Buffer.byteLength(result) });
  expect(completion?.logs).toEqual({ blob: `logs/${idOf(1)}/1`, size: lines.length });
  expect(blobs.get(`results/${idOf(1)}/1`)).toBe(result);
  expect(blobs.get(`logs/${idOf(1)}/1`)).toBe(lines);
});

test("a caller does not wait until long logs have gone through the blob API", async () => {
  const { controller, containers, link, outbox } = welcomed();
  const lines = JSON.stringify(Array.from({ length: 1000 }, () => "x".repeat(1000)));
  containers.onRun = (job, listener) => {
    listener.answered(job, answerOf());
    listener.collected(job, { lines });
  };
  controller.received(0, [runOf(1)]);
  await waitFor(() => expect(link.sent.at(-1)?.t).toBe("record"));
  const [result, record] = link.take();
  expect(result).toMatchObject({ t: "result", completion: { result: { inline: '{"ok":true}' } } });
  expect(result?.t === "result" && result.completion.logs).toBe(undefined);
  expect(record).toMatchObject({ completion: { logs: { blob: `logs/${idOf(1)}/1`, size: lines.length } } });
  expect(outbox.count, "only the whole record is kept").toBe(1);
  controller.received(0, [runOf(2, { invocation: { blocking: false } })]);
  await waitFor(() => expect(link.sent).toHaveLength(1));
  expect(link.take()[0]?.t, "nobody waits: one record and no result").toBe("record");
});

test("parts that would fit alone but not together leave the frame too", async () => {
  const { controller, containers, link, blobs } = welcomed();
  const text = JSON.stringify({ quotes: '"\\'.repeat(16_370) });
  const lines = JSON.stringify(['"\\'.repeat(16_370)]);
  expect(text.length).toBeLessThan(64 * 1024);
  containers.onRun = (job, listener) => {
    listener.answered(job, answerOf({ outcome: success(text) }));
    listener.collected(job, { lines });
  };
  controller.received(0, [runOf(1)]);
  await waitFor(() => expect(link.sent).toHaveLength(1));
  expect(blobs.size).toBeGreaterThan(0);
});

test("a large result releases the caller while its logs are still coming", async () => {
  const { controller, containers, link, putBlob } = welcomed();
  const result = JSON.stringify("x".repeat(100_000));
  controller.received(0, [runOf(1)]);
  const [job] = containers.jobs;
  if (job === undefined) throw new Error("no job");
  controller.answered(job, answerOf({ outcome: success(result) }));
  await waitFor(() => expect(link.sent).toMatchObject([{ t: "result", completion: { result: { size: 100_002 } } }]));
  controller.collected(job, { lines: "[]" });
  await waitFor(() => expect(link.sent).toHaveLength(2));
  expect(link.sent[1]).toMatchObject({ t: "record", completion: { result: { blob: `results/${idOf(1)}/1` } } });
  expect(putBlob).toHaveBeenCalledTimes(1);
});

test("an upload that fails is tried again; one that is refused for good is replaced by a text that says so", async () => {
  let failures = 1;
  const flaky = welcomed({
    putBlob: () => (failures-- > 0 ? Promise.reject(new BlobApiError("down", { final: false })) : Promise.resolve()),
  });
  const large = answerOf({ outcome: success(JSON.stringify("x".repeat(100_000))) });
  flaky.containers.onRun = (job, listener) => {
    listener.answered(job, large);
    listener.collected(job, { lines: "[]" });
  };
  flaky.controller.received(0, [runOf(1)]);
  await waitFor(() => expect(flaky.link.sent).toMatchObject([{ t: "record", completion: { statusCode: 0 } }]));
  flaky.outbox.forget(flaky.kept as StoredRecord[]);

  const closed = welcomed({ putBlob: () => Promise.reject(new BlobApiError("413", { final: true })) });
  closed.link.take();
  closed.containers.onRun = flaky.containers.onRun;
  closed.controller.received(0, [runOf(2)]);
  await waitFor(() =>
    expect(closed.link.sent.some((each) => each.t === "record" && each.completion.statusCode === 3)).toBe(true),
  );
});

test("arguments that lie in the blob store are fetched before the run; if they are gone the run ends with an error", async () => {
  const args = { blob: "args/x", size: '{"from":"blob"}'.length };
  const fine = welcomed();
  fine.controller.received(0, [runOf(1, { invocation: { args } })]);
  await waitFor(() => expect(fine.containers.jobs[0]?.args).toBe('{"from":"blob"}'));

  const gone = welcomed({ getBlob: () => Promise.reject(new BlobApiError("404", { final: true })) });
  gone.controller.received(0, [runOf(2, { invocation: { args } })]);
  await waitFor(() =>
    expect(gone.link.sent).toMatchObject([{ t: "record", completion: { statusCode: 3, ran: false, engine: "none" } }]),
  );
  expect(gone.containers.jobs).toHaveLength(0);

  for (const getBlob of [
    () => Promise.resolve(Buffer.from('{"from":')),
    () => Promise.reject(new BlobApiError("terminated", { final: false, cut: true })),
  ]) {
    const damaged = welcomed({ getBlob });
    damaged.controller.received(0, [runOf(4, { invocation: { args } })]);
    await waitFor(() => expect(damaged.link.sent).toMatchObject([{ t: "record", completion: { ran: false } }]));
    damaged.outbox.forget(damaged.kept as StoredRecord[]);
  }

  const down = welcomed({ getBlob: () => Promise.reject(new BlobApiError("timeout", { final: false })) });
  down.controller.received(0, [runOf(3, { invocation: { args } })]);
  await waitFor(() => expect(down.link.sent).toMatchObject([{ t: "refused", reason: "busy" }]));
});
