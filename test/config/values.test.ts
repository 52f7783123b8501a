import { describe, expect, test } from "vitest";
import { KEY_A, marked, mistakesOf, THREE, workersWith } from "./mistakes.ts";

describe("one value", () => {
  const port = "must be a whole number from 1 to 65535";
  const host = "must be a host name, an IP address or an alias of ~/.ssh/config";
  const proxy = "must be a proxy such as socks5h://127.0.0.1:9050 (http, https, socks5 or socks5h, with host and port)";
  const echo = "must be an https:// URL without user, password and #";
  const plain = "must be https; http is for loopback names, and for hosts with plainHttp: true under registries";
  const pathWords = "must be the path of a file, absolute, from ~/, or relative to this file";
  const notEd25519 = (text: string): string =>
    `must be an Ed25519 key: ssh-ed25519 AAAA…, as ssh-keygen writes it into FILE.pub, not "${text}"`;
  const tableFor = (key: string): string =>
    `needs the table that tells it, or nothing could ever meet it; add "geo: { ${key}: FILE.mmdb }" to the policy`;
  const key = "must be SHA256: and 43 base64 characters, as printed by ssh-keygen -lf";
  test.each([
    { worker: "name: b, via: ssh", says: `workers[1].host: is missing; ${host}` },
    { worker: "name: b, via: ssh, »host:", says: `workers[1].host: is empty; ${host}` },
    { worker: "name: b, host: b", says: "workers[1].via: is missing; must be local or ssh" },
    { worker: "name: b, via: »telnet", says: 'workers[1].via: must be local or ssh, not "telnet"' },
    {
      worker: "via: ssh, host: b",
      says: "workers[1].name: is missing; must be 1 to 32 letters, digits, dots, dashes or underscores",
    },
    {
      worker: "name: »b b, via: ssh, host: b",
      says: 'workers[1].name: must be 1 to 32 letters, digits, dots, dashes or underscores, not "b b"',
    },
    {
      worker: 'name: »"b\\e[2J", via: ssh, host: b',
      says: "workers[1].name: must be 1 to 32 letters, digits, dots, dashes or underscores",
    },
    { worker: `name: »${"b".repeat(33)}, via: ssh, host: b`, says: /workers\[1\]\.name: must be 1 to 32/ },
    { worker: "name: b, via: ssh, host: b, port: »0", says: `workers[1].port: ${port}, not 0` },
    { worker: "name: b, via: ssh, host: b, port: »65536", says: `workers[1].port: ${port}, not 65536` },
    { worker: "name: b, via: ssh, host: b, port: »2.5", says: `workers[1].port: ${port}, not 2.5` },
    { worker: 'name: b, via: ssh, host: b, port: »"22"', says: `workers[1].port: ${port}, not "22"` },
    { worker: "name: b, via: ssh, host: »kim@b", says: `workers[1].host: ${host}; the user goes into "user"` },
    { worker: 'name: b, via: ssh, host: »"b:22"', says: `workers[1].host: ${host}; the port goes into "port"` },
    { worker: 'name: b, via: ssh, host: »"[::1]:22"', says: `workers[1].host: ${host}; the port goes into "port"` },
    { worker: "name: b, via: ssh, host: »-oProxyCommand=x", says: `workers[1].host: ${host}` },
    {
      worker: "name: b, via: ssh, host: b, user: »-x",
      says: 'workers[1].user: must be a user name without spaces, not "-x"',
    },
    {
      worker: 'name: b, via: ssh, host: b, user: »"k m"',
      says: 'workers[1].user: must be a user name without spaces, not "k m"',
    },
    {
      worker: `name: b, via: ssh, host: b, hostKey: »${KEY_A.slice(0, -1)}`,
      says: new RegExp(`workers\\[1\\]\\.hostKey: ${key}`),
    },
    { worker: `name: b, via: ssh, host: b, hostKey: »${KEY_A}=`, says: `workers[1].hostKey: ${key}` },
    {
      worker: `name: b, via: ssh, host: b, hostKey: »${KEY_A.slice(0, -1)}B`,
      says: new RegExp(`workers\\[1\\]\\.hostKey: ${key}`),
    },
    {
      worker: "name: b, via: ssh, host: b, hostKey: »'MD5:aa:bb'",
      says: `workers[1].hostKey: ${key}, not "MD5:aa:bb"`,
    },
    {
      worker: "name: b, via: ssh, host: b, forwardCredentials: »yes",
      says: 'workers[1].forwardCredentials: must be true or false, not "yes"',
    },
    {
      worker: "name: b, via: ssh, host: b, identityFile: »~kim/id",
      says: /workers\[1\]\.identityFile: must be the path of a file/,
    },
    { worker: "name: b, via: ssh, host: b, proxy: »ftp://h:1", says: `workers[1].proxy: ${proxy}` },
    { worker: "name: b, via: ssh, host: b, proxy: »'socks5://h'", says: `workers[1].proxy: ${proxy}` },
    { worker: "name: b, via: ssh, host: b, proxy: »'http://h:1/path'", says: `workers[1].proxy: ${proxy}` },
    {
      worker: "name: b, via: ssh, host: b, proxy: »'http://h:70000'",
      says: "workers[1].proxy: must have a port from 1 to 65535",
    },
    {
      worker: "name: b, via: ssh, host: b, proxy: »'http://a:b%zz@h:1'",
      says: /workers\[1\]\.proxy: must have its user and password percent-encoded/,
    },
    {
      worker: "name: b, via: ssh, host: b, »hots: 1",
      says: 'workers[1].hots: unknown key "hots"; did you mean "host"?',
    },
    {
      worker: "name: b, via: ssh, host: b, »identity_file: x",
      says: 'workers[1].identity_file: unknown key "identity_file"; did you mean "identityFile"?',
    },
    {
      worker: "name: b, via: ssh, host: b, »colour: red",
      says: 'workers[1].colour: unknown key "colour"; allowed: name, via, host, port, user, identityFile, hostKey, proxy, forwardCredentials',
    },
  ])("$worker", ({ worker, says }) => {
    const { text, place } = marked(workersWith(worker), "3:3");
    const [first, ...others] = mistakesOf(text);
    expect(others).toEqual([]);
    expect(first?.startsWith(`${place}: `)).toBe(true);
    if (typeof says === "string") expect(first).toBe(`${place}: ${says}`);
    else expect(first).toMatch(says);
  });

  test.each([
    { text: "policy: {days: »0}", says: "policy.days: must be a whole number from 1 to 365, not 0" },
    { text: "policy: {days: »366}", says: "policy.days: must be a whole number from 1 to 365, not 366" },
    { text: "policy: {onChange: »fial}", says: 'policy.onChange: must be notice or fail, not "fial"' },
    { text: "policy: {distinct: [»country]}", says: `policy.distinct[0]: ${tableFor("country")}` },
    { text: "policy: {distinct: [machine, »asn]}", says: `policy.distinct[1]: ${tableFor("asn")}` },
    {
      text: "policy: {distinct: [country, »asn], geo: {country: c.mmdb}}",
      says: `policy.distinct[1]: ${tableFor("asn")}`,
    },
    {
      text: "policy: {distinct: [»planet]}",
      says: 'policy.distinct[0]: must be machine, network, asn or country, not "planet"',
    },
    {
      text: "policy: {distinct: »machine}",
      says: 'policy.distinct: must be a list of machine, network, asn or country: [machine], not "machine"',
    },
    {
      text: "policy: {ledger: »~kim/l}",
      says: 'policy.ledger: must be the path of a file, absolute, from ~/, or relative to this file, not "~kim/l"',
    },
    {
      text: "»policy:",
      says: "policy: is empty; must be a mapping with distinct, days, onChange, sign, trust, trustVms, ledger, echo, geo",
    },
    { text: "policy: {trust: »[]}", says: "policy.trust: has 0 of them; must have at least one key, or be left out" },
    {
      text: "policy: {trust: [a.pub, »'']}",
      says: "policy.trust[1]: must be the file of a public key, or ssh-ed25519 AAAA…",
    },
    { text: "policy: {trust: [»ssh-rsa AAAA]}", says: `policy.trust[0]: ${notEd25519("ssh-rsa AAAA")}` },
    {
      text: "policy: {trustVms: »[]}",
      says: "policy.trustVms: has 0 of them; must have at least one key, or be left out",
    },
    {
      text: "policy: {trustVms: »fra.pub}",
      says: 'policy.trustVms: must be a list of public keys: [fra.pub, sgp.pub], not "fra.pub"',
    },
    { text: "policy: {trustVms: [»ssh-ed25519 AAAA]}", says: `policy.trustVms[0]: ${notEd25519("ssh-ed25519 AAAA")}` },
    { text: "policy: {trust: [»ssh-ed25519 AAAA]}", says: `policy.trust[0]: ${notEd25519("ssh-ed25519 AAAA")}` },
    {
      text: "policy: {sign: »4}",
      says: "policy.sign: must be the path of a file, absolute, from ~/, or relative to this file, not 4",
    },
    { text: "policy: {echo: »x}", says: 'policy.echo: must be a list of https:// URLs, not "x"' },
    { text: "policy: {echo: [»x]}", says: `policy.echo[0]: ${echo}, not "x"` },
    { text: "policy: {echo: [»4]}", says: "policy.echo[0]: must be an https:// URL, not 4" },
    { text: "policy: {echo: ['https://a.io', »'ftp://b.io']}", says: `policy.echo[1]: ${echo}` },
    { text: "policy: {echo: [»'https://kim:pw@a.io']}", says: `policy.echo[0]: ${echo}` },
    { text: "policy: {echo: [»'https://a.io/#x']}", says: `policy.echo[0]: ${echo}` },
    { text: "policy: {echo: [»'http://a.io']}", says: `policy.echo[0]: ${plain}` },
    {
      text: "policy: {echo: [»'http://a.io:81']}\nregistries: {a.io: {plainHttp: true}}",
      says: `policy.echo[0]: ${plain}`,
    },
    {
      text: "policy: {echo: ['https://a.io', »'https://A.io:443/']}",
      says: "policy.echo[1]: the same service as another one; each service once",
    },
    {
      text: "policy: {echo: »['https://a', 'https://b', 'https://c', 'https://d', 'https://e']}",
      says: "policy.echo: must be at most 4 services, not a list",
    },
    { text: "policy: {geo: {country: »''}}", says: `policy.geo.country: ${pathWords}` },
    { text: "policy: {geo: {»contry: x}}", says: 'policy.geo.contry: unknown key "contry"; did you mean "country"?' },
    { text: "policy: {geo: »x}", says: 'policy.geo: must be a mapping with country, asn, not "x"' },
    { text: "limits: {redirects: »11}", says: "limits.redirects: must be a whole number from 0 to 10, not 11" },
    { text: "limits: {retries: »-1}", says: "limits.retries: must be a whole number from 0 to 20, not -1" },
    {
      text: "limits: {manifestBytes: »1e9}",
      says: "limits.manifestBytes: must be a whole number from 1024 to 67108864, not 1000000000",
    },
    {
      text: "limits: {blobBytes: ».inf}",
      says: "limits.blobBytes: must be a whole number from 1024 to 1125899906842624, not Infinity",
    },
    {
      text: "limits: {connectSeconds: »0}",
      says: "limits.connectSeconds: must be a whole number from 1 to 300, not 0",
    },
    {
      text: "limits: {idleSeconds: »3601}",
      says: "limits.idleSeconds: must be a whole number from 1 to 3600, not 3601",
    },
    {
      text: "limits: {totalSeconds: »604801}",
      says: "limits.totalSeconds: must be a whole number from 1 to 604800, not 604801",
    },
    { text: "limits: {»retires: 1}", says: 'limits.retires: unknown key "retires"; did you mean "retries"?' },
    { text: "»worker: []", says: 'worker: unknown key "worker"; did you mean "workers"?' },
    {
      text: 'registries: {»"https://r.io": {}}',
      says: "registries[…]: must be a registry as host or host:port, without scheme and path",
    },
    {
      text: "registries: {»r.io/team: {}}",
      says: 'registries["r.io/team"]: must be a registry as host or host:port, without scheme and path',
    },
    {
      text: 'registries: {»"r.io:99999": {}}',
      says: 'registries["r.io:99999"]: must be a registry as host or host:port, without scheme and path',
    },
    { text: "registries: {r.io: {plainHttp: »1}}", says: 'registries["r.io"].plainHttp: must be true or false, not 1' },
    {
      text: "registries: {r.io: {»cafile: x}}",
      says: 'registries["r.io"].cafile: unknown key "cafile"; did you mean "caFile"?',
    },
    {
      text: "registries: {»r.io: {clientKey: x}}",
      says: 'registries["r.io"]: clientCertificate and clientKey need each other; give both or none',
    },
    {
      text: "registries: {»r.io: {plainHttp: true, caFile: x}}",
      says: 'registries["r.io"]: plainHttp has no certificates; remove plainHttp, or caFile and clientCertificate',
    },
    {
      text: "registries: {docker.io: {}, »Index.docker.io: {}}",
      says: 'registries["Index.docker.io"]: the same registry as "docker.io"; each registry once',
    },
  ])("$text", ({ text: row, says }) => {
    const { text, place } = marked(THREE + row, "nowhere");
    expect(mistakesOf(text)).toEqual([`${place}: ${says}`]);
  });
});

test("all mistakes are told, in the order of the file, one line each", () => {
  const lines = mistakesOf(
    "limits: {retries: 99}\nworkers:\n- {name: a, via: local, x: 1}\npolicy: {days: 0}\nzzz: 1\n",
  );
  expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    "1:19: limits.retries:",
    "3:1: workers:",
    "3:25: workers[0].x:",
    "4:16: policy.days:",
    "5:1: zzz:",
  ]);
});
