import { describe, expect, test } from "vitest";
import { faultOfExit, faultOfProxy, timeoutOfCurl, tlsFaultOfExit } from "../../../src/ssh/script/curlexit.ts";
import { isMeter, meteredBytes } from "../../../src/ssh/script/curlmeter.ts";

import type { Limits } from "../../../src/model/job.ts";

describe("an exit status of curl", () => {
  test.each([
    [6, "nothing", "E_DNS dns"],
    [7, "nothing", "E_CONNECT connect"],
    [28, "nothing", "E_TIMEOUT connect"],
    [28, "peer", "E_TIMEOUT http"],
    [28, "answer", "E_TIMEOUT body"],
    [18, "answer", "E_CUT body"],
    [52, "peer", "E_CUT http"],
    [56, "peer", "E_CUT http"],
    [56, "answer", "E_CUT body"],
    [60, "nothing", "E_TLS tls"],
    [35, "nothing", "E_TLS tls"],
    [8, "peer", "E_FRAMING http"],
    [61, "answer", "E_FRAMING http"],
    [63, "peer", "E_FRAMING http"],
    [23, "answer", "E_VM_DISK body"],
    [2, "nothing", "E_VM_TOOL ssh"],
    [127, "nothing", "E_VM_TOOL ssh"],
    [137, "answer", "E_VM_TOOL ssh"],
    [97, "nothing", "E_PROXY connect"],
    [5, "nothing", "E_PROXY dns"],
    [99, "peer", "E_CONNECT http"],
    [99, "answer", "E_CUT body"],
  ] as const)("%d after %s is %s", (exit, reached, meaning) => {
    const { code, stage, message } = faultOfExit(exit, reached);
    expect(`${code} ${stage}`).toBe(meaning);
    expect(message).toContain(String(exit));
    expect(message).toMatch(/^[a-z].*[^.]$/);
  });

  test("says by which signal curl was killed", () => expect(faultOfExit(137, "nothing").message).toContain("signal 9"));
  test("never throws and never passes for success", () => {
    for (let exit = 1; exit < 256; exit++) expect(faultOfExit(exit, "answer").name).toBe("Tofu3Error");
  });
});

describe("a time limit of curl", () => {
  const limits = { connectSeconds: 20, idleSeconds: 60, totalSeconds: 600 } as Limits;
  test.each([
    ["Connection timed out after 20001 milliseconds", "nothing", /^no connection within 20 s/, "connectSeconds: 40"],
    ["", "nothing", /^no connection within 20 s/, "connectSeconds: 40"],
    [
      "Operation too slow. Less than 1024 bytes/sec transferred the last 60 seconds",
      "answer",
      /^less than \d+ bytes a second for 60 s/,
      "idleSeconds: 120",
    ],
    [
      "Operation timed out after 600000 milliseconds with 5 bytes received",
      "answer",
      /^not done within 600 s/,
      "totalSeconds: 1200",
    ],
    ["", "peer", /^next to nothing arrived for 60 s/, "idleSeconds: 120"],
  ] as const)("%s (%s): which one, its value, and how to raise it", (said, reached, words, line) => {
    const fault = timeoutOfCurl(said, reached, limits);
    expect(fault).toMatchObject({ code: "E_TIMEOUT" });
    expect(fault.message).toMatch(words);
    expect(fault.message).toContain(line.split(":")[0]);
    expect(fault.hint).toContain(`limits: { ${line} }`);
  });
});

describe("what curl says of a server that it refused", () => {
  const refused = { where: "registry.lab:5000", presented: null, ownAuthority: false };
  test.each([
    // OpenSSL, GnuTLS, mbedTLS, as curl prints them
    [60, "SSL: no alternative certificate subject name matches target host name 'registry.lab'", "is for another name"],
    [60, "SSL: certificate subject name 'x' does not match target host name 'registry.lab'", "is for another name"],
    [60, "SSL certificate problem: certificate has expired", "has expired"],
    [60, "SSL certificate problem: certificate is not yet valid", "is not valid yet"],
    [60, "SSL certificate problem: unable to get local issuer certificate", "this worker does not know"],
    [60, "SSL certificate problem: self-signed certificate in certificate chain", "this worker does not know"],
    [60, "SSL certificate problem: self signed certificate", "is self-signed"],
    [60, "server certificate verification failed. CAfile: /etc/ssl/certs/ca-certificates.crt CRLfile: none", null],
    [35, "error:0A00010B:SSL routines::wrong version number", "does not speak TLS"],
    [35, "gnutls_handshake() failed: An unexpected TLS packet was received.", "does not speak TLS"],
    [35, "error:0A000102:SSL routines::unsupported protocol", "no longer safe"],
    [35, "", null],
    // only where curl itself says that it was TLS
    [56, "SSL certificate problem: certificate has expired", null],
    [7, "wrong version number", null],
  ])("%d %s: %s", (exit, said, words) => {
    const fault = tlsFaultOfExit(exit, said, refused);
    if (words === null) expect(fault).toBeNull();
    else
      expect(fault).toMatchObject({ code: "E_TLS", stage: "tls", message: expect.stringContaining(words) as string });
  });
});

test.each([
  [0, "cannot connect to the proxy"],
  [407, "other credentials (407)"],
  [403, "refuses to connect to the registry (403)"],
])("a proxy that answers %d", (status, words) => {
  expect(faultOfProxy(status)).toMatchObject({ code: "E_PROXY", stage: "connect" });
  expect(faultOfProxy(status).message).toContain(words);
});

describe("curl's meter", () => {
  test.each([
    ["100 50000  100 50000    0     0  9765k      0 --:--:-- --:--:-- --:--:-- 9765k", 50000],
    ["  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0", 0],
    [" 12 1000M   12  123M    0     0  12.3M      0  0:01:23  0:00:10  0:01:13 12.0M", 123 * 2 ** 20],
    ["  1 10.0G    1  150M    0     0  12.3M      0  0:01:23  0:00:10  0:01:13 12.0M", 150 * 2 ** 20],
    ["  1 10.0G    1 1.5G    0     0  12.3M      0  0:01:23  0:00:10  0:01:13 12.0M", 1.5 * 2 ** 30],
    ["100 5000k    0 5000k    0     0  1000k      0 --:--:--  0:00:05 --:--:-- 1000k", 5000 * 1024],
    ["  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current", null],
    ["                                 Dload  Upload   Total   Spent    Left  Speed", null],
    ["curl: (18) transfer closed with 25000 bytes remaining to read", null],
    ["DL% UL%  Dled  Uled  Xfers  Live Total     Current  Left    Speed", null],
    ["--  --   50000     0     2     0  --:--:-- --:--:-- --:--:--  100k", 50000],
    ["--  --      0     0     4     4  --:--:-- --:--:-- --:--:--     0      ", 0],
    [" 51 --  19.1M     0     4     3   0:00:03  0:00:02  0:00:01 9692k      ", Math.floor(19.1 * 2 ** 20)],
    ["100 --  4752k     0     4     0   0:00:04  0:00:04 --:--:-- 9603k     ", 4752 * 1024],
    ["", null],
    ["100 1 100 1e308 0 0 0", null],
    [`100 1 100 ${"9".repeat(400)} 0 0`, null],
    ["100 1 100 1.5Z 0 0", null],
  ])("%j: %s", (line, bytes) => expect(meteredBytes(line)).toBe(bytes));

  test.each([
    ["  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current", true],
    ["                                 Dload  Upload   Total   Spent    Left  Speed", true],
    ["DL% UL%  Dled  Uled  Xfers  Live Total     Current  Left    Speed", true],
    [" 51 --  19.1M     0     4     3   0:00:03  0:00:02  0:00:01 9692k      ", true],
    ["curl: (18) transfer closed with 25000 bytes remaining to read", false],
    ["This account is currently not available.", false],
  ])("%j is part of it: %s", (line, is) => expect(isMeter(line)).toBe(is));

  test("a line that is made to take long does not", () => {
    const start = performance.now();
    for (const line of [" ".repeat(100_000), `100${" ".repeat(100_000)}`, `1 ${"x ".repeat(50_000)}`])
      meteredBytes(line);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
