// What one tenant's container may do to others through what they share, on a real Docker engine: the door to the API, the engine's
// name service, the networks of whoever runs the host.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../../runtime-host/container/contract.ts";
import { dockerLacks } from "../../support/docker-lacks.ts";
import { type Bench, jobOf, openBench, type Ran } from "./actions.ts";

const missing = await dockerLacks("what tenants share on the Docker engine");
const resultOf = (ran: Ran) => JSON.parse(ran.answer.outcome.result);

/** Sends the head and one byte of many requests, and tells how each went. */
const HALVES = `const net=require('node:net');function main({count}){const {hostname,port}=new URL(process.env.__OW_API_HOST);
  const half='POST /api/v1/x HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: 1000\\r\\n\\r\\n{';const statuses={};
  for(let i=0;i<count;i++){const s=net.connect(port,hostname,()=>s.write(half));s.on('error',()=>{});
    s.on('data',d=>{const status=String(d).slice(9,12);statuses[status]=(statuses[status]||0)+1})}
  return new Promise(r=>setTimeout(()=>r(statuses),4000))}`;
const CALL = `const http=require('node:http');function main(){const began=Date.now();return new Promise((done,fail)=>{
  const q=http.request(process.env.__OW_API_HOST+'/api/v1/x',{method:'POST'},a=>a.resume().on('end',()=>done({status:a.statusCode,took:Date.now()-began})));
  q.on('error',fail);q.end('{}')})}`;

describe.skipIf(missing !== null)("a tenant beside others", () => {
  let api: Server;
  let bench: Bench;
  const name = `tenants-${process.pid}`;
  const job = (source: string, changes: Parameters<typeof jobOf>[2] = {}): Job =>
    jobOf(bench.kind("nodejs"), source, { limits: { memory: 128 }, ...changes });
  const neighbours = { namespaceId: "99999999-71f6-4ed5-8c54-816aa4f8c502", path: "neighbour/caller" };

  beforeAll(async () => {
    api = createServer((request, response) => request.resume().on("end", () => response.end("{}")));
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    bench = await openBench({
      engine: "docker",
      name,
      apiUrl: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    });
  }, 60_000);
  afterAll(async () => {
    await bench.close();
    api.close();
  }, 60_000);

  it("that sends the half of 70 requests costs a neighbour nothing of the API", async () => {
    const call = job(CALL, neighbours);
    await bench.run(call);
    const attack = bench.run(job(HALVES, { args: '{"count":70}' }));
    let over = false;
    void attack.finally(() => {
      over = true;
    });
    const seen: { status: number; took: number }[] = [];
    while (!over) seen.push(resultOf(await bench.run(call)));
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
    expect(Math.max(...seen.map(({ took }) => took))).toBeLessThan(2_000);
    expect(resultOf(await attack)).toEqual({ 429: 70 - 32 });
  }, 60_000);
});
