// A private network of a test's own beside this machine, on 10.x: another machine in it (a network namespace behind a
// pair of virtual interfaces) that answers HTTP on some ports and names on port 53.

import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

export interface Lan {
  /** This machine's address there. */
  readonly own: string;
  /** The other machine's. */
  readonly other: string;
  close(): Promise<void>;
}

const run = promisify(execFile);

/** Null if one can be had here; else why not. */
export function noLan(): string | null {
  if (process.getuid?.() !== 0) return "only root can make a network";
  const missing = ["ip", "nsenter", "unshare"].filter((each) => spawnSync(each, ["--version"]).error !== undefined);
  return missing.length === 0 ? null : `not installed: ${missing.join(", ")}`;
}

/** Answers each name with its own address, and each HTTP request with the port. */
const SERVER = `const [address,...ports]=process.argv.slice(1);const dns=require("node:dgram").createSocket("udp4");
dns.on("message",(q,from)=>{let end=12;while(q[end])end+=q[end]+1;end+=5;const type=q.readUInt16BE(end-4);const a=type===1;
  const head=Buffer.from([q[0],q[1],0x81,0x80,0,1,0,a?1:0,0,0,0,0]);
  const answer=Buffer.from([0xc0,12,0,1,0,1,0,0,0,60,0,4,...address.split(".").map(Number)]);
  dns.send(Buffer.concat([head,q.subarray(12,end),...(a?[answer]:[])]),from.port,from.address)});
Promise.all([new Promise(r=>dns.bind(53,address,r)),...ports.map(port=>new Promise(r=>require("node:http")
  .createServer((q,a)=>a.end(port)).listen(Number(port),address,r)))]).then(()=>console.log("up"));
process.stdin.resume().on("end",()=>process.exit())`;

export async function openLan(ports: readonly number[]): Promise<Lan> {
  const { stdout } = await run("ip", ["route"]);
  const block = Array.from({ length: 90 }, (_, at) => `10.${60 + ((process.pid + at) % 90)}.7`).find(
    (each) => !stdout.includes(`${each}.`),
  );
  if (block === undefined) throw new Error("every address from 10.60.7 to 10.149.7 is in use");
  const link = `ewl${block.replaceAll(".", "")}`;
  const keeper = spawn("unshare", ["--net", "cat"], { stdio: ["pipe", "ignore", "ignore"] });
  await once(keeper, "spawn");
  const inside = ["--target", String(keeper.pid), "--net"];
  const other = `${block}.2`;
  const close = async () => {
    server?.kill("SIGKILL");
    keeper.kill("SIGKILL");
    await run("ip", ["link", "delete", link]).catch(() => undefined);
  };
  let server: ReturnType<typeof spawn> | null = null;
  try {
    // The namespace is there a moment after the process.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await run("ip", ["link", "add", link, "type", "veth", "peer", "name", "out", "netns", String(keeper.pid)]);
    await run("ip", ["address", "add", `${block}.1/24`, "dev", link]);
    await run("ip", ["link", "set", link, "up"]);
    for (const command of ["link set lo up", `address add ${other}/24 dev out`, "link set out up"])
      await run("nsenter", [...inside, "ip", ...command.split(" ")]);
    const command = [...inside, process.execPath, "-e", SERVER, other, ...ports.map(String)];
    server = spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"] });
    if (server.stdout !== null) await once(server.stdout, "data");
    return { own: `${block}.1`, other, close };
  } catch (error) {
    await close();
    throw error;
  }
}
