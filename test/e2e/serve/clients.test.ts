import { describe, expect, test } from "vitest";
import { runCommand, type Outcome } from "../../lab/cli.ts";
import { makeImage, makeIndex, type Blob, type Image } from "../../lab/image.ts";
import type { Scripted } from "../../lab/liar-answer.ts";
import { documentAnswer, stock } from "../../lab/liar-shelf.ts";
import { until } from "../../lab/processes.ts";
import { useLab } from "../../lab/uselab.ts";
import { CLIENTS, startClients, type Client } from "./gateclients.ts";
import { startGateStage, type RunningGate } from "./gatestage.ts";

/** On a busy machine; nothing here waits for a time. */
const PATIENT = { timeout: 180_000 };

const lab = useLab();
const stage = await startGateStage(lab);
const { upstream } = stage;
/** A tag is asked for again every time. */
const gate = await stage.startGate({ upstream: "registry.lab", settings: { tagTtl: 0, answerWithin: 60 } });
const hasty = await stage.startGate({ upstream: "slow.lab", settings: { answerWithin: 1 } });
const pull = await startClients(lab, stage.home, [
  ["registry.lab", gate],
  ["slow.lab", hasty],
]);

/** What there is of a name: to the engines an image, to brew an index with a bottle. */
interface Artifact {
  readonly name: string;
  readonly image: Image;
  readonly layer: Blob;
  readonly bottle: Blob;
}

const repositoriesOf = (name: string): readonly string[] => [`lab/${name}`, `homebrew/core/${name}`];
const manifestsOf = (name: string): readonly string[] => repositoriesOf(name).map((each) => `/v2/${each}/manifests/1`);
const blobsOf = ({ name, layer, bottle }: Artifact): readonly (readonly [place: string, blob: Blob])[] =>
  [layer, bottle].map((blob, index) => [`/v2/${repositoriesOf(name)[index] ?? ""}/blobs/${blob.digest}`, blob]);

/** Puts it where all vantages see it. */
function publish(name: string): Artifact {
  const [image, bottled] = [makeImage({ layers: [4096, 1024] }), makeImage({ layers: [2048] })];
  const [engines = "", brew = ""] = repositoriesOf(name);
  stock(upstream, engines, "1", { root: image.manifest, images: [image] });
  stock(upstream, brew, "1", { root: makeIndex([{ manifest: bottled.manifest }]), images: [bottled] });
  return { name, image, layer: image.layers[0] ?? image.config, bottle: bottled.layers[0] ?? bottled.config };
}

/** As somebody pulled it before: its documents, or with its blobs. */
async function pulledBefore(
  artifact: Artifact,
  { general }: RunningGate,
  registry: string,
  what: "HEAD" | "all",
): Promise<void> {
  const { name, bottle } = artifact;
  const paths = [`${registry}/lab/${name}/manifests/1`, `ghcr.io/homebrew/core/${name}/manifests/1`];
  const all = what === "HEAD" ? paths : [...paths, `ghcr.io/homebrew/core/${name}/blobs/${bottle.digest}`];
  const method = what === "HEAD" ? ["--head"] : [];
  for (const path of all)
    await until(
      `${path} is served`,
      async () => {
        const { code } = await runCommand([
          "curl",
          ...method,
          "-sf",
          "-o",
          "/dev/null",
          `http://${general}/v2/${path}`,
        ]);
        return code === 0 || undefined;
      },
      60,
    );
}

const RESET: Scripted = { cutAt: -1, then: "rst" };
const wholeAnswer = ({ bytes }: Blob): Scripted => ({
  headers: { "Content-Type": "application/octet-stream" },
  body: bytes,
});

/** By state, how it comes about. */
const STATES = {
  agreed: () => publish("agreed"),
  "disagreed-root": () => {
    const other = documentAnswer(makeImage({ layers: [99] }).manifest);
    for (const place of manifestsOf("disagreed-root")) upstream.lie("sgp", place, other);
    return publish("disagreed-root");
  },
  "disagreed-blob": () => {
    const artifact = publish("disagreed-blob");
    for (const [place, blob] of blobsOf(artifact))
      upstream.lie("sgp", place, { ...wholeAnswer(blob), body: Buffer.alloc(blob.size, 7) });
    return artifact;
  },
  incomplete: () => {
    for (const place of manifestsOf("incomplete")) upstream.lie("sgp", place, RESET);
    return publish("incomplete");
  },
  absent: () => ({ ...publish("elsewhere"), name: "absent" }),
  moved: async () => {
    await pulledBefore(publish("moved"), gate, "registry.lab", "all");
    return publish("moved");
  },
  stale: async () => {
    const artifact = publish("stale");
    await pulledBefore(artifact, gate, "registry.lab", "all");
    for (const place of manifestsOf("stale")) upstream.lie("sgp", place, RESET);
    return artifact;
  },
  slow: async () => {
    const artifact = publish("slow");
    await pulledBefore(artifact, hasty, "slow.lab", "HEAD");
    // longer than the gate lets a client wait for headers
    for (const [place, blob] of blobsOf(artifact)) upstream.lie("sgp", place, { ...wholeAnswer(blob), delayMs: 3500 });
    return artifact;
  },
} as const satisfies Readonly<Record<string, () => Artifact | Promise<Artifact>>>;

type Shown = "served" | "denied" | "unavailable" | "unknown";

const everyEngine = <T>(value: T): Record<Exclude<Client, "brew">, T> => ({
  podman: value,
  buildah: value,
  skopeo: value,
  docker: value,
  ctr: value,
});

/** What each client's user reads of each answer: the sentence, wherever the client shows any of it; brew's shows none. */
const READS: Readonly<Record<Exclude<Shown, "served">, Readonly<Record<Client, RegExp>>>> = {
  denied: { ...everyEngine(/denied: .*\bsgp\b/), ctr: /403 tofu3 disagreed: .*\bsgp\b/, brew: /returned error: 403/ },
  unavailable: { ...everyEngine(/503 tofu3 incomplete: .*\bsgp\b/), brew: /returned error: 503/ },
  unknown: { ...everyEngine(/manifest unknown/), ctr: /not found/, brew: /returned error: 404/ },
};

const TABLE: readonly (readonly [state: keyof typeof STATES, shown: Shown])[] = [
  ["agreed", "served"],
  ["disagreed-root", "denied"],
  ["disagreed-blob", "denied"],
  ["incomplete", "unavailable"],
  ["absent", "unknown"],
  ["moved", "served"],
  ["stale", "served"],
  ["slow", "served"],
];

function expectShown({ code, stdout, stderr }: Outcome, client: Client, shown: Shown, { image }: Artifact): void {
  const said = `${stdout}${stderr}`;
  if (shown === "served") {
    expect({ code, said }).toMatchObject({ code: 0 });
    // brew compares by itself
    const { digest } = client === "docker" || client === "ctr" ? image.manifest : image.config;
    if (client !== "brew") expect(said).toContain(digest.slice("sha256:".length));
    return;
  }
  expect(said).toMatch(READS[shown][client]);
  expect(code).not.toBe(0);
}

describe.each(TABLE)("%s is %s", async (state, shown) => {
  const artifact = await STATES[state]();
  const { name, bottle } = artifact;
  test.concurrent.each(CLIENTS)("%s", PATIENT, async (client) => {
    const [at, retries] = state === "slow" ? [hasty, 3] : [gate, 0];
    const pulled = await pull(client, at, { name, bottle: bottle.digest, retries });
    expectShown(pulled, client, shown, artifact);
    expect(stage.around()).toEqual([]);
  });
});

test("a vantage that dies midway is an absence, whoever asks", PATIENT, async () => {
  const artifact = publish("dying");
  const places = blobsOf(artifact);
  for (const [place, blob] of places) upstream.lie("sgp", place, { ...wholeAnswer(blob), cutAt: 100, then: "stall" });
  const wanted = { name: "dying", bottle: artifact.bottle.digest, retries: 0 };
  const pulls = CLIENTS.map(async (client) => ({ client, pulled: await pull(client, gate, wanted) }));
  for (const [place] of places)
    await until(
      "sgp is in the middle of it",
      () =>
        upstream.requests.some((each) => each.vantage === "sgp" && each.target === place && each.sent > 0) || undefined,
      60,
    );
  await stage.sgp.kill9();
  for (const { client, pulled } of await Promise.all(pulls)) {
    expectShown(pulled, client, "unavailable", artifact);
  }
  expect(stage.around()).toEqual([]);
});
