import { beforeAll, describe, expect, test } from "vitest";
import { answerOf } from "../../lab/answer.ts";
import { writeConfig } from "../../lab/config.ts";
import { startGate, type LabGate } from "../../lab/gate.ts";
import { makeFolder } from "../../lab/processes.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { startSshd } from "../../lab/sshd.ts";
import { useLab } from "../../lab/uselab.ts";
import { discoveryCases, otherCases, pullCases, rangeCases, type Case } from "./cases.ts";
import { makeContent, pushContent } from "./content.ts";
import { factsOf, type Facts } from "./facts.ts";

const lab = useLab();
const content = makeContent();
let registry: Registry;
let gate: LabGate;

beforeAll(async () => {
  const folder = await makeFolder("conformance");
  const [started, ...vms] = await Promise.all([lab(startRegistry()), lab(startSshd()), lab(startSshd())]);
  registry = started;
  await pushContent(registry, content);
  const config = await writeConfig(folder.path, {
    workers: vms.map((vm, at) => ({ name: `vm${at + 1}`, vm })),
    others: { serve: { upstreams: [registry.host], minFreeBytes: 0, answerWithin: 60 } },
  });
  gate = await lab(startGate({ config, upstream: registry.host }));
});

async function seen(url: string, { path, ...question }: Case): Promise<Facts> {
  return factsOf(await answerOf(url, `/v2/${path}`, question));
}

/** docker-registry 2.8 lists tags in no order; the specification wants one. */
function sorted(facts: Facts): Facts {
  return { ...facts, tags: facts.tags?.split(" ").sort().join(" ") ?? null };
}

/** What `one` has otherwise than `other`. */
function apart(one: Facts, other: Facts): Partial<Facts> {
  return Object.fromEntries(Object.entries(one).filter(([key, value]) => other[key as keyof Facts] !== value));
}

describe.each([
  ["01, pull", pullCases(content)],
  ["ranges", rangeCases(content)],
  ["03, discovery", discoveryCases(content)],
  ["and besides", otherCases(content)],
])("%s", (_, cases) => {
  test.each(cases)("$name", async (one) => {
    // in this order: what is pushed must not be there before
    const gated = await seen(gate.url, one);
    expect(gated).toMatchObject(one.wants);
    const warm = await seen(gate.url, one);
    expect(warm, "asked again").toEqual(gated);
    const oracle = sorted(await seen(registry.url, one));
    const { registry: otherwise = {}, because } = one.differs ?? {};
    const difference = apart(oracle, gated);
    // with another status all the rest is another; with the same one, nothing but what is listed
    if ("status" in difference) expect(difference, because).toMatchObject({ status: 0, ...otherwise });
    else expect(difference, because).toEqual(otherwise);
  });
});
