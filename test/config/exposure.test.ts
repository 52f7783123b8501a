import { describe, expect, test } from "vitest";
import { checkExposure, defaultServe, type ServeConfig } from "../../src/config/serve.ts";

const HERE = { host: "127.0.0.1", port: 5005, upstream: null };
const OUTSIDE = { ...HERE, host: "0.0.0.0" };
const file = { path: "/x.pem", at: "x" };
const tls = { certificate: file, key: file };
const tokens = { tokens: [{ name: "ci", sha256: "ab".repeat(32) }], clientCa: null };
const clientCa = { tokens: [], clientCa: file };
const nobody = { tokens: [], clientCa: null };

const check = (change: Partial<ServeConfig>) => (): void => checkExposure({ ...defaultServe(), ...change });

describe("a gate", () => {
  test.each<[string, Partial<ServeConfig>]>([
    ["for this machine", {}],
    ["for all, by https and tokens", { listen: [OUTSIDE], tls, auth: tokens }],
    ["for all, by client certificates", { listen: [HERE, OUTSIDE], tls, auth: clientCa }],
    ["with its own credentials, for those whom it names", { upstreamCredentials: true, auth: tokens }],
  ])("%s may be", (_, change) => expect(check(change)).not.toThrow());

  test.each<[string, Partial<ServeConfig>, string]>([
    ["for all, without https", { listen: [OUTSIDE], auth: tokens }, "no loopback address"],
    ["for all, without authentication", { listen: [HERE, OUTSIDE], tls }, "no loopback address"],
    ["for all, with authentication that nobody can pass", { listen: [OUTSIDE], tls, auth: nobody }, "no loopback"],
    ["whose admin page is for all", { listen: [HERE], admin: OUTSIDE }, "no loopback address"],
    ["with its own credentials, for whoever asks", { upstreamCredentials: true }, "to whoever asks"],
    ["with its own credentials, and no name", { upstreamCredentials: true, auth: nobody }, "to whoever asks"],
    ["that asks for client certificates without https", { auth: clientCa }, "needs https"],
  ])("%s is a mistake", (_, change, message) => expect(check(change)).toThrow(message));
});
