// What every base image made here has in common, as far as this machine has it: the files a C library expects,
// certificates, time zones, and the programs that actions call because the official images have them.
import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { BaseTree, isThere } from "./base-tree.ts";

const run = promisify(execFile);
const CERTIFICATES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
export const CERTIFICATE_FILE = "/etc/ssl/certs/ca-certificates.crt";
const ZONES = "/usr/share/zoneinfo";
/** Leap seconds, and the same once more. */
const ZONES_LEFT_OUT = /^(right|posix)$|\.(tab|list|zi)$|^leap/;

const TOOLS = (
  "awk base32 base64 basename bash bc bunzip2 bzip2 cat chmod chown cksum cmp comm cp curl cut date dd df diff dirname du echo " +
  "egrep env expr false fgrep find flock fmt fold getent getopt git grep gunzip gzip head hostname iconv id join jq kill less " +
  "ln ls md5sum mkdir mkfifo mktemp mv nice nl nohup nproc od openssl paste patch perl pgrep pkill printenv printf ps pwd readlink " +
  "realpath rev rm rmdir sed seq setsid sha1sum sha256sum sha512sum shuf sleep sort split ssh stat stdbuf stty sum sync tac tail tar tee test " +
  "timeout touch tr true truncate tsort tty uname unexpand uniq unlink unxz unzip wc wget which whoami xargs xxd xz xzcat yes zcat zip"
).split(" ");
/** Of git's own folder: servers, mail, and programs of megabytes for what is hardly used. */
const GIT_LEFT_OUT =
  /^(scalar|git-(http-push|http-fetch|http-backend|imap-send|daemon|shell|instaweb|cvs.*|svn|p4|gui.*|citool|add--interactive))$/;
/** Headers, documentation, the package index's client, and the collation of all languages. */
const PERL_LEFT_OUT = /(^|\/)(CORE|CPAN|Collate|CPAN\.pm|debconf|Debconf|Debian|Dpkg)(\/|$)|\.(pod|h|a|ld)$/;

export interface Common {
  readonly tree: BaseTree;
  /** Sentences about what this machine does not have. */
  readonly missing: readonly string[];
}

export async function localCommon(): Promise<Common> {
  if (process.platform !== "linux")
    throw new Error("A base image can be made here on Linux only: use --base registry.");
  const tree = new BaseTree();
  await addSystem(tree);
  const missing = await addZones(tree);
  const { programs, absent } = await addTools(tree);
  if (absent.length > 0) missing.push(`Not on this machine, so not in the images made here: ${absent.join(", ")}.`);
  if (programs.has("git")) await addGit(tree);
  if (programs.has("perl")) await addPerl(tree);
  if (programs.has("openssl")) await addOpenssl(tree);
  await tree.libraries(["/bin/sh", ...programs.values()]);
  return { tree, missing };
}

async function addSystem(tree: BaseTree): Promise<void> {
  tree.text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\naction:x:1001:1001:action:/tmp:/bin/sh\n");
  tree.text("/etc/group", "root:x:0:\naction:x:1001:\n");
  tree.text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
  tree.folder("/tmp", 0o1777);
  await tree.file({ from: "/bin/sh", to: "/bin/sh" });
  for (const file of ["/etc/services", "/etc/protocols"])
    if (await isThere(file)) await tree.file({ from: file, to: file });
  const utf8 = "/usr/lib/locale/C.utf8";
  if (await isThere(utf8)) await tree.all({ from: utf8, to: utf8, leaves: () => false });
  for (const file of CERTIFICATES) {
    if (!(await isThere(file))) continue;
    await tree.file({ from: file, to: CERTIFICATE_FILE });
    break;
  }
}

async function addZones(tree: BaseTree): Promise<string[]> {
  if (!(await isThere(join(ZONES, "Europe")))) {
    return ["No time zones on this machine (package tzdata): in the images made here every time zone is UTC."];
  }
  await tree.all({
    from: ZONES,
    to: ZONES,
    leaves: (path) => ZONES_LEFT_OUT.test(path) && !/^(zone|zone1970|iso3166)\.tab$/.test(path),
  });
  tree.link("/etc/localtime", `${ZONES}/Etc/UTC`);
  tree.text("/etc/timezone", "Etc/UTC\n");
  return [];
}

/** `programs`: by name, where each is here. */
async function addTools(tree: BaseTree): Promise<{ programs: Map<string, string>; absent: string[] }> {
  const programs = new Map<string, string>();
  const absent: string[] = [];
  for (const name of TOOLS) {
    const from = await firstOf([`/usr/bin/${name}`, `/bin/${name}`]);
    if (from === undefined) {
      absent.push(name);
      continue;
    }
    programs.set(name, from);
    // Shebangs name either place.
    await tree.file({ from, to: `/bin/${name}` });
    tree.link(`/usr/bin/${name}`, `/bin/${name}`);
  }
  return { programs, absent };
}

/** What is git itself under another name is a link to it. */
async function addGit(tree: BaseTree): Promise<void> {
  const home = (await run("/usr/bin/git", ["--exec-path"])).stdout.trim();
  const git = await stat("/usr/bin/git");
  const same: string[] = [];
  for (const name of await readdir(home)) {
    const { ino, dev, size } = await stat(join(home, name));
    if ((ino === git.ino && dev === git.dev) || (size === git.size && name !== "git-remote-http")) same.push(name);
  }
  const remotes = ["git-remote-https", "git-remote-ftp", "git-remote-ftps"];
  const leaves = (path: string) => GIT_LEFT_OUT.test(path) || same.includes(path) || remotes.includes(path);
  await tree.all({ from: home, to: home, leaves });
  for (const name of same) tree.link(`${home}/${name}`, "/bin/git");
  for (const name of remotes) tree.link(`${home}/${name}`, "git-remote-http");
  const templates = "/usr/share/git-core/templates";
  if (await isThere(templates)) await tree.all({ from: templates, to: templates, leaves: () => false });
  await tree.libraries([join(home, "git-remote-http")]);
}

async function addPerl(tree: BaseTree): Promise<void> {
  const { stdout } = await run("/usr/bin/perl", ["-e", 'print join "\\n", @INC']);
  for (const from of stdout.split("\n"))
    if (!from.startsWith("/etc") && (await isThere(from)))
      await tree.all({ from, to: from, leaves: (path) => PERL_LEFT_OUT.test(path) });
}

async function addOpenssl(tree: BaseTree): Promise<void> {
  const { stdout } = await run("/usr/bin/openssl", ["version", "-d"]);
  const home = /"(.+)"/.exec(stdout)?.[1];
  if (home === undefined || !(await isThere(join(home, "openssl.cnf")))) return;
  await tree.file({ from: join(home, "openssl.cnf"), to: `${home}/openssl.cnf` });
  if (home !== "/etc/ssl" && tree.has(CERTIFICATE_FILE)) tree.link(`${home}/cert.pem`, CERTIFICATE_FILE);
}

async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await isThere(file)) return file;
  return undefined;
}
