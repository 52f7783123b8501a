import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { certificateFrom } from "../../src/http/certificate.ts";
import { makeCertificate, opensslSays } from "./certificates.ts";

const HOSTILE = "/O=a\nIssuer:CN = b\u202e, CN=c/CN=registry.test";

describe("a certificate", () => {
  test.each([
    ["P-256", "/CN=registry.test", "ec:prime256v1"],
    ["RSA", "/C=DE/O=Müller & Söhne, Inc./CN=registry.test", "rsa:2048"],
    ["Ed25519", "/CN=registry.test", "ed25519"],
  ])("%s says what openssl says of it, as PEM and as DER", (_, subject, key) => {
    const pem = makeCertificate({ subject, key });
    const seen = certificateFrom(pem, "TLSv1.3");
    expect(seen).toEqual({ version: "TLSv1.3", ...opensslSays(pem) });
    expect(certificateFrom(new X509Certificate(pem).raw, "TLSv1.3")).toEqual(seen);
  });

  test("names are printable, on one line, and end", () => {
    const seen = certificateFrom(makeCertificate({ subject: HOSTILE, key: "ec:prime256v1" }), null);
    expect(seen?.subject).toBe("O=a\\0AIssuer:CN = b\\u{202e}\\, CN=c, CN=registry.test");
    const long = makeCertificate({
      subject: `/${"OU=uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu/".repeat(20)}`,
      key: "ed25519",
    });
    expect(certificateFrom(long, null)?.issuer).toHaveLength(301);
  });

  test.each([
    ["nothing", ""],
    ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["text", "Subject:CN = x\n"],
    ["a certificate that is cut", makeCertificate({ subject: "/CN=x", key: "ed25519" }).slice(0, 200)],
  ])("%s is none", (_, text) => expect(certificateFrom(text, null)).toBeNull());
});
