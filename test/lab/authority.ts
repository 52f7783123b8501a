import { writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { runTool } from "./processes.ts";

export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface Authority {
  /** PEM of the authority's own certificate. */
  readonly caFile: string;
  /**
   * A certificate for these host names and addresses (servers) or this common name (clients), signed by the authority.
   */
  issue(name: string, names: readonly string[]): Promise<Certificate>;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** A certificate authority of its own in `folder`, made by openssl; valid for 30 days. `subject` is as openssl takes it. */
export async function makeAuthority(folder: string, subject = "/CN=tofu3 lab"): Promise<Authority> {
  const caFile = join(folder, "ca.pem");
  const caKey = join(folder, "ca.key");
  await runTool("openssl", ["req", "-x509", ...KEY, "-days", "30", "-subj", subject, "-keyout", caKey, "-out", caFile]);
  return {
    caFile,
    async issue(name, names) {
      const [certificateFile, keyFile, request, extensions] = ["pem", "key", "csr", "ext"].map((ending) =>
        join(folder, `${name}.${ending}`),
      ) as [string, string, string, string];
      const alternatives = names.map((each) => `${isIP(each) === 0 ? "DNS" : "IP"}:${each}`).join(",");
      await writeFile(
        extensions,
        names.length === 0 ? "extendedKeyUsage=clientAuth\n" : `subjectAltName=${alternatives}\n`,
      );
      await runTool("openssl", ["req", ...KEY, "-subj", `/CN=${name}`, "-keyout", keyFile, "-out", request]);
      const sign = ["x509", "-req", "-in", request, "-CA", caFile, "-CAkey", caKey, "-CAcreateserial", "-days", "30"];
      await runTool("openssl", [...sign, "-extfile", extensions, "-out", certificateFile]);
      return { certificateFile, keyFile };
    },
  };
}
