import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { WorkerReport } from "../../src/coordinator/check.ts";
import { makeAuthority } from "../lab/authority.ts";
import { run } from "../lab/cli.ts";
import type { LabConfig } from "../lab/config.ts";
import { startLiar, type Answer, type Liar, type LiarRequest } from "../lab/liar.ts";
import { mmdbOf } from "../lab/mmdb.ts";
import { namespacesWork, startPlaces, type Place } from "../lab/namespaces.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches, resultIn } from "./contract.ts";
import { openShelf, type Shelf } from "./shelf.ts";
import { leftOn, startStage, startVm, type Stage, type Verified, type Vm } from "./stage.ts";

/** Where the workers leave for the world, with machines that have addresses of their own. Needs root. */
describe.skipIf(!namespacesWork())("where the workers leave for the world", () => {
  const lab = useLab();
  let stage: Stage;
  let places: readonly Place[];
  let registry: Liar;
  let echo: Liar;
  /** Each at an address of its own; `twin` is beside sgp. */
  let vms: { readonly fra: Vm; readonly sgp: Vm; readonly twin: Vm };

  const placeAt = (index: number): Place => {
    const place = places[index];
    if (place === undefined) throw new Error(`there is no place ${index}`);
    return place;
  };

  beforeAll(async () => {
    const given = await lab(startPlaces(3));
    ({ places } = given);
    const sources = Object.fromEntries(["here", "fra", "sgp"].map((name, at) => [placeAt(at).address, name]));
    [registry, echo] = await Promise.all([
      lab(startLiar({ address: given.here, sources })),
      lab(startLiar({ address: given.here, sources })),
    ]);
    const at = (index: number): Promise<Vm> => {
      const { address, prefix } = placeAt(index);
      return lab(startVm({ address, prefix }));
    };
    const [fra, sgp, twin] = await Promise.all([at(1), at(2), at(2)]);
    vms = { fra, sgp, twin };
    stage = await lab(startStage());
  });

  const LIMITS = { retries: 0, connectSeconds: 10, idleSeconds: 4, totalSeconds: 40 };
  const honest: Answer = ({ source }) => ({ body: `${source}\n` });
  const two = (first: Vm, second: Vm): LabConfig["workers"] => [
    { name: "fra", vm: first },
    { name: "sgp", vm: second },
  ];
  const plain = (...liars: readonly Liar[]): object =>
    Object.fromEntries(liars.map(({ host }) => [host, { plainHttp: true }]));

  interface Wanted {
    readonly workers?: LabConfig["workers"];
    readonly policy?: object;
    readonly others?: object;
    readonly flags?: readonly string[];
    readonly plain?: boolean;
  }

  const configOf = ({ workers, policy, others }: Wanted): Partial<LabConfig> => ({
    workers: workers ?? two(vms.fra, vms.sgp),
    others: {
      registries: plain(registry, echo),
      policy: { distinct: ["network"], echo: [`${echo.url}/ip`], ...policy },
      ...others,
    },
  });

  async function verify(shelf: Shelf, wanted: Wanted = {}): Promise<Verified> {
    const { flags = [] } = wanted;
    const seen = await stage.verify(shelf.reference, {
      limits: LIMITS,
      prefix: placeAt(0).prefix,
      flags: ["-o", "oci:out", ...flags],
      config: configOf(wanted),
      ...(wanted.plain === true ? { plain: true } : {}),
    });
    // shells that were being opened when the verdict fell end with the connection, a moment later
    await expect.poll(() => Object.values(vms).flatMap(leftOn), { timeout: 10_000 }).toEqual([]);
    return seen;
  }

  async function check(wanted: Wanted = {}): Promise<{ code: number | null; stdout: string }> {
    const file = await stage.configure({ limits: LIMITS, config: configOf(wanted) });
    return run(["workers", "check", "--config", file, ...(wanted.flags ?? [])], {
      cwd: await stage.room(),
      env: { HOME: stage.home },
      prefix: placeAt(0).prefix,
    });
  }

  test("three exits: 0, released, and each exit is in the report", async () => {
    echo.answer("/ip", honest);
    const asked = echo.requests.length;
    const seen = await verify(openShelf(registry));
    expect(seen.code, seen.stdout + seen.stderr).toBe(0);
    expect(breaches(seen.stdout)).toEqual([]);
    expect(await seen.left()).toEqual(["out"]);
    expect(seen.evidence.policy).toMatchObject({ distinct: ["network"], met: true });
    expect(seen.evidence.observations.map(({ evidence: { exit } }) => exit)).toEqual(
      [1, 0, 2].map((at) => {
        return { addresses: [placeAt(at).address], sources: [echo.host], country: null, asn: null, doubt: null };
      }),
    );
    const sources = echo.requests.slice(asked).map(({ source }) => source);
    expect(sources.sort()).toEqual([0, 0, 1, 1, 2, 2].map((at) => placeAt(at).address));
  });

  test("the echo service is not asked unless the policy wants to know", async () => {
    echo.answer("/ip", honest);
    const asked = echo.requests.length;
    const seen = await verify(openShelf(registry), { policy: { distinct: [] } });
    expect([seen.code, seen.evidence.observations.map(({ evidence }) => evidence.exit)]).toEqual([
      0,
      [null, null, null],
    ]);
    expect(echo.requests.length).toBe(asked);
  });

  test("two VMs behind one exit: 13, and nothing is released", async () => {
    echo.answer("/ip", honest);
    const behind = { workers: two(vms.twin, vms.sgp) };
    const seen = await verify(openShelf(registry), behind);
    expect(seen.code, seen.stdout + seen.stderr).toBe(13);
    expect(await seen.left()).toEqual([]);
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.summary).toContain("fra and sgp leave for the internet by one and the same address");
    const drawn = await verify(openShelf(registry), { ...behind, plain: true });
    expect(drawn.stdout).toMatch(new RegExp(`^fra .* left by ${placeAt(2).address.replaceAll(".", "\\.")}$`, "m"));
    const asked = await check(behind);
    expect(asked.code, asked.stdout).toBe(13);
    expect(asked.stdout).toMatch(/^fra and sgp leave for the internet by one and the same address: give each/m);
  });

  test("a copied machine-id: 13, however far the exits are apart", async () => {
    echo.answer("/ip", honest);
    const seen = await verify(openShelf(registry), { policy: { distinct: ["machine", "network"] } });
    expect(seen.code, seen.stdout + seen.stderr).toBe(13);
    expect(seen.evidence.reason).toMatchObject({ indistinct: [{ why: "machine", workers: ["fra", "here", "sgp"] }] });
  });

  test("https, by an authority of the configuration", async () => {
    const folder = await stage.room();
    const authority = await makeAuthority(folder);
    const address = registry.host.split(":")[0] ?? "";
    const certificate = await authority.issue("echo", [address]);
    const secure = await lab(startLiar({ address, certificate }));
    secure.answer("/json", ({ source }) => ({
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ip: source }),
    }));
    const others = { registries: { ...plain(registry), [secure.host]: { caFile: authority.caFile } } };
    const policy = { echo: [`${secure.url}/json`] };
    const seen = await verify(openShelf(registry), { policy, others });
    expect(seen.code, seen.stdout + seen.stderr).toBe(0);
    const distrusted = await verify(openShelf(registry), { policy, others: { registries: plain(registry) } });
    expect(distrusted.code, distrusted.stderr).toBe(13);
  });

  /** All of it from another address of the same network, whatever it is asked from. */
  const shifted = ({ source }: LiarRequest, by: number): string =>
    source.replace(/\d+$/, (last) => String(Number(last) + by));
  let turn = 0;
  /** What a body may say: test/worker/fetch/exit.test.ts. */
  const lies: readonly { readonly lie: string; readonly answer: Answer; readonly says: RegExp }[] = [
    { lie: "the same for all", answer: { body: "203.0.113.9" }, says: /by one and the same address/ },
    {
      lie: "the same private address for all",
      answer: { body: '{"ip":"10.0.0.1"}' },
      says: /by one and the same address/,
    },
    {
      lie: "a page",
      answer: (r) => ({ headers: { "content-type": "text/html" }, body: `<html>${r.source}</html>` }),
      says: /nobody knows/,
    },
    { lie: "5 MB", answer: (r) => ({ body: r.source + " ".repeat(5e6) }), says: /nobody knows/ },
    { lie: "another one every time", answer: (r) => ({ body: shifted(r, ++turn) }), says: /nobody knows/ },
    { lie: "an answer that never comes", answer: { cutAt: -1, then: "stall" }, says: /nobody knows/ },
    { lie: "half an answer", answer: (r) => ({ body: r.source, length: 40, then: "stall" }), says: /nobody knows/ },
    { lie: "an answer without end", answer: { body: "1", endless: true, length: "none" }, says: /nobody knows/ },
    {
      lie: "a byte a second",
      answer: (r) => ({ body: r.source, drip: { bytes: 1, everyMs: 1000 } }),
      says: /nobody knows/,
    },
    {
      lie: "a redirect with an address",
      answer: (r) => ({ status: 302, headers: { location: "/else" }, body: r.source }),
      says: /nobody knows/,
    },
    { lie: "a reset", answer: { cutAt: -1, then: "rst" }, says: /nobody knows/ },
  ];

  const SLOW: ReadonlySet<string> = new Set([
    "the same for all",
    "an answer that never comes",
    "an answer without end",
  ]);

  test.each(lies)("an echo service that answers with $lie: 13", { timeout: 120_000 }, async ({ answer, says }) => {
    echo.answer("/ip", answer);
    const start = performance.now();
    const seen = await verify(openShelf(registry));
    expect(seen.code, seen.stdout + seen.stderr).toBe(13);
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(await seen.left()).toEqual([]);
    expect(seen.evidence.summary).toMatch(says);
    expect(seen.evidence.observations.map(({ outcome, error }) => [outcome, error])).toEqual([
      ["saw", null],
      ["saw", null],
      ["saw", null],
    ]);
  });

  test.each(lies.filter(({ lie }) => SLOW.has(lie)))(
    "an echo service that answers with $lie hides no disagreement: 10",
    { timeout: 120_000 },
    async ({ answer }) => {
      echo.answer("/ip", answer);
      const split = openShelf(registry);
      split.replace("fra");
      const alarm = await verify(split);
      expect(alarm.code, alarm.stdout + alarm.stderr).toBe(10);
      expect(await alarm.left()).toEqual([]);
    },
  );

  test("what a registry says of the caller: it is enough, and a service that contradicts it is not believed", async () => {
    const shelf = openShelf(registry);
    const { root } = shelf;
    const told: Answer = ({ source }) => ({
      headers: { "content-type": root.mediaType, "docker-ratelimit-source": source },
      body: root.bytes,
    });
    shelf.answer("all", "root", told);
    const alone = await verify(shelf, { policy: { echo: [] } });
    expect(alone.code, alone.stdout + alone.stderr).toBe(0);
    expect(alone.evidence.observations.map(({ evidence: { exit } }) => exit?.sources)).toEqual(
      [1, 2, 3].map(() => [registry.host]),
    );
    echo.answer("/ip", (request) => ({ body: shifted(request, 100) }));
    const contradicted = await verify(shelf);
    expect(contradicted.code, contradicted.stderr).toBe(13);
    expect(contradicted.evidence.observations[0]?.evidence.exit?.doubt).toContain("the sources contradict each other");
  });

  test("countries and networks by tables: 0 where they differ, 13 where not, 2 for a table that cannot be read", async () => {
    echo.answer("/ip", honest);
    const folder = await stage.room();
    const [country, asn] = [join(folder, "country.mmdb"), join(folder, "asn.mmdb")];
    const row = (at: number, value: (at: number) => Parameters<typeof mmdbOf>[0][string]) =>
      [`${placeAt(at).address}/32`, value(at)] as const;
    const code = (at: number) => ({ country: { iso_code: ["DE", "SG", "US"][at] ?? "" } });
    await writeFile(country, mmdbOf(Object.fromEntries([0, 1, 2].map((at) => row(at, code)))));
    const provider = (at: number) => ({ autonomous_system_number: at === 0 ? 64500 : 64501 });
    await writeFile(asn, mmdbOf(Object.fromEntries([0, 1, 2].map((at) => row(at, provider)))));
    const geo = { country, asn };
    const apart = await verify(openShelf(registry), { policy: { distinct: ["country"], geo } });
    expect(apart.code, apart.stdout + apart.stderr).toBe(0);
    expect(apart.evidence.observations.map(({ evidence: { exit } }) => [exit?.country, exit?.asn])).toEqual([
      ["SG", "AS64501"],
      ["DE", "AS64500"],
      ["US", "AS64501"],
    ]);
    const near = await verify(openShelf(registry), { policy: { distinct: ["asn", "country"], geo } });
    expect(near.code, near.stderr).toBe(13);
    expect(near.evidence.summary).toContain("fra and sgp are both in AS64501");

    const checked = await check({ policy: { geo }, flags: ["--json"] });
    const { workers, policy } = JSON.parse(checked.stdout) as { workers: WorkerReport[]; policy: object };
    expect(workers.map(({ exit }) => [exit?.addresses, exit?.country])).toEqual(
      [0, 1, 2].map((at) => [[placeAt(at).address], ["DE", "SG", "US"][at]]),
    );
    expect(policy).toMatchObject({
      distinct: ["network"],
      met: true,
      meets: ["network", "country"],
      next: {
        distinct: "machine",
        needs: expect.stringContaining("fra, here and sgp have one machine identity") as unknown,
      },
    });

    const asked = registry.requests.length;
    await writeFile(country, "<html>");
    const broken = await verify(openShelf(registry), { policy: { distinct: ["country"], geo } });
    expect({ code: broken.code, stdout: resultIn(broken.stdout) }).toEqual({ code: 2, stdout: "" });
    expect(broken.stderr).toMatch(
      /tofu3\.yaml:\d+:\d+: policy\.geo\.country: ".*" is not an \.mmdb file, or is damaged/,
    );
    expect(registry.requests.length).toBe(asked);
  });

  test("--redact: no address of an exit is in any report", async () => {
    echo.answer("/ip", honest);
    const reports = ["r.md", "r.json", "r.html"];
    const flags = ["--redact", ...reports.flatMap((name) => ["--report", name])];
    const seen = await verify(openShelf(registry), { flags });
    expect(seen.code, seen.stdout + seen.stderr).toBe(0);
    expect(breaches(seen.stdout)).toEqual([]);
    const drawn = await verify(openShelf(registry), { flags: ["--redact"], plain: true });
    const texts = [
      seen.stdout,
      drawn.stdout,
      ...(await Promise.all(reports.map((name) => readFile(join(seen.cwd, name), "utf8")))),
    ];
    for (const text of texts) for (const { address } of places) expect(text).not.toContain(address);
    expect(seen.evidence.observations.map(({ evidence: { exit } }) => exit?.addresses[0])).toEqual(
      [1, 2, 3].map(() => expect.stringMatching(/^hash:[0-9a-f]{16}$/) as unknown),
    );
  });
});
