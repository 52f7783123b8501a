import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { answerOf, type Answer } from "../../../lab/answer.ts";
import { writeConfig } from "../../../lab/config.ts";
import { startGate, type LabGate } from "../../../lab/gate.ts";
import { makeImage } from "../../../lab/image.ts";
import { startLiar, type Liar } from "../../../lab/liar.ts";
import type { Scripted } from "../../../lab/liar-answer.ts";
import { makeFolder } from "../../../lab/processes.ts";
import { startSshd } from "../../../lab/sshd.ts";
import { useLab } from "../../../lab/uselab.ts";
import { VANTAGES } from "./ground.ts";

const PUBLIC = "registry.example";
const CLIENT = "client-secret";
const UPSTREAM = "upstream-secret";
const basic = (user: string, password: string): string => `Basic ${btoa(`${user}:${password}`)}`;
const FROM_CLIENT = { authorization: basic("ci", CLIENT), cookie: CLIENT, "x-registry-auth": CLIENT, referer: CLIENT };

const lab = useLab();
const image = makeImage({ layers: [100] });
const [layer = image.config] = image.layers;
let liar: Liar;
let gate: LabGate;

/** Whatever host a vantage asks, it asks the liar, which is its HTTP proxy. */
beforeAll(async () => {
  const folder = (await makeFolder("elsewhere")).path;
  const [fra, sgp] = await Promise.all([lab(startSshd()), lab(startSshd())]);
  liar = await lab(startLiar({ vantages: VANTAGES }));
  const sha256 = createHash("sha256").update(CLIENT).digest("hex");
  const config = await writeConfig(folder, {
    local: { proxy: liar.proxyOf("here") },
    workers: [
      { name: "fra", vm: fra, proxy: liar.proxyOf("fra"), forwardCredentials: true },
      { name: "sgp", vm: sgp, proxy: liar.proxyOf("sgp"), forwardCredentials: true },
    ],
    others: {
      registries: { [PUBLIC]: { plainHttp: true } },
      limits: { retries: 0 },
      serve: {
        ...{ upstreams: [PUBLIC, liar.host], minFreeBytes: 0, answerWithin: 60 },
        ...{ limits: { flights: 16 }, auth: { tokens: [{ name: "ci", sha256 }] }, upstreamCredentials: true },
      },
    },
  });
  const authfile = join(folder, "auth.json");
  const auths = [PUBLIC, liar.host].map((each) => [each, { auth: btoa(`user:${UPSTREAM}`) }] as const);

  await writeFile(authfile, JSON.stringify({ auths: Object.fromEntries(auths) }), { mode: 0o600 });
  gate = await lab(startGate({ config, args: ["--authfile", authfile] }));
});

const challenge = (realm: string): Scripted => ({
  status: 401,
  headers: { "www-authenticate": `Bearer realm="${realm}",service="s"` },
});
const redirect = (location: string): Scripted => ({ status: 307, headers: { location } });

/** An upstream that leads away at one place, and tells the truth everywhere else. */
const WAYS: Readonly<Record<string, (base: string, place: string) => void>> = {
  "a manifest": (base, place) => liar.answer(`${base}/manifests/1`, redirect(place)),
  "a blob": (base, place) => liar.answer(`${base}/blobs/${layer.digest}`, redirect(place)),
  "a list of tags": (base, place) => liar.answer(`${base}/tags/list`, redirect(place)),
  "a token service": (base, place) => liar.answer(`${base}/manifests/1`, challenge(place)),
  "a token": (base, place) => {
    liar.answer(`${base}/manifests/1`, challenge(`${base}/token`));
    liar.answer(`${base}/token`, redirect(place));
  },
};

let repositories = 0;

function open(host: string): { readonly name: string; readonly base: string } {
  const name = `elsewhere/${++repositories}`;
  const base = `http://${host}/v2/${name}`;
  liar.answer(`${base}/manifests/1`, {
    body: image.manifest.bytes,
    headers: { "content-type": image.manifest.mediaType },
  });
  for (const { digest, bytes } of [image.config, layer]) liar.answer(`${base}/blobs/${digest}`, { body: bytes });
  return { name, base };
}

const ask = (path: string, host: string): Promise<Answer> =>
  answerOf(gate.url, `/v2/${path}?ns=${host}`, { headers: FROM_CLIENT });

const METADATA = ["http://169.254.169.254/latest/", "http://[::ffff:169.254.169.254]/x", "http://0xa9fea9fe/x"];
const LOOPBACK = ["http://127.0.0.1:1/x", "http://localhost:1/x", "http://[::ffff:127.0.0.1]:1/x"];

test.each(Object.keys(WAYS))(
  "%s that leads to a private address: no vantage asks there, and nothing is answered",
  { timeout: 120_000 },
  async (way) => {
    const before = liar.requests.length;
    const tries = [PUBLIC, liar.host].flatMap((host) =>
      // what is listed as loopback may lead to loopback
      [...METADATA, ...(host === PUBLIC ? LOOPBACK : [])].map(async (place) => {
        const { name, base } = open(host);
        WAYS[way]?.(base, place);
        return ask(`${name}/${way === "a list of tags" ? "tags/list" : "manifests/1"}`, host);
      }),
    );
    for (const answer of await Promise.all(tries)) {
      expect(answer.status, answer.body.toString()).toBe(503);
      expect(answer.body.toString()).toMatch(/not a public address|which a token service has no reason to do/);
    }
    const hosts = new Set(liar.requests.slice(before).map(({ host }) => host));
    expect([...hosts].sort()).toEqual([liar.host, PUBLIC].sort());
  },
);

test("what a client says reaches nobody, and credentials for the upstream go to it and its token service alone", async () => {
  const { name, base } = open(PUBLIC);
  const manifest = { body: image.manifest.bytes, headers: { "content-type": image.manifest.mediaType } };
  liar.answer(`${base}/manifests/1`, challenge("http://token.example/token"), manifest);
  liar.answer("http://token.example/token", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: "granted-token" }),
  });
  liar.answer(`${base}/blobs/${layer.digest}`, redirect(`http://${PUBLIC}:8080/cdn`));
  liar.answer(`http://${PUBLIC}:8080/cdn`, redirect("http://cdn.example/x"));
  liar.answer("http://cdn.example/x", { body: layer.bytes });
  const before = liar.requests.length;
  expect((await ask(`${name}/manifests/1`, PUBLIC)).status).toBe(200);
  expect((await ask(`${name}/blobs/${layer.digest}`, PUBLIC)).body.equals(layer.bytes)).toBe(true);
  const asked = liar.requests.slice(before);
  expect(JSON.stringify(asked.map(({ target, headers }) => [target, headers]))).not.toContain(CLIENT);
  const said = asked.map(({ vantage, host, headers }) => `${vantage} ${host} ${headers["authorization"] ?? "-"}`);
  for (const vantage of VANTAGES) {
    const own = said.filter((each) => each.startsWith(`${vantage} `)).map((each) => each.slice(vantage.length + 1));
    expect([...new Set(own)].sort()).toEqual(
      [
        `cdn.example -`,
        `${PUBLIC} -`,
        `${PUBLIC} Bearer granted-token`,
        `${PUBLIC}:8080 -`,
        `token.example ${basic("user", UPSTREAM)}`,
      ].sort(),
    );
  }
});
