// Loaded into the runtime host by the bench (NODE_OPTIONS): when each call's frame comes, when its container is asked
// and has answered, and when its result leaves. On SIGUSR2 what was seen is written to the
// file the bench has named, and forgotten.

import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";
import { PerformanceObserver, performance } from "node:perf_hooks";
import WebSocket from "ws";

const file = process.env.EDGEWHISK_BENCH_TRACE;
const IDS = /"id":"([0-9a-f]{32})"/g;

if (file !== undefined && process.argv[1]?.endsWith("runtime-host/main.ts")) trace();

function trace() {
  /** By id: ns of the machine's monotonic clock. */
  const calls = new Map();
  /** [begin, end] in the same. */
  const collections = [];
  const seen = (id, what) => {
    const call = calls.get(id) ?? {};
    call[what] ??= now();
    calls.set(id, call);
  };

  const { emit, send } = WebSocket.prototype;
  WebSocket.prototype.emit = function (event, data, ...rest) {
    if (event === "message") frame(data.toString(), '"t":"run"', "heard");
    return emit.call(this, event, data, ...rest);
  };
  WebSocket.prototype.send = function (data, ...rest) {
    const sent = send.call(this, data, ...rest);
    if (typeof data === "string") frame(data, '"t":"re', "told");
    return sent;
  };
  function frame(text, mark, what) {
    if (text.includes(mark)) for (const [, id] of text.matchAll(IDS)) seen(id, what);
  }

  const runs = new WeakMap();
  subscribe("undici:request:create", ({ request }) => {
    if (request.path !== "/run") return;
    const id = /"activation_id":"([0-9a-f]{32})"/.exec(String(request.body))?.[1];
    if (id === undefined) return;
    runs.set(request, id);
    seen(id, "asked");
  });
  subscribe("undici:request:trailers", ({ request }) => {
    const id = runs.get(request);
    if (id !== undefined) seen(id, "answered");
  });

  new PerformanceObserver((list) => {
    const offset = now() - performance.now() * 1e6;
    for (const { startTime, duration } of list.getEntries())
      collections.push([startTime * 1e6 + offset, (startTime + duration) * 1e6 + offset]);
  }).observe({ entryTypes: ["gc"] });

  process.on("SIGUSR2", () => {
    writeFileSync(file, JSON.stringify({ calls: [...calls], collections }));
    calls.clear();
    collections.length = 0;
  });
}

function now() {
  return Number(process.hrtime.bigint());
}
