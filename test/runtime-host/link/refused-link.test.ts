// A host whose token or place is refused: how long it goes on, and what it says.

import { expect, test } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { linkTo, SOON, scheduler, timing, withCleanups } from "./link-world.ts";

withCleanups();

test("a token that was good before and is refused is tried again without end, but ever more slowly", async () => {
  let isGood = true;
  let dials = 0;
  const server = await scheduler({
    verify: () => {
      if (isGood) return 200;
      dials++;
      return 401;
    },
  });
  const { link, refused, redial } = linkTo(server.url);
  await server.until(() => server.received.length === 1);
  isGood = false;
  server.sockets[0]?.terminate();
  const pauses: number[] = [];
  for (let number = 1; number <= 12; number++) {
    pauses.push(await redial(number));
    // It is not dialled before its time.
    expect(dials).toBeLessThanOrEqual(number);
  }
  for (const [number, pause] of pauses.entries()) {
    const full = Math.min(timing.longestPauseMs, timing.firstPauseMs * 2 ** number);
    expect(pause).toBeGreaterThanOrEqual(Math.floor(full / 2));
    expect(pause).toBeLessThanOrEqual(full);
  }
  expect(link.open).toBe(false);
  expect(refused).not.toHaveBeenCalled();
});

test("a token that was never good is told after a few tries, and the link stays closed", async () => {
  let dials = 0;
  const server = await scheduler({
    verify: () => {
      dials++;
      return 401;
    },
  });
  const { refused, redial, stays } = linkTo(server.url);
  for (let number = 1; number <= 2; number++) await redial(number);
  await waitFor(() => expect(refused).toHaveBeenCalledTimes(1), SOON);
  expect(refused.mock.calls[0]?.[0]).toMatch(/does not accept this host's token \(401\)/);
  await stays();
  expect(dials).toBe(3);
});

test("a platform that answers otherwise in between was not refusing the token", async () => {
  const answers = [401, 401, 503, 401, 401, 200];
  const server = await scheduler({ verify: () => answers.shift() ?? 200 });
  const { refused, redial } = linkTo(server.url);
  for (let number = 1; number <= 5; number++) await redial(number);
  await server.until(() => server.received.length === 1);
  expect(refused).not.toHaveBeenCalled();
});

test("while another process of the host is in the way it waits for its death to be noticed, and then says so", async () => {
  // The other one is seen to be dead when the link's own clock says so: what is answered hangs on no other.
  let elapsed = () => 0;
  const server = await scheduler({ verify: () => (elapsed() < timing.deadAfterMs ? 409 : 200) });
  const first = linkTo(server.url);
  const began = first.clock.now();
  elapsed = () => first.clock.now() - began;
  for (let number = 1; elapsed() < timing.deadAfterMs; number++) await first.redial(number);
  await server.until(() => server.received.length === 1);
  expect(first.refused).not.toHaveBeenCalled();
  elapsed = () => 0;
  const second = linkTo(server.url);
  const again = second.clock.now();
  for (let number = 1; second.clock.now() - again < timing.occupiedMs; number++) await second.redial(number);
  await waitFor(() => expect(second.refused).toHaveBeenCalledTimes(1), SOON);
  expect(second.refused.mock.calls[0]?.[0]).toMatch(/does not let this process in: .*--take-over/);
  await second.stays();
});

test("it takes over once: whoever is replaced is told by 1008 and does not come back", async () => {
  const server = await scheduler();
  const { refused, redial, stays } = linkTo(server.url, { takeOver: true });
  await server.until(() => server.received.length === 1);
  expect(server.requests[0]?.url).toMatch(/&takeover=1$/);
  server.sockets[0]?.terminate();
  await redial(1);
  await server.until(() => server.received.length === 2);
  expect(server.requests[1]?.url).not.toMatch(/takeover/);
  server.sockets[0]?.close(1008, "another process of this host has taken over");
  await waitFor(() => expect(refused).toHaveBeenCalledTimes(1), SOON);
  expect(refused.mock.calls[0]?.[0]).toMatch(/has cut the line: another process of this host has taken over/);
  await stays();
  expect(server.requests).toHaveLength(2);
});
