import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { readRegistrySettings } from "../../src/config/registries.ts";
import { registryName } from "../../src/config/registryname.ts";
import type { RegistrySettings } from "../../src/model/credentials.ts";
import { folderWith, thrownBy } from "./folder.ts";
import { THREE } from "./mistakes.ts";

const run = promisify(execFile);

/**
 * `ca.pem`, `client.pem` with `client.key`, `locked.key` (the same with a passphrase), `other.key`, and files that are
 * none of these.
 */
async function certificates(): Promise<string> {
  const folder = await folderWith({
    "empty.pem": "",
    "broken.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  });
  const make = async (name: string): Promise<unknown> =>
    run(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        `/CN=${name}`,
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.pem`,
      ],
      { cwd: folder },
    );
  await Promise.all(["ca", "client", "other"].map(make));
  await run("openssl", ["pkey", "-in", "client.key", "-aes256", "-passout", "pass:hunter2", "-out", "locked.key"], {
    cwd: folder,
  });
  return folder;
}

async function settingsOf(registries: string, folder = "/etc"): Promise<(hostPort: string) => RegistrySettings> {
  const config = parseConfig(`${THREE}registries:\n  ${registries}\n`, {
    file: join(folder, "tofu3.yaml"),
    home: folder,
  });
  return readRegistrySettings(config);
}

describe("a registry is found by its exact host and port", () => {
  test.each([
    { entry: "r.lab:5000: {plainHttp: true}", asked: "r.lab:5000", plainHttp: true },
    { entry: "r.lab:5000: {plainHttp: true}", asked: "R.LAB:5000", plainHttp: true },
    { entry: "r.lab:5000: {plainHttp: true}", asked: "r.lab", plainHttp: false },
    { entry: "r.lab:5000: {plainHttp: true}", asked: "r.lab:50001", plainHttp: false },
    { entry: "r.lab: {plainHttp: true}", asked: "r.lab:5000", plainHttp: false },
    { entry: "r.lab: {plainHttp: true}", asked: "r.lab.evil.example", plainHttp: false },
    { entry: "r.lab: {plainHttp: true}", asked: "evil.r.lab", plainHttp: false },
    { entry: '"[::1]:5000": {plainHttp: true}', asked: "[::1]:5000", plainHttp: true },
    { entry: "r.lab: {plainHttp: false}", asked: "r.lab", plainHttp: false },
    { entry: "r.lab: {}", asked: "constructor", plainHttp: false },
    { entry: "index.docker.io: {plainHttp: true}", asked: "docker.io", plainHttp: true },
    { entry: "docker.io: {plainHttp: true}", asked: "registry-1.docker.io", plainHttp: true },
    { entry: "docker.io: {plainHttp: true}", asked: "auth.docker.io", plainHttp: false },
  ])("$entry, asked for $asked", async ({ entry, asked, plainHttp }) => {
    expect((await settingsOf(entry))(asked)).toEqual({ plainHttp, trust: null });
  });
});

test("authorities and client certificate are read once, beside the configuration; the key is a secret", async () => {
  const folder = await certificates();
  const settings = await settingsOf(
    "r.lab: {caFile: ca.pem, clientCertificate: ./client.pem, clientKey: ~/client.key}",
    folder,
  );
  const { trust } = settings("r.lab");
  expect(trust?.ca).toBe(await readFile(join(folder, "ca.pem"), "utf8"));
  expect(trust?.clientCertificate?.certificate).toBe(await readFile(join(folder, "client.pem"), "utf8"));
  expect(trust?.clientCertificate?.key.reveal()).toBe(await readFile(join(folder, "client.key"), "utf8"));
  expect(inspect(trust, { depth: 9 })).not.toContain("PRIVATE KEY");
  expect(settings("r.lab").trust).toBe(trust);
});

test("a file that is no use is told with its place in the configuration, and nothing of a key", async () => {
  const folder = await certificates();
  const rows = [
    {
      entry: "{caFile: no.pem}",
      says: /tofu3\.yaml:3:19: registries\["r\.lab"\]\.caFile: ".*\/no\.pem" does not exist$/,
    },
    { entry: "{caFile: empty.pem}", says: /:3:19: .*caFile: ".*\/empty\.pem" has no certificate; a PEM file has/ },
    {
      entry: "{caFile: broken.pem}",
      says: /:3:19: .*caFile: ".*\/broken\.pem" has a certificate that cannot be read$/,
    },
    { entry: "{caFile: client.key}", says: /:3:19: .*caFile: ".*\/client\.key" has no certificate/ },
    { entry: "{caFile: .}", says: /:3:19: .*caFile: the authorities ".*": it is a folder, not a file$/ },
    {
      entry: "{clientCertificate: client.pem, clientKey: other.key}",
      says: /:3:53: .*clientKey: ".*\/other\.key" is not the key of the certificate ".*\/client\.pem"$/,
    },
    {
      entry: "{clientCertificate: client.pem, clientKey: locked.key}",
      says: /:3:53: .*clientKey: ".*\/locked\.key" is encrypted; give a key without a passphrase$/,
    },
    {
      entry: "{clientCertificate: client.pem, clientKey: ca.pem}",
      says: /:3:53: .*clientKey: ".*\/ca\.pem" is not a private key in PEM$/,
    },
  ];
  for (const { entry, says } of rows) {
    const error = await thrownBy(settingsOf(`r.lab: ${entry}`, folder));
    expect(error).toMatchObject({ code: "E_CONFIG", message: expect.stringMatching(says) as string });
    expect(inspect(error, { depth: 9 })).not.toContain("PRIVATE KEY");
  }
});

test.each([
  { text: "Ghcr.io", name: "ghcr.io" },
  { text: "localhost:5000", name: "localhost:5000" },
  { text: "[2001:DB8::1]:5000", name: "[2001:db8::1]:5000" },
  { text: "INDEX.docker.io", name: "docker.io" },
  { text: "registry-1.docker.io:443", name: "docker.io" },
  { text: "docker.io:5000", name: "docker.io:5000" },
  { text: "registry.lab:05000", name: "registry.lab:5000" },
  { text: "127.1:5000", name: "127.0.0.1:5000" },
  { text: "[0:0::0001]:5000", name: "[::1]:5000" },
  { text: "1.2.3.4.5", name: null },
  { text: "https://ghcr.io", name: null },
  { text: "ghcr.io/team", name: null },
  { text: "ghcr.io:", name: null },
  { text: "ghcr.io:0", name: null },
  { text: "ghcr.io:65536", name: null },
  { text: "kim@ghcr.io", name: null },
  { text: "[::g]", name: null },
  { text: "::1", name: null },
  { text: "", name: null },
])("the registry name of $text is $name", ({ text, name }) => {
  expect(registryName(text)).toBe(name);
});
