import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Certificates as the authority of a lab gives them out, made by openssl. */
export interface Authority {
  /** Its own certificate, which is self-signed, and the key of it. */
  readonly pem: string;
  readonly key: string;
  /** `names`: subjectAltName, for example `DNS:registry.test,IP:127.0.0.1`. `days` may be negative: expired. */
  issue(names: string, days?: number, digest?: string): Certificate;
}

export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "tofu3-ca-"));
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args[0] ?? ""}: ${stderr}`);
  };
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=tofu3 lab", "-days", "30");
  return {
    pem: read("ca.pem"),
    key: read("ca.key"),
    issue: (names, days = 30, digest = "sha256") => {
      writeFileSync(join(folder, "ext"), `subjectAltName=${names}\n`);
      openssl("req", ...key, "-keyout", "key", "-out", "csr", "-subj", "/CN=tofu3 lab server");
      const signed = [
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        String(days),
        `-${digest}`,
        "-extfile",
        "ext",
      ];
      openssl("x509", "-req", "-in", "csr", "-out", "cert", ...signed);
      return { cert: read("cert"), key: read("key") };
    },
  };
}
