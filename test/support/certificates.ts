// Certificates of the tests' own, made by openssl for a day or two.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Files, in PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface Authority {
  /** PEM of who vouches. */
  readonly ca: string;
  /** A server's; `names`: whose it is, as openssl writes them: DNS:broker.example, IP:127.0.0.1. */
  issue(names: string): Certificate;
  close(): void;
}

const DAYS = "2";
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export function startAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "edgewhisk-certificates-"));
  const file = (name: string) => join(folder, name);
  const openssl = (args: string[]) => execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  let issued = 0;
  openssl([
    ...["req", "-x509", ...NEW_KEY, "-days", DAYS, "-subj", "/CN=authority of a test"],
    ...["-keyout", file("ca.key"), "-out", file("ca.pem")],
  ]);
  return {
    ca: readFileSync(file("ca.pem"), "utf8"),
    issue(names) {
      const [cert, key, wish, more] = ["pem", "key", "csr", "ext"].map((end) => file(`${issued}.${end}`)) as [
        ...[string, string, string, string],
      ];
      issued++;
      writeFileSync(more, `subjectAltName=${names}\n`);
      openssl(["req", ...NEW_KEY, "-subj", "/CN=broker of a test", "-keyout", key, "-out", wish]);
      openssl([
        ...["x509", "-req", "-in", wish, "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial"],
        ...["-days", DAYS, "-extfile", more, "-out", cert],
      ]);
      return { cert, key };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
