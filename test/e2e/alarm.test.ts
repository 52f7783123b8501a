import { createServer, type AddressInfo } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import type { LabWorker } from "../lab/config.ts";
import { makeImage, makeIndex } from "../lab/image.ts";
import { documentAnswer, stock } from "../lab/liar-shelf.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { until } from "../lab/processes.ts";
import { startTcpProxy } from "../lab/tcpproxy.ts";
import { useLab } from "../lab/uselab.ts";
import { openShelf } from "./shelf.ts";
import { startStage, startVm, type Stage, type Verified, type Vm } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
});

/** Nobody who waits for one of these ends in time for a test. */
const PATIENT = { retries: 1, connectSeconds: 300, idleSeconds: 3600, totalSeconds: 7200 };
/** Far from any of them, and far from the few seconds that an alarm takes, on a busy machine as well. */
const SOON_MS = 60_000;

/** The stage with another machine behind `sgp`. */
function withSgp(vm: LabWorker["vm"]): { workers: readonly LabWorker[] } {
  return {
    workers: [
      { name: "fra", vm: stage.fra, proxy: liar.proxyOf("fra") },
      { name: "sgp", vm, proxy: liar.proxyOf("sgp") },
    ],
  };
}

describe("a VM whose session ends badly", () => {
  let vm: Vm;
  beforeAll(async () => {
    vm = await lab(startVm({ forcedCommand: 'sh -c "$SSH_ORIGINAL_COMMAND"; exit 1' }));
  });

  test("after it has told of another root: that stands", async () => {
    const shelf = openShelf(liar);
    const other = shelf.replace("sgp");
    const seen = await stage.verify(shelf.reference, { liar, config: withSgp(vm) });
    expect(seen.code, seen.stderr).toBe(10);
    const sgp = seen.evidence.observations.find((each) => each.worker === "sgp");
    expect(sgp).toMatchObject({ outcome: "failed", digest: other.digest });
  });

  test("after it has told of false bytes: that stands", async () => {
    const shelf = openShelf(liar);
    shelf.answer("sgp", "blob", { body: Buffer.from(shelf.layer.bytes).fill("x", 50, 60) });
    const seen = await stage.verify(shelf.reference, { liar, config: withSgp(vm) });
    expect(seen.code, seen.stderr).toBe(10);
    expect(seen.evidence.differences[0]?.at).toBe(shelf.labels.blob);
  });

  test.each(["fin", "rst"] as const)(
    "with a line that is cut (%s) after it has told of another root: that stands",
    async (how) => {
      const line = await lab(startTcpProxy({ host: stage.sgp.host, port: stage.sgp.port }));
      const shelf = openShelf(liar);
      const image = makeImage({ layers: [20_000] });
      const other = makeIndex([{ manifest: image.manifest }]);
      stock(liar, shelf.repository, "v1", { root: other, images: [image] }, "sgp");
      // while it waits for the blob, its root has come over the line
      const path = `/v2/${shelf.repository}/blobs/${image.layers[0]?.digest ?? ""}`;
      liar.lie("sgp", path, { body: image.layers[0]?.bytes ?? "", drip: { bytes: 1, everyMs: 1000 } });
      const isIt = (each: Liar["requests"][number]): boolean => each.target === path;
      const config = withSgp({ ...stage.sgp, host: line.host, port: line.port });
      for (const who of ["here", "fra"] as const)
        shelf.answer(who, "root", { ...documentAnswer(shelf.root), delayMs: 3000 });
      const begun = (): true | undefined => (liar.requests.some(isIt) ? true : undefined);
      const [seen] = await Promise.all([
        stage.verify(shelf.reference, { liar, config }),
        until("a blob is asked for", begun, 30).then(() => line.cut(how)),
      ]);
      expect(seen.code, seen.stderr).toBe(10);
      const sgp = seen.evidence.observations.find((each) => each.worker === "sgp");
      expect(sgp).toMatchObject({ digest: other.digest });
      expect(sgp?.error).not.toBeNull();
    },
  );

  test("after it has told what the others saw: that does not count", async () => {
    const shelf = openShelf(liar);
    const seen = await stage.verify(shelf.reference, { liar, config: withSgp(vm), flags: ["-o", "oci:out"] });
    expect(seen.code, seen.stderr).toBe(12);
    expect(seen.evidence.quorum).toBe("2/3");
    expect(await seen.left()).toEqual([]);
  });
});

describe("an alarm does not wait for the third VM", () => {
  /** It is known, and it is told within seconds. */
  function expectSoon(seen: Verified): void {
    expect(seen.code, seen.stderr).toBe(10);
    expect(seen.ms).toBeLessThan(SOON_MS);
    const sgp = seen.evidence.observations.find((each) => each.worker === "sgp");
    expect(sgp?.error?.code).toMatch(/^E_STOPPED$/);
  }

  const drip = { bytes: 1, everyMs: 1000 };

  test.each(["root", "manifest", "blob"] as const)("which gets one byte of its %s a second", async (place) => {
    const shelf = openShelf(liar);
    shelf.replace("fra");
    const body = { root: shelf.root, manifest: shelf.image.manifest, blob: shelf.layer }[place];
    shelf.answer("sgp", place, { ...documentAnswer(body), drip });
    expectSoon(await stage.verify(shelf.reference, { liar, limits: PATIENT }));
  });

  test("which gets one byte a second, when another one is served false bytes", async () => {
    const shelf = openShelf(liar);
    shelf.answer("fra", "blob", { body: Buffer.from(shelf.layer.bytes).fill("x", 50, 60) });
    shelf.answer("sgp", "blob", { body: shelf.layer.bytes, drip });
    expectSoon(await stage.verify(shelf.reference, { liar, limits: PATIENT }));
  });

  test("which lets us connect and says nothing", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const shelf = openShelf(liar);
    shelf.replace("fra");
    const seen = await stage.verify(shelf.reference, {
      liar,
      limits: PATIENT,
      config: withSgp({ ...stage.sgp, port }),
    });
    silent.close();
    expectSoon(seen);
  });

  test("whose line goes dark", async () => {
    const line = await lab(startTcpProxy({ host: stage.sgp.host, port: stage.sgp.port }));
    const shelf = openShelf(liar);
    shelf.replace("fra");
    shelf.answer("fra", "root", { ...documentAnswer(openShelf(liar).root), delayMs: 3000 });
    shelf.answer("sgp", "blob", { body: shelf.layer.bytes, drip });
    const asked = (): true | undefined =>
      liar.requests.some((each) => each.vantage === "sgp" && each.target === shelf.path("root")) ? true : undefined;
    const config = withSgp({ ...stage.sgp, host: line.host, port: line.port });
    const [seen] = await Promise.all([
      stage.verify(shelf.reference, { liar, limits: PATIENT, config }),
      until("the root is asked for", asked, 30).then(() => line.blackhole()),
    ]);
    expectSoon(seen);
  });

  test("whose shell does not end", async () => {
    const vm = await lab(startVm({ forcedCommand: 'sh -c "$SSH_ORIGINAL_COMMAND"; sleep 300' }));
    const shelf = openShelf(liar);
    shelf.replace("fra");
    const seen = await stage.verify(shelf.reference, { liar, limits: PATIENT, config: withSgp(vm) });
    expect(seen.code, seen.stderr).toBe(10);
    expect(seen.ms).toBeLessThan(SOON_MS);
  });
});
