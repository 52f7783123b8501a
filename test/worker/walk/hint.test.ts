import { expect, test } from "vitest";
import { Tofu3Error, type ErrorCode } from "../../../src/errors.ts";
import { fakeTransport } from "../faketransport.ts";
import { BASE, look } from "../fixtures.ts";

test.each([
  "E_DNS",
  "E_CONNECT",
  "E_TLS",
  "E_TIMEOUT",
  "E_CUT",
  "E_FRAMING",
  "E_TOO_LARGE",
  "E_SSH",
  "E_VM_REPLY",
] as const)("%s of a transport that says no more still comes with what to do", async (code: ErrorCode) => {
  const fault = new Tofu3Error(code, "it went wrong", { stage: "connect" });
  const seen = await look(fakeTransport({ [`${BASE}/manifests/1`]: { fault } }));
  expect(seen.error).toMatchObject({ code, message: "it went wrong", hint: expect.stringMatching(/\w{3}/) as unknown });
});

test("what the thrower says to do is left as it is", async () => {
  const fault = new Tofu3Error("E_TLS", "it went wrong", { hint: "this" });
  expect((await look(fakeTransport({ [`${BASE}/manifests/1`]: { fault } }))).error?.hint).toBe("this");
});
