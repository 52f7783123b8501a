import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GateQuestion } from "../../../src/coordinator/gate/ask.ts";
import { createGateVantages } from "../../../src/coordinator/gate/vantages.ts";
import { hexOf, parseDigest } from "../../../src/oci/digest.ts";
import { startVm } from "../../e2e/stage.ts";
import { makeImage, type Blob } from "../../lab/image.ts";
import { makeFolder } from "../../lab/processes.ts";
import { pushExactly } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { useLab } from "../../lab/uselab.ts";
import { tmpfs } from "../../release/tools.ts";
import { about, below, NEVER, openGate, startRelay, type GateGround, type GateOptions } from "./ground.ts";

const lab = useLab();
const image = makeImage({ layers: [2000, 3000] });
const [bottom] = image.layers as [Blob, Blob];
let registry: Registry;
let vms: GateOptions["vms"];
let count = 0;
let repository = "";

beforeAll(async () => {
  registry = await lab(startRegistry());
  vms = [await lab(startVm()), await lab(startVm())];
}, 60_000);

beforeEach(async () => {
  repository = `settle/${(count += 1)}`;
  await pushExactly(registry, repository, "v1", image);
});

const tag = (more: Partial<GateQuestion> = {}): GateQuestion =>
  about(registry, repository, { kind: "tag", tag: "v1" }, more);

describe("the ledger", () => {
  test("has what a client named, of what a document named only what is no agreement, and nothing of what is not there", async () => {
    const ground = await lab(openGate({ vms }));
    const { gate, entries } = ground;
    expect((await gate.ask(tag(), NEVER)).evidence.entered?.entry).toBe(1);
    expect(entries()).toMatchObject([{ outcome: "agreed", depth: "root", digest: image.manifest.digest }]);
    const named = about(registry, repository, below(image, [bottom]), { isNamed: true });
    expect(await gate.ask(named, NEVER)).toMatchObject({ evidence: { outcome: "agreed", entered: null } });
    expect(entries().length).toBe(1);
    const gone = { kind: "blob", digest: parseDigest(`sha256:${"0".repeat(64)}`) } as const;
    const absent = await gate.ask(about(registry, repository, gone, { isNamed: true }), NEVER);
    expect(absent.evidence).toMatchObject({ outcome: "absent", entered: null });
    const nothing = await gate.ask(about(registry, repository, { kind: "tag", tag: "nothing" }), NEVER);
    expect(nothing.evidence).toMatchObject({ outcome: "absent", entered: null });
    expect(entries().length).toBe(1);
  });

  test("days are asked of what a client names, and not of what a document names", async () => {
    const { gate, stored } = await lab(openGate({ vms, others: { policy: { days: 2 } } }));
    expect(await gate.ask(tag(), NEVER)).toMatchObject({ evidence: { outcome: "pending" }, shelved: null });
    expect(stored(image.manifest)).toBeNull();
    const named = { kind: "document", digest: parseDigest(image.manifest.digest) } as const;
    const answer = await gate.ask(about(registry, repository, named, { isNamed: true }), NEVER);
    expect(answer.evidence).toMatchObject({ outcome: "agreed", policy: { days: 1, met: true } });
    expect(stored(image.manifest)).toEqual(image.manifest.bytes);
  });

  test("a tag that moved is changed where the policy says so, and its document is not", async () => {
    const { gate } = await lab(openGate({ vms, others: { policy: { onChange: "fail" } } }));
    expect((await gate.ask(tag(), NEVER)).evidence.outcome).toBe("agreed");
    const next = makeImage({ layers: [10] });
    await pushExactly(registry, repository, "v1", next);
    expect(await gate.ask(tag(), NEVER)).toMatchObject({ evidence: { outcome: "changed" }, shelved: null });
    expect((await gate.ask(tag({ isNamed: true }), NEVER)).evidence.outcome).toBe("agreed");
  });

  test("that cannot be written keeps everything from the shelf", async () => {
    const folder = await makeFolder("ledger");
    const { gate, stored } = await lab(openGate({ vms, others: { policy: { ledger: folder.path } } }));
    const { evidence, shelved } = await gate.ask(tag(), NEVER);
    expect(evidence).toMatchObject({ outcome: "agreed", entered: null, releaseError: { code: "E_LEDGER" } });
    expect([shelved, stored(image.manifest)]).toEqual([null, null]);
    await folder.remove();
  });
});

/** Opens a gate on the same ground whose clock does something when the verdict is about to be entered. */
async function interrupted(ground: GateGround, before: (quarantine: string) => void): Promise<GateGround["gate"]> {
  let looks = 0;
  const now = (): Date => {
    const [quarantine] = ground.left();
    if ((looks += 1) === 2 && quarantine !== undefined) before(join(ground.folder, quarantine));
    return new Date();
  };
  const place = { folder: ground.folder, shelf: ground.shelf, withCredentials: false };
  return createGateVantages({ ...ground.runtime, now }, place, NEVER);
}

const fileIn = (quarantine: string, { digest }: Blob): string =>
  join(quarantine, "blobs", "sha256", hexOf(parseDigest(digest)));

describe("between the verdict and the shelf", () => {
  test.each([{ what: image.manifest }, { what: bottom }])(
    "a quarantined file that changes is refused: $what.mediaType",
    async ({ what }) => {
      const ground = await lab(openGate({ vms }));
      const other = Buffer.alloc(what.size, "x");
      const gate = await interrupted(ground, (quarantine) => writeFileSync(fileIn(quarantine, what), other));
      const { evidence, shelved } = await gate.ask(about(registry, repository, below(image, [bottom])), NEVER);
      await gate.close();
      expect(evidence).toMatchObject({ outcome: "agreed", releaseError: { code: "E_RELEASE" } });
      expect(shelved).toBeNull();
      expect([image.manifest, bottom].map(ground.stored)).toEqual([null, null]);
      expect(readdirSync(join(ground.folder, "blobs", "sha256"))).toEqual([]);
      expect(ground.left()).toEqual([]);
    },
  );

  test("whoever asks no more gets the reason, and nothing is stored", async () => {
    const ground = await lab(openGate({ vms }));
    const asking = new AbortController();
    const gate = await interrupted(ground, () => asking.abort(new Error("the gate closes")));
    await expect(gate.ask(tag(), asking.signal)).rejects.toThrow("the gate closes");
    await expect(gate.ask(tag(), asking.signal)).rejects.toThrow("the gate closes");
    await gate.close();
    expect(ground.stored(image.manifest)).toBeNull();
    expect(ground.left()).toEqual([]);
  });
});

describe.runIf(process.getuid?.() === 0)("a full disk (tmpfs, needs root)", () => {
  test("a blob that does not fit: incomplete, because of the disk here", async (context) => {
    const folder = tmpfs(64, "");
    if (folder === null) return context.skip("a tmpfs cannot be mounted here");
    const large = makeImage({ layers: [400_000] });
    await pushExactly(registry, repository, "large", large);
    const { gate, stored, left } = await lab(openGate({ vms, folder }));
    const [layer] = large.layers as [Blob];
    const { evidence, shelved } = await gate.ask(about(registry, repository, below(large, [layer])), NEVER);
    expect(evidence.outcome).toBe("incomplete");
    expect(evidence.observations.find(({ worker }) => worker === "here")?.error).toMatchObject({ code: "E_DISK" });
    expect([shelved, stored(layer), left()]).toEqual([null, null, []]);
    await gate.close();
  });

  test("no room for a quarantine: the question cannot be asked", async (context) => {
    const folder = tmpfs(1000, ",nr_inodes=8");
    if (folder === null) return context.skip("a tmpfs cannot be mounted here");
    const { gate, left } = await lab(openGate({ vms, folder }));
    await expect(gate.ask(tag(), NEVER)).rejects.toMatchObject({ code: "E_DISK" });
    expect(left()).toEqual([]);
    await gate.close();
  });
});

describe("credentials of this user", () => {
  const login = { user: "me", password: "hunter2" };

  test("are not used unless that was asked for", async () => {
    const [shop, relay] = [await lab(startRegistry({ htpasswd: login })), await lab(startRelay())];
    await pushExactly(shop, "private", "v1", image);
    const home = await makeFolder("docker");
    await mkdir(home.path, { recursive: true });
    const auth = Buffer.from(`${login.user}:${login.password}`).toString("base64");
    await writeFile(join(home.path, "config.json"), JSON.stringify({ auths: { [shop.host]: { auth } } }));
    const common = { vms, liar: relay, env: { DOCKER_CONFIG: home.path }, forwardCredentials: true };
    const question = about(shop, "private", { kind: "tag", tag: "v1" });
    const sent = (): number => relay.requests.filter(({ headers }) => headers["authorization"] !== undefined).length;
    const without = await lab(openGate(common));
    const refused = await without.gate.ask(question, NEVER);
    expect([refused.evidence.outcome, refused.shelved, sent()]).toEqual(["incomplete", null, 0]);
    const having = await lab(openGate({ ...common, withCredentials: true }));
    expect((await having.gate.ask(question, NEVER)).evidence.outcome).toBe("agreed");
    expect(sent()).toBe(3);
    expect(existsSync(home.path)).toBe(true);
    await home.remove();
  });

  test("a client certificate is one of them", async () => {
    const shop = await lab(startRegistry({ tls: true, clientCertificates: true }));
    await pushExactly(shop, "private", "v1", image);
    const question = about(shop, "private", { kind: "tag", tag: "v1" });
    const without = await lab(openGate({ vms, registries: [shop] }));
    const having = await lab(openGate({ vms, registries: [shop], withCredentials: true }));
    const [refused, shown] = [await without.gate.ask(question, NEVER), await having.gate.ask(question, NEVER)];
    const here = ({ evidence }: typeof refused) => evidence.observations.find(({ via }) => via === "local");
    expect(here(refused)).toMatchObject({ outcome: "failed", digest: null });
    expect(here(shown)).toMatchObject({ outcome: "saw", error: null });
  });
});

test("without a worker that keeps what it fetches there is no gate", async () => {
  const ground = await lab(openGate({ vms }));
  const workers = ground.runtime.config.workers.filter(({ via }) => via !== "local");
  const runtime = { ...ground.runtime, config: { ...ground.runtime.config, workers } };
  const place = { folder: ground.folder, shelf: ground.shelf, withCredentials: false };
  await expect(createGateVantages(runtime, place, NEVER)).rejects.toMatchObject({ code: "E_USAGE" });
});
