import { expect, test } from "vitest";
import { strangerOf, type Origin } from "../../../src/serve/http/hosts.ts";

const HERE: Origin = {
  host: "127.0.0.1:5005",
  origin: undefined,
  site: undefined,
  localAddress: "127.0.0.1",
  localPort: 5005,
  isTls: false,
};
const LISTED = ["gate.lab", "other.lab:8080"];

test.each<[string, Partial<Origin>, boolean]>([
  ["the address", {}, true],
  ["localhost", { host: "localhost:5005" }, true],
  ["upper case", { host: "LOCALHOST:5005" }, true],
  ["an old client without a name", { host: undefined }, true],
  ["IPv6", { host: "[::1]:5005", localAddress: "::1" }, true],
  ["IPv4 on an IPv6 socket", { localAddress: "::ffff:127.0.0.1" }, true],
  ["the usual port is left out", { host: "10.0.0.7", localAddress: "10.0.0.7", localPort: 443, isTls: true }, true],
  ["a listed name", { host: "gate.lab" }, true],
  ["a listed name, any port", { host: "gate.lab:31000" }, true],
  ["a listed name with its port", { host: "other.lab:8080" }, true],
  ["a listed name with another port", { host: "other.lab:8081" }, false],
  ["another port", { host: "127.0.0.1:5006" }, false],
  ["no port", { host: "127.0.0.1" }, false],
  ["a name that leads here", { host: "rebound.example:5005" }, false],
  ["a name that begins like one", { host: "localhost.example:5005" }, false],
  ["a name that ends like one", { host: "x.gate.lab" }, false],
  ["localhost, but from elsewhere", { host: "localhost:5005", localAddress: "10.0.0.7" }, false],
  ["its outer address", { host: "10.0.0.7:5005", localAddress: "10.0.0.7" }, true],
  ["an empty name", { host: "" }, false],
  ["a user in it", { host: "x@127.0.0.1:5005" }, false],
  ["two names", { host: "127.0.0.1:5005, gate.lab" }, false],
])("%s", (_, change, isFine) => expect(strangerOf({ ...HERE, ...change }, LISTED) === null).toBe(isFine));

test.each<[string, Partial<Origin>, boolean]>([
  ["its own page", { origin: "http://127.0.0.1:5005", site: "same-origin" }, true],
  ["typed", { site: "none" }, true],
  ["another page", { site: "cross-site" }, false],
  ["a neighbour", { site: "same-site" }, false],
  ["unknown words", { site: "?" }, false],
  ["another origin", { origin: "http://evil.example" }, false],
  ["no origin at all", { origin: "null" }, false],
  ["another port", { origin: "http://127.0.0.1:80" }, false],
  ["another scheme", { origin: "https://127.0.0.1:5005" }, false],
  ["https", { origin: "https://127.0.0.1:5005", isTls: true }, true],
  ["an origin, but no name", { origin: "http://", host: undefined }, false],
])("from a browser: %s", (_, change, isFine) => expect(strangerOf({ ...HERE, ...change }, []) === null).toBe(isFine));

test("who is refused is told with 403", () => {
  expect(strangerOf({ ...HERE, host: "x" }, [])).toMatchObject({ status: 403, code: "DENIED" });
});
