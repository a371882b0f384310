// What an action may try against its host and its neighbours, on a real Docker engine,
// each while a neighbour goes on answering.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../../../runtime-host/engine/docker/connect.ts";
import { dockerLacks } from "../../support/docker-lacks.ts";
import { type Bench, errorOf, jobOf, openBench, type Ran } from "./actions.ts";
import { type Neighbour, neighbourOn } from "./neighbour.ts";

const missing = await dockerLacks("isolation on the Docker engine");
const noFirewall = rulesListed() === null ? "iptables cannot be used here" : null;

if (missing !== null) {
  describe.skip(`isolation (${missing})`, () => it("is tested where there is an engine", () => {}));
} else {
  if (noFirewall !== null) console.log(`not run: what needs firewall rules: ${noFirewall}`);
  describe("an action", () => attacks());
}

function attacks(): void {
  let bench: Bench;
  let neighbour: Neighbour;
  const name = `attack-${process.pid}`;
  const state = mkdtempSync(join(tmpdir(), "edgewhisk-isolation-"));
  const attack = (source: string, changes: Parameters<typeof jobOf>[2] = {}): Promise<Ran> =>
    neighbour.during(() => bench.run(jobOf(bench.kind("nodejs"), source, changes)));
  const resultOf = (ran: Ran) => JSON.parse(ran.answer.outcome.result);

  beforeAll(async () => {
    const container = { pids: 128, cpuShares: 0, disk: 64, idleTimeout: 600_000, pauseGrace: 60_000, max: 50 };
    bench = await openBench({ engine: "docker", name, state, container });
    neighbour = await neighbourOn(bench);
  });
  afterAll(async () => {
    await bench.close();
    rmSync(state, { recursive: true, force: true });
  });

  it.skipIf(noFirewall !== null)("reaches no service of the host, at whichever of its addresses", async () => {
    const server = createServer((socket) => socket.end("host"));
    await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
    try {
      const { port } = server.address() as { port: number };
      const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
      const hosts = own.filter((each) => each.family === "IPv4").map((each) => each.address);
      const gateway = new URL(resultOf(await attack("function main(){return {host:process.env.__OW_API_HOST}}")).host);
      expect(hosts).toContain(gateway.hostname);
      const targets = hosts.flatMap((host) => [port, 22, 2375, 2376].map((each) => [host, each]));
      const ran = await attack(CONNECT, {
        args: JSON.stringify({ targets: [...targets, [gateway.hostname, Number(gateway.port)]] }),
      });
      // The forwarder, and nothing else.
      expect(resultOf(ran).reached).toEqual([`${gateway.hostname}:${gateway.port}`]);
    } finally {
      server.close();
    }
  });

  it.skipIf(noFirewall !== null)("reaches no metadata address, because a rule stops it", async () => {
    const before = dropped("169.254.0.0/16");
    const ran = await attack(CONNECT, { args: '{"targets":[["169.254.169.254",80]]}' });
    expect(resultOf(ran).reached).toEqual([]);
    expect(dropped("169.254.0.0/16")).toBeGreaterThan(before);
  });

  it("reaches no other container, by address or by name", async () => {
    const docker = await connectDocker();
    const list = await docker.listContainers({ filters: { label: [`io.edgewhisk.host=${name}`] } });
    const others = list.flatMap((each) => [
      each.NetworkSettings.Networks.edgewhisk?.IPAddress ?? "",
      (each.Names[0] ?? "").slice(1),
    ]);
    expect(others.length).toBeGreaterThan(1);
    // What is in a sandbox has the sandbox's address.
    const targets = others.filter((host) => host !== "").map((host) => [host, 8080]);
    const own = "const own=Object.values(require('node:os').networkInterfaces()).flat().map(i=>i.address);";
    const known = "const known=h=>require('node:dns').promises.lookup(h).then(r=>r.address,()=>null);";
    const source = CONNECT.replace(
      "{",
      `{${own}${known}const all=[];for(const [h,p] of a.targets)if(!own.includes(await known(h)))all.push([h,p]);a.targets=all;`,
    );
    const { reached, tried } = resultOf(await attack(source, { args: JSON.stringify({ targets }) }));
    expect(reached).toEqual([]);
    expect(tried).toBeGreaterThan(1);
  });

  it("sees neither the engine's socket nor the host's files, processes and devices", async () => {
    const secret = join(state, "secret");
    writeFileSync(secret, "secret");
    const ran = await attack(LOOK, {
      args: JSON.stringify({ paths: ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd", state, secret] }),
    });
    expect(resultOf(ran)).toEqual({
      seen: [],
      // Two files to print to, of no length and in nobody else's container.
      mounts: ["/run/edgewhisk-journal-a", "/run/edgewhisk-journal-b"],
      // Its own server and nobody else.
      processes: 1,
      written: [],
      capabilities: "0000000000000000",
      noNewPrivileges: "1",
      seccomp: "2",
    });
  });

  it("that forks without end is held, and ended at its time limit", async () => {
    const source = `const {spawn}=require('node:child_process');let failed=0;
      function main(){const go=()=>{for(let i=0;i<20;i++)try{spawn('sleep',['30']).on('error',()=>failed++)}catch{failed++};setTimeout(go,5)};go();return new Promise(()=>{})}`;
    const ran = await attack(source, { limits: { timeout: 2_000 } });
    expect(errorOf(ran)).toBe("The action exceeded its time limits of 2000 milliseconds.");
  });

  it("that takes more memory than it may is ended and told so", async () => {
    const ran = await attack("function main(){const kept=[];for(;;)kept.push(Buffer.alloc(8e6,1))}", {
      limits: { memory: 128 },
    });
    expect(errorOf(ran)).toBe("The action exhausted its memory and was aborted.");
  });

  it("that floods its log is cut, and says so", async () => {
    const source = "function main(){const line='x'.repeat(999);for(let i=0;i<60000;i++)console.log(line);return {}}";
    const ran = await attack(source, { limits: { logs: 1 } });
    expect(ran.answer.outcome.statusCode).toBe(0);
    expect(ran.lines.at(-1)).toMatch(
      /Logs were truncated because the total bytes size exceeds the limit of 1048576 bytes\.$/,
    );
  });

  it("that writes into its journal what it likes harms only its own logs and memory", async () => {
    const bad = `const fs=require('node:fs');let n=0;function main(w){console.log('before');for(const a of ['/run/edgewhisk-journal-a','/run/edgewhisk-journal-b']){
      if(w.how==='garbage')fs.appendFileSync(a,'garbage');if(w.how==='sparse')fs.truncateSync(a,6e7);
      if(w.how==='forged')for(let i=0;i<60;i++)fs.appendFileSync(a,Buffer.concat(Array(5000).fill(Buffer.from([30,1,1,0,0,0,0,0,0,0,0,0,248,127,2,0,0,0,65,10]))));
      if(w.how==='much'){const fd=fs.openSync(a,'a');for(let i=0;i<100;i++)fs.writeSync(fd,Buffer.alloc(4e6,30))}}return {n:++n}}`;
    const job = jobOf(bench.kind("nodejs"), bad, { limits: { memory: 128 } });
    const run = (how: string) => neighbour.during(() => bench.run({ ...job, args: JSON.stringify({ how }) }));
    for (const how of ["garbage", "sparse", "forged"]) {
      const ran = await run(how);
      expect(ran.answer.outcome.statusCode, how).toBe(0);
      expect(ran.lines[0], how).toBe("stdout: before");
      expect((await run("")).lines, how).toEqual(["stdout: before"]);
    }
    expect((await run("garbage")).lines.at(-1)).toContain("Data might be missing");
    expect(errorOf(await run("much"))).toMatch(/^The action (exhausted its memory|used more disk than it may)/);
  });

  it.each([
    ["files", "fs.writeFileSync('/tmp/'+n++,piece)"],
    [
      "files it deletes at once",
      "const p='/tmp/'+n++;open.push(fs.openSync(p,'w'));fs.writeSync(open.at(-1),piece);fs.unlinkSync(p)",
    ],
    ["empty files without end", "for(let i=0;i<500;i++)fs.writeFileSync('/tmp/'+n++,'')"],
  ])("that fills the disk with %s is ended and told so", async (_, write) => {
    const source = `const fs=require('node:fs');const piece=Buffer.alloc(4e6,1);const open=[];let n=0;
      function main(){const go=()=>{try{${write}}catch(e){if(n<40||e.code!=='EMFILE')throw e};setTimeout(go,10)};go();return new Promise(()=>{})}`;
    const ran = await attack(source, { limits: { memory: 512, timeout: 40_000 } });
    expect(errorOf(ran)).toBe("The action used more disk than it may and was aborted.");
  });

  it("that writes one endless file comes to its limit", async () => {
    const source = `const fs=require('node:fs');function main(){const fd=fs.openSync('/tmp/big','w');const piece=Buffer.alloc(4e6,1);let n=0;
      try{for(;;)n+=fs.writeSync(fd,piece)}catch(e){return {code:e.code,n}}finally{fs.unlinkSync('/tmp/big')}}`;
    expect(resultOf(await attack(source))).toEqual({ code: "EFBIG", n: 64 * 1024 * 1024 });
  });

  it("that opens files without end comes to its limit", async () => {
    const source = `const fs=require('node:fs');function main(){let n=0;try{for(;;n++)fs.openSync('/proc/self/status')}catch(e){return {code:e.code,n}}}`;
    const { code, n } = resultOf(await attack(source));
    expect(code).toBe("EMFILE");
    expect(n).toBeLessThan(1024);
  });

  it("that does not get ready is ended at its time limit", async () => {
    const ran = await attack("for(;;);", { limits: { timeout: 1_000 } });
    expect(errorOf(ran)).toBe("The action exceeded its time limits of 1000 milliseconds during initialization.");
  });

  it("that never answers is ended at its time limit", async () => {
    const ran = await attack("function main(){for(;;);}", { limits: { timeout: 1_000 } });
    expect(errorOf(ran)).toBe("The action exceeded its time limits of 1000 milliseconds.");
    expect(ran.answer.timedOut).toBe(true);
  });

  it("that answers with 100 MB is told its length, and what was kept is bounded", async () => {
    const ran = await attack("function main(){return {big:'x'.repeat(100e6)}}", { limits: { memory: 512 } });
    expect(errorOf(ran)).toContain("exceeded the allowed length: 100000010 > 1048576 bytes.");
    expect(ran.answer.outcome.result.length).toBeLessThan(1_100_000);
  });

  it("that answers without saying how much is taken by what it says, and cut where it does not end", async () => {
    const bare = (
      write: string,
    ) => `const {ServerResponse}=require('node:http');const {end,writeHead}=ServerResponse.prototype;
      function main(){ServerResponse.prototype.writeHead=function(status){return writeHead.call(this,status)};ServerResponse.prototype.end=function(text){${write}};return {ok:1}}`;
    const chunked = await attack(bare("this.write('{\"ok\":');end.call(this,'2}')"));
    expect(chunked.answer.outcome).toEqual({ statusCode: 0, result: '{"ok":2}' });
    const endless = await attack(bare("const go=()=>{while(this.write('y'.repeat(1e5)));this.once('drain',go)};go()"), {
      limits: { timeout: 20_000 },
    });
    expect(errorOf(endless)).toMatch(/exceeded the allowed length: \d+ > 1048576 bytes\./);
    const silent = await attack(bare("this.write('{')"), { limits: { timeout: 1_000 } });
    expect(errorOf(silent)).toBe("The action exceeded its time limits of 1000 milliseconds.");
  });

  it.each([
    ["ends its server", "function main(){process.exit(0)}"],
    ["kills its server", "function main(){process.abort()}"],
    [
      "closes its server's connections",
      "function main(){for(const h of process._getActiveHandles())h.destroy?.();return {}}",
    ],
  ])("that %s ends with an error, and its next run is served elsewhere", async (_, source) => {
    const job = jobOf(bench.kind("nodejs"), source.replace("{", "{if(arguments[0].name!=='world')return {};"));
    const ran = await neighbour.during(() => bench.run(job));
    expect(errorOf(ran)).toBe("The action did not produce a valid response and exited unexpectedly.");
    const next = await bench.run({ ...job, args: '{"name":"again"}' });
    expect(next.answer.outcome).toEqual({ statusCode: 0, result: "{}" });
  });
}

/** Which of `targets` take a connection. */
const CONNECT = `async function main(a){const net=require('node:net');
  const tried=a.targets.map(([host,port])=>new Promise(done=>{const s=net.connect({host,port,timeout:1500});
    s.on('connect',()=>{s.destroy();done(host+':'+port)}).on('timeout',()=>{s.destroy();done()}).on('error',()=>done())}));
  return {reached:(await Promise.all(tried)).filter(Boolean),tried:tried.length}}`;

const LOOK = `function main(a){const fs=require('node:fs');
  const seen=a.paths.filter(p=>fs.existsSync(p));
  const types='overlay proc tmpfs devpts sysfs cgroup cgroup2 mqueue'.split(' ');
  const mounts=fs.readFileSync('/proc/self/mountinfo','utf8').trim().split('\\n').filter(l=>!types.includes(l.split(' - ')[1].split(' ')[0])||/journal/.test(l)).map(l=>l.split(' ')[4]).filter(p=>!/^\\/etc\\/(resolv.conf|hostname|hosts)$/.test(p)).sort();
  const processes=fs.readdirSync('/proc').filter(p=>/^\\d+$/.test(p)).length;
  const written=['/proc/sys/kernel/core_pattern','/proc/sysrq-trigger','/sys/kernel/mm/transparent_hugepage/enabled','/etc/hosts','/dev/mem','/edgewhisk/server.js'].filter(p=>{try{fs.closeSync(fs.openSync(p,'r+'));return true}catch{return false}});
  const status=fs.readFileSync('/proc/self/status','utf8');const field=n=>new RegExp('^'+n+':\\\\s*(\\\\S+)','m').exec(status)[1];
  return {seen,mounts,processes,written,capabilities:field('CapBnd'),noNewPrivileges:field('NoNewPrivs'),seccomp:field('Seccomp')}}`;

function rulesListed(): string | null {
  try {
    return execFileSync("iptables", ["-w", "5", "-t", "mangle", "-L", "-n", "-v", "-x"], {
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch {
    return null;
  }
}

/** Packets to `net` that our rules have stopped. */
function dropped(net: string): number {
  const lines = (rulesListed() ?? "").split("\n").filter((line) => line.includes(` ${net} `) && line.includes("DROP"));
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[0]), 0);
}
