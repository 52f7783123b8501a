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

/** A self-signed certificate with any name. `key`: `ec:CURVE`, `rsa:BITS` or `ed25519`. */
export function makeCertificate({ subject, key, names = "DNS:x" }: CertificateWish): string {
  return makePair({ subject, key, names }).cert;
}

export interface CertificateWish {
  readonly subject: string;
  readonly key: string;
  /** subjectAltName */
  readonly names?: string;
}

/** The same, with its key. */
export function makePair({ subject, key, names = "DNS:x" }: CertificateWish): Certificate {
  const [kind = "", detail = ""] = key.split(":");
  const kinds: Readonly<Record<string, readonly string[]>> = {
    ec: ["ec", "-pkeyopt", `ec_paramgen_curve:${detail}`],
    rsa: [`rsa:${detail}`],
    ed25519: ["ed25519"],
  };
  const folder = mkdtempSync(join(tmpdir(), "tofu3-cert-"));
  try {
    const config = `[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\nsubjectAltName=${names}\n`;
    writeFileSync(join(folder, "config"), config);
    const files = ["-keyout", "key", "-out", "cert", "-config", "config"];
    const args = ["req", "-x509", "-newkey", ...(kinds[kind] ?? []), "-nodes", "-utf8", "-days", "9", "-subj", subject];
    const { status, stderr } = spawnSync("openssl", [...args, ...files], { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return { cert: readFileSync(join(folder, "cert"), "utf8"), key: readFileSync(join(folder, "key"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What openssl says of a certificate, in the words of a note. */
export function opensslSays(
  pem: string,
): Readonly<Record<"subject" | "issuer" | "validFrom" | "validTo" | "spki", string>> {
  const openssl = (args: readonly string[], input: string | Buffer): Buffer => {
    const { status, stdout, stderr } = spawnSync("openssl", args, { input });
    if (status !== 0) throw new Error(stderr.toString());
    return stdout;
  };
  const says = (...flags: string[]): string => {
    const names = ["-nameopt", "esc_2253,esc_ctrl,utf8,sep_comma_plus_space,sname"];
    const line = openssl(["x509", "-noout", ...names, ...flags], pem)
      .toString()
      .trim();
    return line.slice(line.indexOf("=") + 1);
  };
  const key = openssl(["pkey", "-pubin", "-outform", "DER"], openssl(["x509", "-noout", "-pubkey"], pem));
  return {
    subject: says("-subject"),
    issuer: says("-issuer"),
    validFrom: new Date(says("-startdate")).toISOString(),
    validTo: new Date(says("-enddate")).toISOString(),
    spki: openssl(["dgst", "-sha256", "-r"], key).toString().slice(0, 64),
  };
}
