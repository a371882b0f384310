// What one tenant's container may do to others through what they share, on a real Docker engine: the door to the API,
// the engine's name service, the networks of whoever runs the host.

import { execFile } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../../runtime-host/container/contract.ts";
import { connectDocker } from "../../../runtime-host/engine/docker/connect.ts";
import { namesFor, PLAIN } from "../../../runtime-host/engine/docker/network.ts";
import { dockerLacks } from "../../support/docker-lacks.ts";
import { type Lan, noLan, openLan } from "../../support/lan.ts";
import { slowness } from "../../support/machine-pace.ts";
import { type Bench, jobOf, openBench, type Ran } from "./actions.ts";

const missing = await dockerLacks("what tenants share on the Docker engine");
const resultOf = (ran: Ran) => JSON.parse(ran.answer.outcome.result);

/** Sends the head and one byte of many requests, and tells how each went. */
const HALVES = `const net=require('node:net');function main({count}){const {hostname,port}=new URL(process.env.__OW_API_HOST);
  const half='POST /api/v1/x HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: 1000\\r\\n\\r\\n{';const statuses={};
  for(let i=0;i<count;i++){const s=net.connect(port,hostname,()=>s.write(half));s.on('error',()=>{});
    s.on('data',d=>{const status=String(d).slice(9,12);statuses[status]=(statuses[status]||0)+1})}
  return new Promise(r=>setTimeout(()=>r(statuses),12000))}`;
const CALL = `const http=require('node:http');function main(){const began=Date.now();return new Promise((done,fail)=>{
  const q=http.request(process.env.__OW_API_HOST+'/api/v1/x',{method:'POST'},a=>a.resume().on('end',()=>done({status:a.statusCode,took:Date.now()-began})));
  q.on('error',fail);q.end('{}')})}`;

/** What the engine's name server, and whichever resolv.conf names, say about neighbours. */
const ASK = `import json, socket, re
def main(a):
    out = {"names": {}, "ask": []}
    own = open("/etc/hosts").read().split()
    for it in a["addresses"] + a["names"]:
        if it in own: continue
        try: out["names"][it] = socket.gethostbyaddr(it)[0] if it[0].isdigit() else socket.gethostbyname(it)
        except OSError: pass
    ports = [53] + [int(l.split()[1].split(":")[1], 16) for f in ("udp", "tcp") for l in open("/proc/net/" + f) if ": 0B00007F:" in l]
    for port in ports:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            s = socket.socket(socket.AF_INET, kind)
            s.settimeout(1)
            try:
                s.connect(("127.0.0.11", port))
                s.send(b"x")
                out["ask"].append(port)
            except OSError: pass
    return out`;

/** Calls of the kernel that a container has no business with. */
const CALLS = `import ctypes, errno, socket
def main(a):
    libc = ctypes.CDLL(None, use_errno=True)
    def call(number):
        buffer = ctypes.create_string_buffer(256)
        result = libc.syscall(number, 4, buffer, 0, 0, 0, 0)
        return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]
    out = {"io_uring_setup": call(425), "io_uring_enter": call(426), "io_uring_register": call(427), "unshare": call(272), "bpf": call(321)}
    try: socket.socket(40, socket.SOCK_STREAM); out["vsock"] = "done"
    except OSError as e: out["vsock"] = errno.errorcode[e.errno]
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    return out`;

const TABLE = "/proc/sys/net/netfilter/nf_conntrack_count";
/** Sends one packet to each of 40,000 ports. */
const MANY = `const dgram=require('node:dgram');async function main({host}){const s=dgram.createSocket('udp4');s.on('error',()=>{});let sent=0,refused=0;
  for(let port=1024;port<41024;port++){await new Promise(r=>s.send('x',port,host,e=>{if(e)refused++;r()}));sent++}
  s.close();return {sent,refused}}`;

/** What can be connected to, and what names are. */
const REACH = `const net=require('node:net'),dns=require('node:dns').promises;async function main({targets,names}){
  const reach=([host,port])=>new Promise(r=>{const s=net.connect({host,port});s.setTimeout(2500,()=>{s.destroy();r(false)}).on('connect',()=>{s.destroy();r(true)}).on('error',()=>r(false))});
  const found=await Promise.all(targets.map(reach));
  const known=await Promise.all(names.map(n=>dns.lookup(n,{family:4}).then(a=>a.address,e=>e.code)));
  const api=await fetch(process.env.__OW_API_HOST+'/api/v1').then(r=>r.text(),e=>String(e.cause??e));
  return {reached:targets.filter((_,i)=>found[i]).map(t=>t.join(':')),known,api,host:process.env.__OW_API_HOST}}`;

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
  });
  afterAll(async () => {
    await bench.close();
    api.close();
  });

  it("that sends the half of 70 requests costs a neighbour nothing of the API", async () => {
    const call = job(CALL, neighbours);
    await bench.run(call);
    const before = slowness();
    const attack = bench.run(job(HALVES, { args: '{"count":70}' }));
    let over = false;
    void attack.finally(() => {
      over = true;
    });
    const seen: { status: number; took: number }[] = [];
    while (!over) seen.push(resultOf(await bench.run(call)));
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
    expect(Math.max(...seen.map(({ took }) => took)) / Math.max(before, slowness())).toBeLessThan(2_000);
    // Who is read and sends nothing is ended; the others of that container wait for these, and for nobody else.
    expect(resultOf(await attack)).toEqual({ 408: 32 });
  });

  it("learns no neighbour's name, neither by address nor from the engine itself", async () => {
    const docker = await connectDocker();
    const filters = { label: [`io.edgewhisk.host=${name}`] };
    const addresses: string[] = [];
    const names: string[] = [];
    for (const each of await docker.listContainers({ filters })) {
      const { IPAddress = "" } = each.NetworkSettings.Networks.edgewhisk ?? {};
      if (IPAddress !== "") addresses.push(IPAddress);
      names.push((each.Names[0] ?? "").slice(1), each.Id.slice(0, 12));
    }
    expect(addresses.length).toBeGreaterThan(0);
    const asking = jobOf(bench.kind("python"), ASK, { args: JSON.stringify({ addresses, names }) });
    const owned = resultOf(await bench.run(asking));
    for (const each of names) expect(each).toMatch(/^(edgewhisk-[0-9a-f]{16}|[0-9a-f]{12})$/);
    if (noLan() === null) expect(owned).toEqual({ names: {}, ask: [] });
    else expect(JSON.stringify(owned)).not.toMatch(/guest|neighbour|nodejs/);
  });

  it("has no IPv6, which nothing here would close", async () => {
    const source = `function main(){const all=Object.values(require('node:os').networkInterfaces()).flat();
      return {found:all.filter(i=>i.family==='IPv6'&&!i.internal).map(i=>i.address),v4:all.filter(i=>i.family==='IPv4').length}}`;
    expect(resultOf(await bench.run(job(source)))).toEqual({ found: [], v4: 2 });
  });

  it("is told the API's address, the same after each start of its host, and one that others reach as well", async () => {
    const state = mkdtempSync(join(tmpdir(), "edgewhisk-stable-"));
    const apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const told = async (): Promise<string> => {
      const again = await openBench({ engine: "docker", name: `${name}-stable`, state, apiUrl });
      try {
        const source = "function main(){return {host:process.env.__OW_API_HOST}}";
        const { host } = resultOf(await again.run(jobOf(again.kind("nodejs"), source)));
        expect((await fetch(`${host}/api/v1`)).status).toBe(200);
        return host;
      } finally {
        await again.close();
      }
    };
    try {
      expect(await told()).toBe(await told());
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });

  it("has neither io_uring nor a way to the hypervisor, nor namespaces of its own", async () => {
    expect(resultOf(await bench.run(jobOf(bench.kind("python"), CALLS)))).toEqual({
      io_uring_setup: "EPERM",
      io_uring_enter: "EPERM",
      io_uring_register: "EPERM",
      unshare: "EPERM",
      bpf: "EPERM",
      vsock: "EPERM",
    });
  });
});

const SOCKET = "/var/run/docker.sock";
const noUser =
  missing ??
  (process.getuid?.() !== 0
    ? "only root can become somebody else"
    : process.env.DOCKER_HOST !== undefined || !existsSync(SOCKET)
      ? `no engine at ${SOCKET}`
      : null);
if (missing === null && noUser !== null) console.log(`not run: hosts of two users: ${noUser}`);

describe.skipIf(noUser !== null)("hosts of root and of somebody else on one engine", () => {
  it("both let their containers reach the API, whoever came first", async () => {
    const nobody = 65_534;
    const folder = mkdtempSync(join(tmpdir(), "edgewhisk-nobody-"));
    chownSync(folder, nobody, nobody);
    const api = createServer((_request, response) => response.end("here"));
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    const apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const roots = await openBench({ engine: "docker", name: `root-${process.pid}`, apiUrl });
    try {
      const script = new URL("reach-from-user.ts", import.meta.url).pathname;
      const become = [`--reuid=${nobody}`, `--regid=${statSync(SOCKET).gid}`, "--clear-groups"];
      const args = [...become, process.execPath, script, `nobody-${process.pid}`, folder, apiUrl];
      const { stdout } = await promisify(execFile)("setpriv", args, { env: { PATH: process.env.PATH, HOME: folder } });
      expect(JSON.parse(stdout)).toEqual({ uid: nobody, text: "here" });
      const source =
        "async function main(){return {text:await (await fetch(process.env.__OW_API_HOST+'/api/v1')).text()}}";
      expect(resultOf(await roots.run(jobOf(roots.kind("nodejs"), source)))).toEqual({ text: "here" });
    } finally {
      await roots.close();
      api.close();
      rmSync(folder, { recursive: true, force: true });
      const docker = await connectDocker();
      await docker.getNetwork(namesFor({ ...PLAIN, uid: nobody }).network).remove();
    }
  });
});

const noNetwork = missing ?? noLan();
if (missing === null && noNetwork !== null) console.log(`not run: the operator's networks: ${noNetwork}`);

describe.skipIf(noNetwork !== null)("a tenant on a machine whose network is private", () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-lan-"));
  const nameFile = join(folder, "resolv.conf");
  const PLATFORM = 9_000;
  const OTHER = 9_001;
  let lan: Lan;
  let mine: Server;
  const networks = new Set<string>();

  beforeAll(async () => {
    lan = await openLan([PLATFORM, OTHER]);
    writeFileSync(nameFile, `nameserver ${lan.other}\n`);
    mine = createServer((_request, response) => response.end("mine"));
    await new Promise<void>((resolve) => mine.listen(0, "0.0.0.0", resolve));
  });
  afterAll(async () => {
    mine.close();
    await lan.close();
    const docker = await connectDocker();
    for (const network of networks) await docker.getNetwork(network).remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What an action reaches on a host of a platform at `apiUrl`. */
  async function reaches(apiUrl: string, allow: readonly string[], apiHost = "") {
    networks.add(namesFor({ ...PLAIN, allow, apiHost: apiHost === "" ? apiUrl : null }).network);
    const name = `lan-${process.pid}-${networks.size}`;
    const bench = await openBench({
      engine: "docker",
      name,
      apiUrl,
      network: { apiHost, allow, nameFiles: [nameFile] },
    });
    try {
      const { port } = mine.address() as AddressInfo;
      const targets = [
        [lan.other, PLATFORM],
        [lan.other, OTHER],
        [lan.own, port],
        ["169.254.1.1", 80],
      ];
      const args = JSON.stringify({ targets, names: ["machine.example"] });
      return resultOf(await bench.run(jobOf(bench.kind("nodejs"), REACH, { args })));
    } finally {
      await bench.close();
    }
  }

  it("reaches name servers and the platform there, by the address that all others use, and nothing else", async () => {
    const platform = `http://${lan.other}:${PLATFORM}`;
    expect(await reaches(platform, [])).toEqual({
      reached: [`${lan.other}:${PLATFORM}`],
      known: [lan.other],
      api: String(PLATFORM),
      host: platform,
    });
  });

  it("reaches a platform on this very machine at its private address, and nothing else of it", async () => {
    const { port } = mine.address() as AddressInfo;
    const platform = `http://${lan.own}:${port}`;
    expect(await reaches(platform, [])).toEqual({
      reached: [`${lan.own}:${port}`],
      known: [lan.other],
      api: "mine",
      host: platform,
    });
  });

  it.skipIf(!existsSync(TABLE))("cannot fill the table of connections that all on the machine share", async () => {
    const apiUrl = `http://127.0.0.1:${(mine.address() as AddressInfo).port}`;
    const allow = [`${lan.own.replace(/1$/, "0")}/24`];
    const name = `table-${process.pid}`;
    const network = { apiHost: "gateway", allow, nameFiles: [nameFile] };
    networks.add(namesFor({ ...PLAIN, allow }).network);
    const bench = await openBench({ engine: "docker", name, apiUrl, network });
    try {
      const count = () => Number(readFileSync(TABLE, "utf8"));
      const before = count();
      const run = bench.run(jobOf(bench.kind("nodejs"), MANY, { args: JSON.stringify({ host: lan.other }) }));
      let most = before;
      const looking = setInterval(() => {
        most = Math.max(most, count());
      }, 20);
      expect(resultOf(await run)).toMatchObject({ sent: 40_000 });
      clearInterval(looking);
      // Others use the machine as well.
      expect(most - before).toBeLessThan(12_000);
      expect(most - before).toBeGreaterThan(2_000);
    } finally {
      await bench.close();
    }
  });

  it("reaches what is allowed besides, but never this machine", async () => {
    const { port } = mine.address() as AddressInfo;
    const { reached, known, api, host } = await reaches(
      `http://127.0.0.1:${port}`,
      [`${lan.own.replace(/1$/, "0")}/24`],
      "gateway",
    );
    expect(reached).toEqual([`${lan.other}:${PLATFORM}`, `${lan.other}:${OTHER}`]);
    expect(known).toEqual([lan.other]);
    // Through the forwarder, on the bridge.
    expect(api).toBe("mine");
    expect(host).toMatch(/^http:\/\/\d+\.\d+\.\d+\.1:\d+$/);
  });
});
