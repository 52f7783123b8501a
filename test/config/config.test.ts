import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { nameOfProxy } from "../../src/http/proxy.ts";
import { KEY_A, mistakesOf, SOURCE, THREE, workersWith } from "./mistakes.ts";

test("every key is read, silence becomes a default, paths are made absolute", () => {
  const text = `
$schema: ./tofu3.schema.json
workers:
  - { name: here, via: local, proxy: "socks5h://127.0.0.1:9050" }
  - name: fra
    via: ssh
    host: "[2001:db8::7]"
    port: 2222
    user: tofu
    identityFile: ~/.ssh/id
    hostKey: ${KEY_A}
    proxy: http://kim:s%40cret@proxy.corp:80/
    forwardCredentials: true
  - { name: sgp, via: ssh, host: sgp }
registries:
  Registry.LAB:5000: { plainHttp: true }
  registry-1.docker.io: { caFile: ./ca.pem, clientCertificate: ../c.pem, clientKey: /k.pem }
limits: { retries: 0 }
`;
  const { policy, exits, limits, workers, registries } = parseConfig(text, SOURCE);
  expect(policy).toEqual({ distinct: ["machine"], days: 1, onChange: "notice" });
  expect(exits).toEqual({ echo: [], geo: { country: null, asn: null } });
  expect(limits).toEqual({
    manifestBytes: 4 * 2 ** 20,
    documentBytes: 64 * 2 ** 20,
    unpackedBytes: 16 * 2 ** 30,
    blobBytes: 64 * 2 ** 30,
    fileBytes: 16 * 2 ** 30,
    redirects: 5,
    retries: 0,
    againSeconds: 3,
    connectSeconds: 20,
    idleSeconds: 30,
    totalSeconds: 7200,
  });
  expect(
    workers.map(({ proxy, ...rest }) => ({
      ...rest,
      proxy: proxy === null ? null : [proxy.url.reveal(), nameOfProxy(proxy)],
    })),
  ).toEqual([
    { name: "here", via: "local", proxy: ["socks5h://127.0.0.1:9050", "socks5h://127.0.0.1:9050"] },
    {
      name: "fra",
      via: "ssh",
      host: "2001:db8::7",
      port: 2222,
      user: "tofu",
      identityFile: "/home/kim/.ssh/id",
      hostKey: KEY_A,
      forwardCredentials: true,
      proxy: ["http://kim:s%40cret@proxy.corp:80", "http://proxy.corp:80"],
    },
    {
      name: "sgp",
      via: "ssh",
      host: "sgp",
      port: null,
      user: null,
      identityFile: null,
      hostKey: null,
      forwardCredentials: false,
      proxy: null,
    },
  ]);
  expect(registries.get("registry.lab:5000")).toEqual({ plainHttp: true, caFile: null, client: null });
  const at = `${SOURCE.file}:17:`;
  expect(registries.get("docker.io")).toEqual({
    plainHttp: false,
    caFile: { path: "/etc/lab/ca.pem", at: `${at}35: registries["registry-1.docker.io"].caFile` },
    client: {
      certificate: { path: "/etc/c.pem", at: `${at}64: registries["registry-1.docker.io"].clientCertificate` },
      key: { path: "/k.pem", at: `${at}85: registries["registry-1.docker.io"].clientKey` },
    },
  });
});

test("echo services and tables: normalised addresses, and files with their places", () => {
  const text = `${THREE}policy:
  distinct: [network, country, asn]
  echo: [https://IP.example, "http://127.0.0.1:8080/ip", "http://echo.lab/?x=1"]
  geo: { country: ~/c.mmdb, asn: ./a.mmdb }
registries: { echo.lab: { plainHttp: true } }
`;
  const { policy, exits } = parseConfig(text, SOURCE);
  expect(policy.distinct).toEqual(["network", "country", "asn"]);
  expect(exits).toEqual({
    echo: ["https://ip.example/", "http://127.0.0.1:8080/ip", "http://echo.lab/?x=1"],
    geo: {
      country: { path: "/home/kim/c.mmdb", at: `${SOURCE.file}:5:19: policy.geo.country` },
      asn: { path: "/etc/lab/a.mmdb", at: `${SOURCE.file}:5:34: policy.geo.asn` },
    },
  });
});

test("JSON with tabs is read like YAML", () => {
  const json = JSON.stringify(
    { workers: [{ name: "a", via: "local" }, ...["b", "c"].map((host) => ({ name: host, via: "ssh", host }))] },
    null,
    "\t",
  );
  expect(parseConfig(json, SOURCE).workers.map((worker) => worker.name)).toEqual(["a", "b", "c"]);
});

describe("the text", () => {
  test.each([
    { text: "", says: "1:1: the file is empty; it must be a mapping with workers" },
    { text: "# nothing\n", says: "1:1: the file is empty; it must be a mapping with workers" },
    { text: "[]", says: "1:1: must be a mapping with workers, not a list" },
    { text: "hello", says: '1:1: must be a mapping with workers, not "hello"' },
    { text: `${THREE}workers: []\n`, says: "2:1: this key is here twice; each may be there once" },
    { text: `${THREE}limits:\n\tretries: 1\n`, says: "3:1: a tab cannot indent; use spaces" },
    {
      text: `${THREE}limits: {retries: "1\n`,
      says: '3:1: something is missing here: a closing quote, a comma, or the ":" after a key',
    },
    { text: `${THREE}--- \n{}\n`, says: '2:1: a second document starts here ("---"); the file holds one' },
    { text: `${THREE}? [a]\n: b\n`, says: "2:3: a key has to be a text" },
    { text: `${THREE}limits: !odd {}\n`, says: "2:9: unknown tag, or a value that does not fit its tag" },
    {
      text: "workers: *nobody\n",
      says: "1:1: an alias without its anchor, or more aliases than a configuration needs",
    },
    { text: `${THREE}registries: {__proto__: {plainHttp: true}}\n`, says: '2:14: unknown key "__proto__"' },
  ])("$says", ({ text, says }) => {
    expect(mistakesOf(text)).toContain(says);
  });

  test("a pile of aliases is refused, not unfolded", () => {
    const pile = Array.from(
      { length: 12 },
      (_, level) =>
        `x${level}: &x${level} [${Array.from({ length: 9 }, () => (level === 0 ? "1" : `*x${level - 1}`)).join(",")}]`,
    );
    expect(mistakesOf(pile.join("\n"))[0]).toMatch(/more aliases than a configuration needs/);
  });

  test("whatever the text is, it is a Config or E_CONFIG with a place in each line", () => {
    const bits = fc.constantFrom(
      "workers",
      "name",
      "via",
      "ssh",
      ":",
      " ",
      "\n",
      "- ",
      "{",
      "}",
      "[",
      "]",
      '"',
      "'",
      "&a",
      "*a",
      "\t",
      "#",
      "!!binary",
      "|",
      "~",
      "<<",
      "1e9",
    );
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 25 }), (parts) => {
        for (const line of mistakesOf(parts.join(""))) expect(line).toMatch(/^[1-9]\d*:[1-9]\d*: /);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a secret in the file is in no error and no print", () => {
  test.each([
    workersWith("name: b, via: ssh, host: b, proxy: 'socks5://kim:hunter2@h'"),
    workersWith("name: b, via: ssh, host: b, proxy: 'kim:hunter2'"),
    workersWith("name: b, via: ssh, host: 'http://kim:hunter2@h:1'"),
    workersWith("name: b, via: ssh, host: b, proxy: [hunter2]"),
    `${THREE}registries: {"http://kim:hunter2@h": {}}\n`,
    `${THREE}registries: {"kim:hunter2@h": {}}\n`,
    workersWith("name: 'http://hunter2', via: ssh, host: b"),
    `${THREE}"http://kim:hunter2@h": 1\n`,
    `proxy: "http://kim:hunter2@h: x\n`,
    `proxy: http://kim:hunter2@h: x\n`,
    `hunter2\n  : x\n y\n`,
    `a: !hunter2 b\nc: *hunter2\n`,
  ])("%s", (text) => {
    expect(mistakesOf(text).length).toBeGreaterThan(0);
    expect(mistakesOf(text).join("\n")).not.toContain("hunter2");
  });

  test("a checked Config prints [secret]", () => {
    const config = parseConfig(workersWith("name: b, via: ssh, host: b, proxy: 'socks5://kim:hunter2@h:1080'"), SOURCE);
    expect(config.workers[1]?.proxy?.url.reveal()).toBe("socks5://kim:hunter2@h:1080");
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("hunter2");
  });
});

test.each([
  { written: "ledger.jsonl", ledger: "/etc/lab/ledger.jsonl" },
  { written: "~/l.jsonl", ledger: "/home/kim/l.jsonl" },
  { written: "/srv/l.jsonl", ledger: "/srv/l.jsonl" },
])("policy.ledger $written is $ledger, and no part of the policy", ({ written, ledger }) => {
  const config = parseConfig(`${THREE}policy: { ledger: ${written} }`, SOURCE);
  expect(config.ledger).toBe(ledger);
  expect(config.policy).not.toHaveProperty("ledger");
  expect(parseConfig(THREE, SOURCE).ledger).toBeNull();
});
