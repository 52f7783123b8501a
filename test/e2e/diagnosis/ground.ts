import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect } from "vitest";
import type { Diagnosis } from "../../../src/model/diagnosis.ts";
import type { Evidence } from "../../../src/model/evidence.ts";
import type { Entry } from "../../../src/model/record.ts";
import type { Outcome } from "../../../src/model/verdict.ts";
import { run, type Outcome as Ended } from "../../lab/cli.ts";
import type { Image } from "../../lab/image.ts";
import type { Scripted } from "../../lab/liar-answer.ts";
import { relay } from "../../lab/liar-relay.ts";
import { startLiar, type Answer, type Liar } from "../../lab/liar.ts";
import { pushExactly } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { until } from "../../lab/processes.ts";
import { useLab } from "../../lab/uselab.ts";
import { breaches } from "../contract.ts";
import { SHORT, startStage, type Ask, type Stage } from "../stage.ts";

export const VANTAGES = ["fra", "here", "sgp"] as const;
export type Vantage = (typeof VANTAGES)[number];

export interface Ground {
  readonly stage: Stage;
  readonly registry: Registry;
  /** Sits between every worker and the registry: it hands on what nothing else was said about. */
  readonly liar: Liar;
  /** A repository, and a state folder, of its own. */
  readonly open: () => Promise<Scene>;
  /** Stops what a test starts, after the last one. */
  readonly lab: ReturnType<typeof useLab>;
}

export interface Seen extends Ended {
  readonly evidence: Evidence;
  readonly cwd: string;
  /** Names in `cwd` afterwards. */
  readonly left: readonly string[];
}

export interface Look extends Ask {
  /** In place of `REPOSITORY:1.4`. */
  readonly reference?: string;
  /** Put behind the reference. */
  readonly pin?: string;
  readonly cwd?: string;
  /** In place of the scene's. */
  readonly state?: string;
  /** Of the configuration, in place of none. */
  readonly policy?: Readonly<Record<string, unknown>>;
}

export interface Scene {
  readonly repository: string;
  readonly reference: string;
  /** `$XDG_STATE_HOME` */
  readonly state: string;
  readonly push: (image: Image, tag?: string | null) => Promise<void>;
  readonly path: (tagOrDigest: string, what?: "manifests" | "blobs") => string;
  /** What somebody is told there in place of what the registry says. */
  readonly lie: (who: Vantage | "all", path: string, ...answers: readonly Answer[]) => void;
  /** Every place of an image, for one vantage: so that it is there for nobody else. */
  readonly plant: (who: Vantage, image: Image, tag?: string) => void;
  /** Nobody is given more than the root before somebody looks at the tag again: so every run tells the same. */
  readonly hold: () => void;
  /** `tofu3 verify` with a DEST; checks what holds for every outcome. */
  readonly look: (how?: Look) => Promise<Seen>;
  readonly entries: (state?: string) => Promise<readonly Entry[]>;
  readonly history: (...args: readonly string[]) => Promise<Ended>;
}

export const documentAnswer = ({ mediaType, bytes }: Image["manifest"]): Scripted => ({
  headers: { "Content-Type": mediaType },
  body: bytes,
});

/** Long enough for a busy machine: only a test that waits for one of them asks for less. */
const LIMITS = { ...SHORT, idleSeconds: 20, totalSeconds: 60 };
/** A job looks at the tag once from everywhere; then it is asked again. */
const LOOKS = VANTAGES.length;

let scenes = 0;

/** A real registry, two real sshds and the program, with a liar in the way that tells the three apart. */
export function useGround(): () => Ground {
  const lab = useLab();
  let ground: Ground | null = null;
  beforeAll(async () => {
    const [stage, registry, liar] = await Promise.all([
      lab(startStage()),
      lab(startRegistry()),
      lab(startLiar({ vantages: VANTAGES, otherwise: relay })),
    ]);
    ground = { stage, registry, liar, lab, open: () => openScene({ stage, registry, liar }) };
  });
  return () => {
    if (ground === null) throw new Error("the ground is not there before the first test");
    return ground;
  };
}

async function openScene({ stage, registry, liar }: Omit<Ground, "open" | "lab">): Promise<Scene> {
  scenes += 1;
  const repository = `acme/tool${scenes}`;
  const state = await stage.room();
  const env = { HOME: stage.home, XDG_STATE_HOME: state };
  const tagPath = `/v2/${repository}/manifests/1.4`;
  const reference = `${registry.host}/${repository}:1.4`;
  const config = await stage.configure({ liar });
  let held = false;

  const path: Scene["path"] = (name, what = "manifests") => `/v2/${repository}/${what}/${name}`;
  const lie: Scene["lie"] = (who, place, ...answers) => {
    if (who === "all") liar.answer(place, ...answers);
    else liar.lie(who, place, ...answers);
  };
  const looks = (): number => liar.requests.filter(({ target }) => target === tagPath).length;
  const below =
    (answer: Answer): Answer =>
    async (request) => {
      if (held) await until("the tag is looked at again", () => looks() > LOOKS || undefined);
      return typeof answer === "function" ? answer(request) : answer;
    };
  const entries = async (folder = state): Promise<readonly Entry[]> =>
    (await readFile(join(folder, "tofu3/ledger.jsonl"), "utf8").catch(() => ""))
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Entry);

  return {
    repository,
    reference,
    state,
    path,
    lie,
    entries,
    hold: () => void (held = true),
    async push(image, tag = "1.4") {
      await pushExactly(registry, repository, tag, image);
      for (const { digest } of [image.config, ...image.layers]) liar.answer(path(digest, "blobs"), below(relay));
      if (tag === null) liar.answer(path(image.manifest.digest), below(relay));
    },
    plant(who, image, tag = "1.4") {
      lie(who, path(tag), documentAnswer(image.manifest));
      lie(who, path(image.manifest.digest), documentAnswer(image.manifest));
      for (const each of [image.config, ...image.layers])
        lie(who, path(each.digest, "blobs"), below({ body: each.bytes }));
    },
    async look({ reference: asked = reference, pin = "", cwd, state: own = state, policy, ...ask } = {}) {
      const file = join(await stage.room(), "seen.json");
      const { flags = [] } = ask;
      const before = (await entries(own)).length;
      const others = policy === undefined ? {} : { policy: { distinct: [], ...policy } };
      const how = {
        liar,
        limits: LIMITS,
        ...ask,
        plain: ask.plain ?? true,
        config: { local: { proxy: liar.proxyOf("here") }, others, ...ask.config },
        env: { XDG_STATE_HOME: own, ...ask.env },
        flags: ["-o", "oci:out", "--report", file, ...flags],
      };
      const seen = await stage.verify(asked + pin, how, cwd);
      const { code, signal, stdout, stderr, ms } = seen;
      const text = await readFile(file, "utf8").catch(() => {
        throw new Error(`exit ${String(code)} without a report: ${stderr}`);
      });
      const evidence = JSON.parse(text) as Evidence;
      expect(breaches(text)).toEqual([]);
      expect(stdout + stderr).not.toMatch(/[\u001b\u202e\u0007]/);
      if (policy?.["ledger"] === undefined) expectEntered(evidence, (await entries(own)).slice(before));
      if (evidence.outcome !== "agreed") expect(evidence).toMatchObject({ artifact: null, released: null });
      return { code, signal, stdout, stderr, ms, cwd: seen.cwd, evidence, left: await seen.left() };
    },
    history: (...args) => run(["history", ...args, "--config", config], { env }),
  };
}

/** One line more, that says what the report says, whatever the outcome. */
function expectEntered({ entered, outcome }: Evidence, added: readonly Entry[]): void {
  if (entered === null) return;
  const lines = added.map((each) => ({ entry: each.entry, outcome: each.outcome }));
  expect(lines).toContainEqual({ entry: entered.entry, outcome });
}

/** What one scenario is about. */
export interface Told {
  readonly code: number;
  readonly outcome: Outcome;
  readonly class: Diagnosis["class"];
  readonly confidence: Diagnosis["confidence"];
  /** Who stands apart, and is named. */
  readonly names?: readonly string[];
}

/** Checks outcome and diagnosis, and that nothing was released and all of it was entered. */
export function expectTold(seen: Seen, told: Told): void {
  const { diagnosis, outcome, summary, entered } = seen.evidence;
  expect(seen.code, seen.stderr + seen.stdout).toBe(told.code);
  expect({ outcome, class: diagnosis?.class, confidence: diagnosis?.confidence }, seen.stdout).toEqual({
    outcome: told.outcome,
    class: told.class,
    confidence: told.confidence,
  });
  expect(seen.left.filter((name) => name !== "evidence")).toEqual([]);
  expect(summary).toMatch(/; nothing was released$/);
  expect(entered).not.toBeNull();
  for (const name of told.names ?? []) expect(diagnosis?.explanation).toContain(name);
  const others = VANTAGES.filter((each) => !(told.names ?? VANTAGES).includes(each));
  for (const name of others) expect(diagnosis?.explanation).not.toMatch(new RegExp(`\\b${name}\\b`));
  expect(seen.stdout).toContain(`diagnosis: ${told.class} (${told.confidence}): `);
}
