import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Notes } from "../../src/model/observation.ts";
import { opensslSays } from "../http/certificates.ts";
import { makeAuthority, type Authority, type Certificate } from "../lab/authority.ts";
import { makeImage } from "../lab/image.ts";
import { stock } from "../lab/liar-shelf.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches } from "./contract.ts";
import { startStage, startVm, type Stage, type Verified, type Vm } from "./stage.ts";

/** What each vantage says of its way, through the whole command line, real sshds and real TLS servers. */

const lab = useLab();
const ALL = ["fra", "here", "sgp"];
let stage: Stage;
let honest: { readonly authority: Authority; readonly certificate: Certificate };
let evil: typeof honest;
/** Knows both authorities. */
let bundle: string;

async function makeSide(): Promise<typeof honest> {
  const authority = await makeAuthority(await stage.room());
  return { authority, certificate: await authority.issue("server", ["127.0.0.1", "localhost"]) };
}

beforeAll(async () => {
  stage = await lab(startStage());
  [honest, evil] = await Promise.all([makeSide(), makeSide()]);
  bundle = join(await stage.room(), "both.pem");
  const pems = await Promise.all([honest, evil].map(({ authority }) => readFile(authority.caFile, "utf8")));
  await writeFile(bundle, pems.join(""));
});

function evidenceOf(seen: Verified): Map<string, Notes> {
  expect(breaches(seen.stdout)).toEqual([]);
  return new Map(seen.evidence.observations.map(({ worker, evidence }) => [worker, evidence]));
}

const notesOf = (seen: Verified, worker: string): Notes => {
  const notes = evidenceOf(seen).get(worker);
  if (notes === undefined) throw new Error(`no observation of ${worker}`);
  return notes;
};
const trusting = (...hosts: string[]) => ({
  registries: Object.fromEntries(hosts.map((host) => [host, { caFile: bundle }])),
});

/** A worker's version of TLS: a VM's curl does not tell it. */
const tlsOf = (worker: string): string | null => (worker === "here" ? "TLSv1.3" : null);
const noteOf = (host: string, pem: string, worker: string) => ({ host, version: tlsOf(worker), ...opensslSays(pem) });

/** A VM with one program of its own, in front of the others. */
async function startVmWith(program: string, lines: readonly string[]): Promise<Vm> {
  const folder = await stage.room();
  await writeFile(join(folder, program), `${["#!/bin/sh", ...lines].join("\n")}\n`);
  await chmod(join(folder, program), 0o755);
  return lab(startVm({ env: { PATH: `${folder}:/usr/bin:/bin` } }));
}

/** A registry and its storage, both over TLS, as an honest server or as another one that sits on the way. */
async function startPair(side: typeof honest): Promise<{ registry: Liar; storage: Liar }> {
  const { certificate } = side;
  const [registry, storage] = await Promise.all([
    lab(startLiar({ vantages: ["fra", "sgp"], certificate })),
    lab(startLiar({ vantages: ["fra", "sgp"], certificate })),
  ]);
  return { registry, storage };
}

describe("a docker-registry over https", () => {
  test("every vantage has its certificate as openssl reads it, its address, and how it answered", async () => {
    const registry = await lab(startRegistry({ tls: true }));
    await pushImage(registry, { name: "a/b", tag: "1", layers: [1000, 30_000_000] });
    const config = { registries: [registry] };
    const workers = [
      { name: "fra", vm: stage.fra },
      { name: "sgp", vm: stage.sgp },
    ];
    const seen = await stage.verify(`${registry.host}/a/b:1`, {
      config: { workers, ...config },
      flags: ["-o", "oci:out"],
    });
    expect(seen.code, seen.stderr).toBe(0);
    const pem = await readFile(join(registry.folder, "registry.pem"), "utf8");
    for (const worker of ALL) {
      const notes = notesOf(seen, worker);
      expect(notes, worker).toMatchObject({
        certificates: [noteOf(registry.host, pem, worker)],
        addresses: ["127.0.0.1"],
        httpVersion: "1.1",
        unexpected: null,
        clockOffsetMs: worker === "here" ? null : 0,
        exit: null,
      });
      expect(notes.headers.map((line) => line.split(":")[0])).toEqual(["date", "etag"]);
    }
  });
});

describe("a registry that redirects to a storage host", () => {
  test("both certificates, every hop and every address, at every vantage; a redirect's query is in none of them", async () => {
    const { registry, storage } = await startPair(honest);
    const image = makeImage({ layers: [2000] });
    stock(registry, "r", "1", { root: image.manifest, images: [image] });
    stock(storage, "r", "1", { root: image.manifest, images: [image] });
    const [layer] = image.layers;
    const path = `/v2/r/blobs/${layer?.digest ?? ""}`;
    const middle = `https://${registry.host}/middle`;
    registry.answer(path, { status: 307, headers: { Location: `${middle}?sig=SECRET` }, body: "" });
    registry.answer("/middle", { status: 302, headers: { Location: `${storage.url}${path}?sig=SECRET` }, body: "" });
    const workers = [
      { name: "fra", vm: stage.fra },
      { name: "sgp", vm: stage.sgp },
    ];
    const seen = await stage.verify(`${registry.host}/r:1`, {
      config: { workers, others: trusting(registry.host, storage.host) },
    });
    expect(seen.code, seen.stderr).toBe(0);
    expect(seen.stdout).not.toContain("SECRET");
    const pem = await readFile(honest.certificate.certificateFile, "utf8");
    for (const worker of ALL) {
      const notes = notesOf(seen, worker);
      const hosts = [registry.host, storage.host].sort();
      expect(notes.certificates, worker).toEqual(hosts.map((host) => noteOf(host, pem, worker)));
      expect(notes.redirects).toEqual([
        { from: middle, to: `${storage.url}${path}`, status: 302 },
        { from: `https://${registry.host}${path}`, to: middle, status: 307 },
      ]);
      expect(notes.addresses).toEqual(["127.0.0.1"]);
    }
  });
});

describe("a server that sits on the way of one vantage, with a certificate of an authority that is trusted there", () => {
  test("another issuer and key in that observation only, whether or not the bytes are the same", async () => {
    const [{ registry }, between] = await Promise.all([startPair(honest), startPair(evil)]);
    const image = makeImage({ layers: [2000] });
    for (const each of [registry, between.registry]) stock(each, "r", "1", { root: image.manifest, images: [image] });
    const workers = [
      { name: "fra", vm: stage.fra, proxy: registry.proxyOf("fra") },
      { name: "sgp", vm: stage.sgp, proxy: between.registry.proxyOf("sgp") },
    ];
    const config = { workers, others: trusting(registry.host) };
    const [truth, lie] = await Promise.all(
      [honest, evil].map(({ certificate }) => readFile(certificate.certificateFile, "utf8")),
    );
    const same = await stage.verify(`${registry.host}/r:1`, { config });
    expect(same.code, same.stderr).toBe(0);
    const other = makeImage({ layers: [3000] });
    stock(between.registry, "r", "1", { root: other.manifest, images: [other] });
    const split = await stage.verify(`${registry.host}/r:1`, { config });
    expect(split.code).toBe(10);
    for (const seen of [same, split]) {
      for (const worker of ALL)
        expect(notesOf(seen, worker).certificates, worker).toEqual([
          noteOf(registry.host, (worker === "sgp" ? lie : truth) ?? "", worker),
        ]);
    }
  });
});

describe("something else in place of content", () => {
  const PORTAL = {
    headers: { "Content-Type": "text/html; charset=utf-8", Via: "1.1 portal" },
    body: `<html>\u202eWelcome to the hotel${".".repeat(200)}`,
  };
  let liar: Liar;
  beforeAll(async () => void (liar = await lab(startLiar({ vantages: ["fra", "sgp"] }))));

  test.each(["here", "fra"])(
    "an HTML page in place of the root at %s: it is shown there, and at no other",
    async (odd) => {
      const image = makeImage({ layers: [2000] });
      const name = `page-${odd}`;
      stock(liar, name, "1", { root: image.manifest, images: [image] });
      liar.lie(odd, `/v2/${name}/manifests/1`, PORTAL);
      const seen = await stage.verify(`${liar.host}/${name}:1`, { liar });
      expect(seen.code).toBe(12);
      for (const worker of ALL.filter((each) => each !== odd)) expect(notesOf(seen, worker).unexpected).toBeNull();
      const notes = notesOf(seen, odd);
      expect(notes.unexpected).toMatchObject({
        url: `${liar.url}/v2/${name}/manifests/1`,
        status: 200,
        contentType: "text/html; charset=utf-8",
      });
      expect(notes.unexpected?.head).toMatch(/^<html>\\u\{202e\}Welcome to the hotel\.+$/);
      expect(notes.headers).toEqual(["via: 1.1 portal"]);
      expect(seen.stdout + seen.stderr).not.toContain("\u202e");
    },
  );

  test.each(["here", "fra"])(
    "an HTML page in place of a layer at %s: its body is known on this machine only",
    async (odd) => {
      const image = makeImage({ layers: [2000] });
      const name = `layer-${odd}`;
      stock(liar, name, "1", { root: image.manifest, images: [image] });
      const path = `/v2/${name}/blobs/${image.layers[0]?.digest ?? ""}`;
      liar.lie(odd, path, PORTAL);
      const seen = await stage.verify(`${liar.host}/${name}:1`, { liar, flags: ["-o", "oci:out"] });
      expect(seen.code).toBe(10);
      const { unexpected } = notesOf(seen, odd);
      expect(unexpected).toMatchObject({
        url: `${liar.url}${path}`,
        status: 200,
        contentType: "text/html; charset=utf-8",
      });
      expect(unexpected?.head).toMatch(odd === "here" ? /^<html>\\u\{202e\}Welcome to the hotel\.+$/ : /^$/);
    },
  );
});

describe("a VM that is unlike the others", () => {
  let liar: Liar;
  let name: string;
  beforeAll(async () => {
    liar = await lab(startLiar({ vantages: ["fra", "sgp"], certificate: honest.certificate }));
    const image = makeImage({ layers: [2000, 20_000_000] });
    name = `${liar.host}/odd:1`;
    stock(liar, "odd", "1", { root: image.manifest, images: [image] });
  });

  async function verifyWith(sgp: Vm): Promise<Verified> {
    const workers = [
      { name: "fra", vm: stage.fra, proxy: liar.proxyOf("fra") },
      { name: "sgp", vm: sgp, proxy: liar.proxyOf("sgp") },
    ];
    return stage.verify(name, { config: { workers, others: trusting(liar.host) } });
  }

  test("its clock is an hour slow: by how much is said, and nothing else is different", async () => {
    const slow = 'test "$1" != +%s || { echo $(($(/usr/bin/date +%s) - 3600)); exit; }';
    const seen = await verifyWith(await startVmWith("date", [slow, 'exec /usr/bin/date "$@"']));
    expect(seen.code, seen.stderr).toBe(0);
    // whole seconds, one of which may end between asking and answering
    const offsets = ALL.map((worker) => notesOf(seen, worker).clockOffsetMs);
    expect(offsets[1]).toBeNull();
    expect(Math.abs(offsets[0] ?? NaN)).toBeLessThanOrEqual(1000);
    expect(Math.abs((offsets[2] ?? NaN) + 3_600_000)).toBeLessThanOrEqual(1000);
  });

  test.each(["7.87.0", "7.74.0", "7.61.1"])(
    "its curl is %s, and has no certificates: it works, and says nothing of them",
    async (version) => {
      const old = [
        `test "$2" != -V || { echo "curl ${version} (fake)"; exit 0; }`,
        "config=$(cat; echo .); config=${config%.}",
        'case $config in *certs*) echo "curl: unknown --write-out variable" >&2; exit 2;; esac',
        'printf "%s" "$config" | exec /usr/bin/curl "$@"',
      ];
      const seen = await verifyWith(await startVmWith("curl", old));
      expect(seen.code, seen.stderr).toBe(0);
      expect(ALL.map((worker) => notesOf(seen, worker).certificates.length)).toEqual([1, 1, 0]);
      expect(notesOf(seen, "sgp")).toMatchObject({ httpVersion: "1.1", unexpected: null });
    },
  );
});
