import { expect, test } from "vitest";
import { absenceOf, entryOf } from "../../../durable-objects/scheduler/roster-entry.ts";
import { reportOf, START } from "../calls.ts";

const STATE = { scheduler: "h/0", connected: true, draining: false, epoch: 4, now: START };

test("the roster hears of a host what it reports, and nothing that it does not", () => {
  const { host, memory, engine, build, blackbox, runtimes } = reportOf();
  const told = { host, memory, engine, build, blackbox, runtimes };
  expect(entryOf(reportOf(), STATE)).toEqual({
    ...{ scheduler: "h/0", connected: true, draining: false, epoch: 4, since: START },
    ...told,
  });
  const more = { unhealthy: "disk full", impaired: "no registry", labels: ["gpu"] };
  expect(entryOf(reportOf(more), STATE)).toMatchObject(more);
});

test("of a host that was never seen it hears that it is not there", () => {
  expect(absenceOf("my-host/3", { now: START, epoch: 9 })).toMatchObject({
    ...{ scheduler: "my-host/3", host: "my-host", connected: false, since: START, epoch: 9, runtimes: [] },
  });
});
