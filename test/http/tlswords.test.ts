import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { tlsTrouble } from "../../src/http/tlswords.ts";
import { createAuthority } from "./certificates.ts";

const WHERE = "registry.lab:5000";
const der = new X509Certificate(createAuthority().issue("DNS:registry.lab").cert).raw;

/** The two dates of a certificate stand as UTCTime: tag 0x17, length 13, `YYMMDDhhmmssZ`. */
function withMonth(month: string): Buffer {
  const forged = Buffer.from(der);
  for (let at = forged.indexOf("\u0017\r"); at !== -1; at = forged.indexOf("\u0017\r", at + 1))
    if (forged[at + 14] === 0x5a) forged.write(month, at + 4, "latin1");
  return forged;
}

test("a certificate tells the day on which it ended", () => {
  const { message } = tlsTrouble("expired", { where: WHERE, presented: der, ownAuthority: false });
  expect(message).toMatch(/^the certificate of "registry\.lab:5000" has expired \(\d{4}-\d\d-\d\d\)$/);
});

test.each(["expired", "early"] as const)("%s, with dates that are none: the trouble without a day", (trouble) => {
  const presented = withMonth("99");
  expect(new Date(new X509Certificate(presented).validTo).getTime()).toBeNaN();
  const { code, message } = tlsTrouble(trouble, { where: WHERE, presented, ownAuthority: false });
  expect(code).toBe("E_TLS");
  expect(message).toMatch(/^the certificate of "registry\.lab:5000" (has expired|is not valid yet)$/);
});
