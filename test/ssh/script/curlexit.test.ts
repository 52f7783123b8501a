import { describe, expect, test } from "vitest";
import { faultOfExit, faultOfProxy } from "../../../src/ssh/script/curlexit.ts";
import { meteredBytes } from "../../../src/ssh/script/curlmeter.ts";

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
    ["--  --   50000     0     2     0  --:--:-- --:--:-- --:--:--  100k", null],
    ["", null],
    ["100 1 100 1e308 0 0 0", null],
    [`100 1 100 ${"9".repeat(400)} 0 0`, null],
    ["100 1 100 1.5Z 0 0", null],
  ])("%j: %s", (line, bytes) => expect(meteredBytes(line)).toBe(bytes));

  test("a line that is made to take long does not", () => {
    const start = performance.now();
    for (const line of [" ".repeat(100_000), `100${" ".repeat(100_000)}`, `1 ${"x ".repeat(50_000)}`])
      meteredBytes(line);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
