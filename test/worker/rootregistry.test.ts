import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Link } from "../../src/http/transport.ts";
import { createLocalLink } from "../../src/local/engine.ts";
import type { ImageJob } from "../../src/model/job.ts";
import type { Observation } from "../../src/model/observation.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { present } from "../../src/worker/walk/presence.ts";
import { look } from "../../src/worker/walk/look.ts";
import { pushIndex, type Pushed } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { sshLinkTo, startVm, targetOf, type Vm } from "../ssh/sshlab.ts";
import { jobOf, LIMITS, vantageOf } from "./fixtures.ts";

const NEVER = new AbortController().signal;
const IDLE = { keep: null, admit: null, witness: null, watch: () => undefined, stops: { blobs: NEVER, all: NEVER } };
const GONE = parseDigest(`sha256:${"0".repeat(64)}`);

let registry: Registry;
let vm: Vm;
let pushed: Pushed;
let atRoot: ImageJob;
const links: Link[] = [];
beforeAll(async () => {
  registry = await startRegistry({ token: { anonymous: true, users: [{ user: "me", password: "pw" }] } });
  vm = await startVm();
  const platforms = ["amd64", "arm64", "s390x"].map((architecture) => ({ os: "linux", architecture }));
  pushed = await pushIndex(registry, { name: "a/b", tag: "1", platforms });
  links.push(createLocalLink({ limits: LIMITS, proxy: null, userAgent: "test" }), sshLinkTo(targetOf(vm)));
  atRoot = { ...jobOf(`${registry.host}/a/b:1`), depth: "root" };
});
afterAll(async () => {
  for (const link of links) await link.close();
  await vm.stop();
  await registry.stop();
});

/** Each engine, as a vantage of its own for each test; and what it asked for. */
async function fromBoth<T>(work: (vantage: ReturnType<typeof vantageOf>) => Promise<T>) {
  const results: { result: T; requests: string[] }[] = [];
  for (const link of links) {
    const before = registry.requests().length;
    const transport = link.begin(registry.host);
    await transport.end();
    const result = await work({ ...vantageOf(transport), link });
    const requests = registry
      .requests()
      .slice(before)
      .filter((each) => !each.endsWith(" 401"));
    results.push({ result, requests: requests.map((each) => each.replace("/v2/a/b/", "")).sort() });
  }
  return results;
}

const lookAtRoot = (): Promise<{ result: Observation; requests: string[] }[]> =>
  fromBoth((vantage) => look(atRoot, vantage, IDLE, NEVER));

describe("docker-registry, asked by undici and by curl on a VM", () => {
  test("tells the existence of an index's entries by one GET and one HEAD for each", async () => {
    for (const { result, requests } of await lookAtRoot()) {
      expect(result).toMatchObject({ outcome: "saw", error: null, digest: pushed.index.digest });
      expect(result.objects).toHaveLength(1);
      const heads = pushed.images.map(({ manifest }) => `HEAD manifests/${manifest.digest} 200`);
      expect(requests).toEqual(["GET manifests/1 200", ...heads].sort());
    }
  });

  test("tells which blobs are there", async () => {
    const [image] = pushed.images;
    const layer = parseDigest(image?.layers[0]?.digest ?? "");
    for (const { result, requests } of await fromBoth((vantage) => present(vantage, atRoot, [layer, GONE], NEVER))) {
      expect(result).toEqual(["there", "gone"]);
      expect(requests).toEqual([`GET blobs/${GONE} 404`, `HEAD blobs/${GONE} 404`, `HEAD blobs/${layer} 200`]);
    }
  });

  test("has lost an entry of an index: absent, with the root, and by GET", async () => {
    const [image] = pushed.images;
    const digest = image?.manifest.digest ?? "";
    const revisions = join(registry.storage, "docker/registry/v2/repositories/a/b/_manifests/revisions/sha256");
    await rm(join(revisions, digest.slice("sha256:".length)), { recursive: true });
    const seen = await lookAtRoot();
    for (const { result, requests } of seen) {
      expect(result).toMatchObject({ outcome: "refused", error: { code: "E_NOT_FOUND" }, digest: pushed.index.digest });
      expect(requests.filter((each) => each.includes(digest))).toEqual([
        `GET manifests/${digest} 404`,
        `HEAD manifests/${digest} 404`,
      ]);
    }
    const three = [...seen, ...seen].slice(0, 3).map(({ result }, at) => ({ ...result, worker: `w${at}` }));
    expect(judge(three)).toMatchObject({ outcome: "absent", reason: { root: pushed.index.digest } });
  });
});
