// How a host asks which subscriptions are its: how often, and until when.

import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { Connectors } from "../../../runtime-host/connectors/connectors.ts";
import type { HostTurn, TurnAnswer } from "../../../src/protocol/subscriptions.ts";
import { waitFor } from "../../support/wait-for.ts";
import { silent } from "../support.ts";

function connectors() {
  const asked: { turn: HostTurn; answer: (answer: TurnAnswer) => void }[] = [];
  const all = new Connectors({
    boot: "boot",
    api: {
      turn: (turn) => new Promise((answer) => asked.push({ turn, answer })),
      fire: () => Promise.reject(new Error("nothing is fired here")),
      close: async () => {},
    },
    allowed: { holds: () => false } as never,
    connect: () => {
      throw new Error("nobody is dialled here");
    },
    log: silent,
  });
  return { all, asked };
}

const NOTHING: TurnAnswer = { againMs: 0, held: [], granted: [], gone: [] };

it("asks again when it was told to, each time by a higher number", async () => {
  const { all, asked } = connectors();
  all.start();
  for (let number = 0; number < 3; number++) {
    await waitFor(() => expect(asked).toHaveLength(number + 1));
    expect(asked[number]?.turn).toMatchObject({ boot: "boot", number, leaving: false, held: [] });
    asked[number]?.answer(NOTHING);
  }
  all.abort();
});

it("asks no more once it was ended at once, whatever it is answered", async () => {
  const { all, asked } = connectors();
  all.start();
  await waitFor(() => expect(asked).toHaveLength(1));
  all.abort();
  asked[0]?.answer(NOTHING);
  for (let n = 0; n < 50; n++) await turn();
  expect(asked).toHaveLength(1);
});

it("says that it leaves when it ends in order, and not before what was asked is answered", async () => {
  const { all, asked } = connectors();
  all.start();
  await waitFor(() => expect(asked).toHaveLength(1));
  const closed = all.close();
  asked[0]?.answer(NOTHING);
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked[1]?.turn).toMatchObject({ number: 1, leaving: true });
  asked[1]?.answer(NOTHING);
  await closed;
  expect(asked).toHaveLength(2);
});
