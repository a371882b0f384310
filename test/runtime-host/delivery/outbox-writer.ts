// Child process of outbox.test.ts: appends without end and prints each number once it is kept, until it is killed.

import { writeSync } from "node:fs";
import { Outbox } from "../../../runtime-host/delivery/outbox.ts";
import { createLogger } from "../../../runtime-host/program/logger.ts";

const { outbox } = Outbox.open({
  dir: process.argv[2] as string,
  bounds: { records: 1e9, bytes: 1e12 },
  fsync: false,
  log: createLogger({ level: "error" }),
  changed: () => {},
  segmentBytes: 100_000,
});

for (let number = 0; ; number++) {
  const text = JSON.stringify({ number, pad: "x".repeat(number % 3000) });
  outbox.append([{ id: number.toString(16).padStart(32, "0"), attempt: 1, shard: 0, text }], () => {
    writeSync(1, `${number}\n`);
  });
}
